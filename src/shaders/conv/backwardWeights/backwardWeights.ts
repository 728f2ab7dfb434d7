/** Convolution, gradient with respect to the weights. The formula stands in backwardWeights.naive.wgsl. */

import type { Choice } from '../../../engine/plan/choice.js';
import { kernels } from '../../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../../engine/plan/plan.js';
import { elements, isVec4, partOf, pixels, type Tensor } from '../../../engine/plan/tensor.js';
import { reduceSlices } from '../../reduce/reduce.js';
import { PIXELS_PER_SLICE, workgroupSize } from '../../tiling.js';
import { type ConvShape, describeShape, gemmClass } from '../shape.js';
import { sharingLanes, subgroupWorkgroup, tilesFor } from '../tiles.js';
import {
  LEAST_PIXELS_PER_SLICE,
  withWorkgroup,
  workgroupChoices,
  workgroupThreads,
} from '../workgroupTiles.js';
import backwardWeightsNaive from './backwardWeights.naive.wgsl';
import backwardWeightsSubgroup from './backwardWeights.subgroup.wgsl';
import backwardWeightsSubgroupScalar from './backwardWeights.subgroupScalar.wgsl';
import backwardWeightsTiled from './backwardWeights.tiled.wgsl';
import backwardWeightsTiledScalar from './backwardWeights.tiledScalar.wgsl';
import backwardWeightsWorkgroup from './backwardWeights.workgroup.wgsl';

export const BACKWARD_WEIGHTS = kernels('conv.backwardWeights', {
  naive: backwardWeightsNaive,
  tiledScalar: backwardWeightsTiledScalar,
  tiled: backwardWeightsTiled,
  subgroupScalar: backwardWeightsSubgroupScalar,
  subgroup: backwardWeightsSubgroup,
  workgroup: backwardWeightsWorkgroup,
});
type Variant = keyof typeof BACKWARD_WEIGHTS;

/** Threads that keep an adapter busy. */
const ENOUGH_THREADS = { software: 32, hardware: 65536 } as const;
/** Rows of the result a thread of the scalar kernels works on. */
const SCALAR_ROWS = 7;

interface Tensors {
  /** x[b,h,w,ci], what `convForward` read, with the same prologue. */
  x: Tensor;
  /** dy[b,oh,ow,co], may be a channel slice. */
  dy: Tensor;
  /** [scale | shift][ci] */
  affine?: Tensor;
  /** dw[ky,kx,ci,co], dense; overwritten. */
  dw: Tensor;
}

function choices(plan: PlanBuilder, { x, dy, dw }: Tensors): Choice<Variant>[] {
  const list: Choice<Variant>[] = [];
  const [kernel, , ci, co] = dw.shape;
  if (isVec4(dy)) {
    const tiles = tilesFor(plan.gpu, 'backwardWeights', kernel ** 2 * ci, co / 4);
    if (isVec4(x)) {
      for (const { rows, columns4 } of tiles) {
        if (rows >= 4 && ci % rows === 0) {
          list.push({ variant: 'subgroup', tile: { ROWS: rows, OUT4: columns4 } });
        }
      }
      list.push({ variant: 'tiled', tile: {} });
    } else {
      for (const { rows, columns4 } of tiles) {
        if (rows === 8) list.push({ variant: 'subgroupScalar', tile: { ROWS: SCALAR_ROWS, OUT4: columns4 } });
      }
    }
    list.push({ variant: 'tiledScalar', tile: {} });
  }
  const sums = Math.ceil(pixels(dy) / LEAST_PIXELS_PER_SLICE);
  const throughMemory = isVec4(x) && isVec4(dy) ? workgroupChoices(plan.gpu, ci, co, kernel ** 2 * sums) : [];
  return [...withWorkgroup<Variant>(plan.gpu, list, throughMemory), { variant: 'naive', tile: {} }];
}

/** dw = gradient of the loss with respect to the weights. */
export function convBackwardWeights(
  plan: PlanBuilder,
  label: string,
  tensors: Tensors,
  shape: ConvShape,
): void {
  record(plan, label, tensors, shape, ONE_LAYER);
}

/**
 * The same for several layers of one shape, in one dispatch where their tensors lie evenly in the same buffers and the
 * variant can; else one after the other.
 */
export function convBackwardWeightsOfLayers(
  plan: PlanBuilder,
  label: string,
  layers: readonly Tensors[],
  shape: ConvShape,
): void {
  const even = evenLayers(layers);
  if (even && record(plan, label, { ...layers[0], ...even.views }, shape, even.steps)) return;
  for (const tensors of layers) record(plan, label, tensors, shape, ONE_LAYER);
}

interface Layers {
  count: number;
  /** Floats from one layer to the next. */
  x: number;
  dy: number;
  affine: number;
  dw: number;
  /** How much the step of dw grows from layer to layer. */
  growth: number;
}

const ONE_LAYER: Layers = { count: 1, x: 0, dy: 0, affine: 0, dw: 0, growth: 0 };

/** Steps from layer to layer, and views of what spans all of them; null where they are uneven. */
function evenLayers(
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

/** With several layers: records nothing and says false where the variant takes one at a time. */
function record(
  plan: PlanBuilder,
  label: string,
  tensors: Tensors,
  shape: ConvShape,
  layers: Layers,
): boolean {
  const { x, dy, affine, dw } = tensors;
  const [b, h, w, ci] = x.shape;
  const [, oh, ow, co] = dy.shape;
  const reduced = shape.kernel ** 2 * ci;
  const { variant, tile } = plan.choose<Variant>({
    key: gemmClass(shape, pixels(dy), reduced, co),
    variants: BACKWARD_WEIGHTS,
    choices: choices(plan, tensors),
    tensors: { x, dy, dw, ...(affine && { affine }) },
    record: (other, t) =>
      convBackwardWeights(other, label, { x: t.x, dy: t.dy, affine: t.affine, dw: t.dw }, shape),
  });
  if (layers.count > 1 && variant !== 'subgroup' && variant !== 'workgroup') return false;
  const size = elements(dw.shape);
  const constants: Record<string, number> = {
    KERNEL: shape.kernel,
    STRIDE: shape.stride,
    PAD: shape.pad,
    PROLOGUE: affine ? 1 : 0,
    ...tile,
  };
  const params: Record<string, number> = {
    batch: b,
    inHeight: h,
    inWidth: w,
    inChannels: ci,
    outHeight: oh,
    outWidth: ow,
    outChannels: co,
    xPixelStride: x.pixelStride,
    xOffset: x.channelOffset,
    dyPixelStride: dy.pixelStride,
    dyOffset: dy.channelOffset,
  };
  let workgroups = linear(size, 64);
  let slices = 1;
  if (variant === 'workgroup') {
    constants.WORKGROUP = workgroupThreads(tile);
    const tiles = [shape.kernel ** 2 * Math.ceil(ci / tile.TILE_M), Math.ceil(co / tile.TILE_N)];
    const wanted = Math.min(
      pixels(dy) / LEAST_PIXELS_PER_SLICE,
      ENOUGH_THREADS[plan.gpu.info.kind] / (constants.WORKGROUP * tiles[0] * tiles[1] * layers.count),
    );
    const most = Math.min(PIXELS_PER_SLICE, pixels(dy) / Math.max(1, wanted));
    params.pixelsPerSlice = Math.ceil(most / tile.TILE_K) * tile.TILE_K;
    slices = Math.ceil(pixels(dy) / params.pixelsPerSlice);
    workgroups = [tiles[0], tiles[1], slices * layers.count];
  } else if (variant !== 'naive') {
    const sharing = variant === 'subgroup' || variant === 'subgroupScalar';
    const rowsAThread = tile.ROWS ?? (variant === 'tiledScalar' ? SCALAR_ROWS : 4);
    const columnGroups = sharing ? co / 4 / tile.OUT4 : Math.ceil(co / (variant === 'tiledScalar' ? 8 : 16));
    constants.WORKGROUP = sharing ? subgroupWorkgroup(plan.gpu, false) : workgroupSize(plan);
    const threads = Math.ceil(reduced / rowsAThread);
    // A flushed sum may be as long as it likes.
    const wanted = Math.max(
      sharing ? 1 : pixels(dy) / PIXELS_PER_SLICE,
      ENOUGH_THREADS[plan.gpu.info.kind] / (threads * columnGroups * layers.count),
    );
    params.rowsPerSlice = Math.max(1, Math.floor((b * oh) / wanted));
    slices = Math.ceil((b * oh) / params.rowsPerSlice);
    if (sharing) {
      constants.LANES = sharingLanes(plan.gpu);
      constants.FLUSH = params.rowsPerSlice * ow > PIXELS_PER_SLICE ? 1 : 0;
    }
    workgroups = [Math.ceil(threads / constants.WORKGROUP), columnGroups, slices * layers.count];
  }
  if (variant === 'subgroup' || variant === 'workgroup') {
    const dense = slices > 1;
    Object.assign(params, {
      slices,
      sliceDw: layers.count * size,
      layerX: layers.x,
      layerDy: layers.dy,
      layerAffine: layers.affine,
      layerDw: dense ? size : layers.dw,
      layerGrowth: dense ? 0 : layers.growth,
    });
  }
  const all = layers.count * size;
  const target = slices > 1 ? plan.tensor(`${label} slices`, [slices, 1, 1, all]) : dw;
  plan.add({
    kernel: BACKWARD_WEIGHTS[variant],
    label,
    constants,
    params,
    tensors: { x, dy, affine: affine ?? x, dw: target },
    workgroups,
    shape: `${layers.count > 1 ? `${layers.count} times ` : ''}${describeShape(x, shape, co)}`,
    flops: 2 * layers.count * pixels(dy) * reduced * co,
    bytes: 4 * (layers.count * (elements(x.shape) + elements(dy.shape)) + slices * all),
  });
  if (slices > 1) {
    const places = layers.count > 1 ? { size, step: layers.dw, growth: layers.growth } : undefined;
    reduceSlices(plan, label, { x: target, y: dw }, places);
  }
  return true;
}
