/** Gradients cut to a largest magnitude or norm. Formulas stand in the heads of the naive kernels. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { perParameter } from '../perParameter.js';
import { scalarAndVec4, unitOf } from '../vec4.js';
import runSquaresText from './runSquares.naive.wgsl';
import scaleRunsText from './scaleRuns.naive.wgsl';
import squaresNaive from './squares.naive.wgsl';
import squaresVec4 from './squares.vec4.wgsl';
import stepText from './step.naive.wgsl';

export const CLIP = scalarAndVec4('clip.step', stepText);
export const SQUARES = kernels('clip.squares', { naive: squaresNaive, vec4: squaresVec4 });
export const RUN_SQUARES = kernels('clip.runSquares', { naive: runSquaresText });
export const SCALE_RUNS = kernels('clip.scaleRuns', { naive: scaleRunsText });

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

/**
 * The sum of the squares of each of these runs in x.
 * @param x any dense tensor
 * @param runs runs[1,1,1,2n], whole numbers: where each begins and where it ends, of at most SQUARES_RUN values
 * @param sums sums[1,1,1,m], the first n of them overwritten
 */
export function sumsOfRuns(
  plan: PlanBuilder,
  label: string,
  { x, runs, sums }: { x: Tensor; runs: Tensor; sums: Tensor },
): void {
  requireDense(label, { x, runs, sums });
  const [size, count] = [elements(x.shape), elements(runs.shape) / 2];
  plan.add({
    kernel: RUN_SQUARES[plan.pick(RUN_SQUARES, ['naive'])],
    label,
    params: { count },
    tensors: { x, runs, sums },
    workgroups: linear(count, WORKGROUP),
    shape: `${size}`,
    flops: 2 * size,
    bytes: 4 * (size + 3 * count),
  });
}

/**
 * Multiplies each of these runs by its factor.
 * @param runs runs[1,1,1,2n] as for `sumsOfRuns`, none of which overlap
 * @param factors factors[1,1,1,m], of which the first n are read
 */
export function scaleRuns(
  plan: PlanBuilder,
  label: string,
  { gradient, runs, factors }: { gradient: Tensor; runs: Tensor; factors: Tensor },
): void {
  requireDense(label, { gradient, runs, factors });
  const [size, count] = [elements(gradient.shape), elements(runs.shape) / 2];
  plan.add({
    kernel: SCALE_RUNS[plan.pick(SCALE_RUNS, ['naive'])],
    label,
    params: { count },
    tensors: { gradient, runs, factors },
    workgroups: linear(count, 1),
    shape: `${size}`,
    flops: size,
    bytes: 4 * (2 * size + 3 * count),
  });
}
