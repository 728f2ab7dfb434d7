/** Stochastic gradient descent with momentum, Keras' form. The formula stands in the head of step.naive.wgsl. */
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { type Factors, factored, perParameter } from '../perParameter.js';
import { scalarAndVec4 } from '../vec4.js';
import stepText from './step.naive.wgsl';

export const STEP = scalarAndVec4('sgd.step', stepText);

/** Bytes: reads of w, gradient, velocity; writes of w, velocity. */
const COST = { flops: 6, bytes: 20 };

/**
 * One update of `w` and `velocity` in place, all of one size, dense.
 * @param hyper hyper[1,1,1,4] = [learning rate, momentum, 1 with Nesterov's momentum, else 0, 0]
 * @param given on the learning rate, block by block
 */
export function sgdStep(
  plan: PlanBuilder,
  label: string,
  tensors: { w: Tensor; gradient: Tensor; velocity: Tensor; hyper: Tensor },
  given?: Factors,
): void {
  const { factors, constants } = factored(tensors.gradient, given);
  perParameter(plan, label, STEP, { ...tensors, factors }, tensors.w, COST, constants);
}
