/** What the host looks at between a pass and its update, and where it lies in the one buffer that is read back. */
import { denseTensor, partOf, type Tensor } from '../../engine/plan/tensor.js';
import { LARGEST_RUNS } from '../../shaders/reduce/reduce.js';
import type { ModelContext } from '../model/context.js';
import type { Clipping } from './clipping.js';

/** The loss lies first in the verdict; the next binding can begin this many floats behind it. */
const BEHIND_LOSS = 64;

/** Where what the host reads in one go lies, in floats. */
export function partsOf({ gpu }: ModelContext, { sums }: Clipping) {
  const runs = LARGEST_RUNS[gpu.info.kind];
  const behind = BEHIND_LOSS + 2 * runs;
  return {
    loss: { from: 0, size: 1 },
    gradients: { from: BEHIND_LOSS, size: runs },
    moving: { from: BEHIND_LOSS + runs, size: runs },
    // A binding has 16 bytes at least.
    squares: { from: behind, size: sums > 0 ? Math.max(4, sums) : 0 },
  };
}

/** The same as tensors that the plan writes: t[1,1,1,n]. */
export function verdictParts(context: ModelContext, clipping: Clipping, { storage }: Tensor) {
  const parts = partsOf(context, clipping);
  return (name: keyof typeof parts): Tensor => {
    const { from, size } = parts[name];
    return denseTensor(partOf(storage, 4 * from, 4 * size), [1, 1, 1, size]);
  };
}

/** The largest of magnitudes; NaN where one is NaN. */
export function most(magnitudes: Float32Array): number {
  return magnitudes.reduce((a, b) => Math.max(a, b), 0);
}
