/** Several layers of one shape in one dispatch: where their tensors lie evenly in the same buffers. */
import { partOf, type Tensor } from '../../../engine/plan/tensor.js';

export interface Tensors {
  /** x[b,h,w,ci], what `convForward` read, with the same prologue. */
  x: Tensor;
  /** dy[b,oh,ow,co], may be a channel slice. */
  dy: Tensor;
  /** [scale | shift][ci] */
  affine?: Tensor;
  /** dw[ky,kx,ci,co], dense; overwritten. */
  dw: Tensor;
}

export interface Layers {
  count: number;
  /** Floats from one layer to the next. */
  x: number;
  dy: number;
  affine: number;
  dw: number;
  /** How much the step of dw grows from layer to layer. */
  growth: number;
}

export const ONE_LAYER: Layers = { count: 1, x: 0, dy: 0, affine: 0, dw: 0, growth: 0 };

/** Steps from layer to layer, and views of what spans all of them; null where they are uneven. */
export function evenLayers(
  layers: readonly Tensors[],
): { steps: Layers; views: Partial<Tensors> & { dw: Tensor } } | null {
  if (layers.length < 2) return null;
  const whole = (t: Tensor) => t.storage.whole ?? t.storage;
  const places = (of: (layer: Tensors) => Tensor) =>
    layers.map((layer) => of(layer).storage.byteOffset / 4 + of(layer).channelOffset);
  const together = (of: (layer: Tensors) => Tensor) =>
    layers.every((layer) => whole(of(layer)) === whole(of(layers[0])));
  const step = (at: number[]) => at[1] - at[0];
  const [x, dy, affine, dw] = [
    places((l) => l.x),
    places((l) => l.dy),
    places((l) => l.affine ?? l.x),
    places((l) => l.dw),
  ];
  const growth = dw.length > 2 ? dw[2] - 2 * dw[1] + dw[0] : 0;
  const steady = [x, dy, affine].every((at) => at.every((place, l) => place === at[0] + l * step(at)));
  const grows = dw.every((place, l) => place === dw[0] + l * step(dw) + ((l * (l - 1)) / 2) * growth);
  const shared = together((l) => l.x) && together((l) => l.dy) && together((l) => l.affine ?? l.x);
  const buffer = layers[0].dw.storage.buffer;
  if (!steady || !grows || !shared || !layers.every((l) => l.dw.storage.buffer === buffer)) return null;
  const count = layers.length;
  const [first, last] = [layers[0], layers[count - 1]];
  const span = (from: Tensor, to: Tensor) =>
    to.storage.byteOffset + to.storage.bytes - from.storage.byteOffset;
  const spanning = (from: Tensor, to: Tensor): Tensor => ({
    ...from,
    storage: from.storage.whole
      ? partOf(from.storage.whole, from.storage.byteOffset, span(from, to))
      : { ...from.storage, bytes: span(from, to) },
  });
  return {
    steps: { count, x: step(x), dy: step(dy), affine: step(affine), dw: step(dw), growth },
    views: {
      dw: spanning(first.dw, last.dw),
      ...(first.affine?.storage.whole && { affine: spanning(first.affine, last.affine!) }),
    },
  };
}
