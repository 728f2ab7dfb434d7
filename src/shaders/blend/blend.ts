/** A weighted mean of two tensors. The formula stands in the head of step.naive.wgsl. */
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { type Factors, factored, perParameter } from '../perParameter.js';
import { scalarAndVec4 } from '../vec4.js';
import stepText from './step.naive.wgsl';

export const BLEND = scalarAndVec4('blend.step', stepText);

/** Bytes: reads of both, a write. */
const COST = { flops: 3, bytes: 12 };

/**
 * mean = share * mean + (1 - share) * other, both of one size, dense.
 * @param share share[1,1,1,4] = [from 0 to 1, 0, 0, 0]
 * @param given where they are 0 the mean stays
 */
export function blend(
  plan: PlanBuilder,
  label: string,
  tensors: { mean: Tensor; other: Tensor; share: Tensor },
  given?: Factors,
): void {
  const { factors, constants } = factored(tensors.other, given);
  perParameter(plan, label, BLEND, { ...tensors, factors }, tensors.mean, COST, constants);
}
