/** Gradients cut to a largest magnitude or norm. Formulas stand in the heads of the naive kernels. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { perParameter } from '../perParameter.js';
import { scalarAndVec4, unitOf } from '../vec4.js';
import squaresNaive from './squares.naive.wgsl';
import squaresVec4 from './squares.vec4.wgsl';
import stepText from './step.naive.wgsl';

export const CLIP = scalarAndVec4('clip.step', stepText);
export const SQUARES = kernels('clip.squares', { naive: squaresNaive, vec4: squaresVec4 });

const WORKGROUP = 64;

/** Bytes: a read and a write. */
const COST = { flops: 3, bytes: 8 };

/**
 * gradient = factor * gradient, at most `limit` either way, dense.
 * @param bounds bounds[1,1,1,4] = [factor, limit, 0, 0]
 */
export function clipGradient(
  plan: PlanBuilder,
  label: string,
  tensors: { gradient: Tensor; bounds: Tensor },
): void {
  perParameter(plan, label, CLIP, tensors, tensors.gradient, COST);
}

/** Longest run of values that one thread adds up, a multiple of four. */
export const SQUARES_RUN = 4096;

/** Runs that `count` values have. */
export const squaresRuns = (count: number): number => Math.ceil(count / SQUARES_RUN);

/**
 * The sum of the squares of each run of neighbours in x.
 * @param x any dense tensor
 * @param sums sums[1,1,1,n], the first squaresRuns(elements of x) of them overwritten
 */
export function sumsOfSquares(
  plan: PlanBuilder,
  label: string,
  { x, sums }: { x: Tensor; sums: Tensor },
): void {
  requireDense(label, { x, sums });
  const count = elements(x.shape);
  const runs = squaresRuns(count);
  const variant = plan.pick(SQUARES, count % 4 === 0 ? ['vec4', 'naive'] : ['naive']);
  const unit = unitOf(variant);
  plan.add({
    kernel: SQUARES[variant],
    label,
    params: { count: count / unit, run: SQUARES_RUN / unit, runs },
    tensors: { x, sums },
    workgroups: linear(runs, WORKGROUP),
    shape: `${count}`,
    flops: 2 * count,
    bytes: 4 * (count + runs),
  });
}
