/** Adam, Keras 2's form. The formula stands in the head of step.naive.wgsl. */
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { type Factors, factored, perParameter } from '../perParameter.js';
import { scalarAndVec4 } from '../vec4.js';
import stepText from './step.naive.wgsl';

export const STEP = scalarAndVec4('adam.step', stepText);

/** Bytes: reads of w, gradient, m, v; writes of w, m, v. */
const COST = { flops: 12, bytes: 28 };

/**
 * The step size with Adam's bias correction: lr * sqrt(1 - beta2^t) / (1 - beta1^t), in float64.
 * @param t number of this update, from 1
 */
export function adamRate(lr: number, beta1: number, beta2: number, t: number): number {
  return (lr * Math.sqrt(1 - beta2 ** t)) / (1 - beta1 ** t);
}

/**
 * One update of `w`, `m` and `v` in place, all of one size, dense.
 * @param hyper hyper[1,1,1,4] = [adamRate(...), beta1, beta2, epsilon]
 * @param given on the rate, block by block
 */
export function adamStep(
  plan: PlanBuilder,
  label: string,
  tensors: { w: Tensor; gradient: Tensor; m: Tensor; v: Tensor; hyper: Tensor },
  given?: Factors,
): void {
  const { factors, constants } = factored(tensors.gradient, given);
  perParameter(plan, label, STEP, { ...tensors, factors }, tensors.w, COST, constants);
}
