/** The dispatches of a recorded pass, asked for what they made. */
import { GpuError } from '../../core/errors.js';
import type { Dispatch } from '../../engine/plan/plan.js';
import { pixels, type Tensor } from '../../engine/plan/tensor.js';

export class Trace {
  constructor(readonly dispatches: readonly Dispatch[]) {}

  /** Tensors of the last dispatch of an operation for a layer. */
  of(op: string, layer: string): Readonly<Record<string, Tensor>> | undefined {
    return this.dispatches.findLast(({ kernel, label }) => kernel.op === op && label === layer)?.tensors;
  }

  /** @throws GpuError where the pass has no such dispatch */
  need(op: string, layer: string): Readonly<Record<string, Tensor>> {
    const tensors = this.of(op, layer);
    if (!tensors) throw new GpuError(`The recorded pass has no ${op} for the layer ${layer}.`);
    return tensors;
  }

  /** The last dispatch that wrote to a tensor; where it only added up partial sums, the one that made those. */
  writerOf(tensor: Tensor): Dispatch | undefined {
    const writer = this.dispatches.findLast((dispatch) => writtenBy(dispatch, tensor));
    return writer?.kernel.op === 'reduce.slices' ? this.writerOf(writer.tensors.x) : writer;
  }
}

/** The tensor by which a dispatch writes into the memory of another; undefined where it does not. */
export function writtenBy({ kernel, tensors }: Dispatch, tensor: Tensor): Tensor | undefined {
  const written = kernel.bindings.find(({ name, type }) => type === 'storage' && meet(tensors[name], tensor));
  return written && tensors[written.name];
}

/** Whether two tensors have elements in common. */
function meet(a: Tensor, b: Tensor): boolean {
  const [one, other] = [place(a), place(b)];
  const same = one.whole === other.whole || (one.whole.buffer && one.whole.buffer === other.whole.buffer);
  if (!same || one.from >= other.to || other.from >= one.to) return false;
  if (a.pixelStride !== b.pixelStride) return true;
  // Slices of the same pixels, beside each other.
  const [p, q] = [one.from % a.pixelStride, other.from % a.pixelStride];
  return p < q + b.shape[3] && q < p + a.shape[3];
}

/** Its floats [from, to) in the whole storage. */
function place(t: Tensor) {
  const from = t.storage.byteOffset / 4 + t.channelOffset;
  const to = from + (pixels(t) - 1) * t.pixelStride + t.shape[3];
  return { whole: t.storage.whole ?? t.storage, from, to };
}
