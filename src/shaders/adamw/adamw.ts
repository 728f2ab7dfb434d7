/** Adam with decoupled weight decay. The formula stands in the head of step.naive.wgsl. */
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { type Factors, factored, perParameter } from '../perParameter.js';
import { scalarAndVec4 } from '../vec4.js';
import stepText from './step.naive.wgsl';

export const STEP = scalarAndVec4('adamw.step', stepText);

/** Bytes: reads of w, gradient, m, v; writes of w, m, v. */
const COST = { flops: 14, bytes: 28 };

/**
 * One update of `w`, `m` and `v` in place, all of one size, dense.
 * @param hyper hyper[1,1,1,5+n] = [adamRate(...), beta1, beta2, epsilon, decay, 1 or 0 for each of n blocks]
 * @param block parameters per block, a multiple of 4
 * @param factors on rate and decay, factors[1,1,1,n], one per block
 */
export function adamwStep(
  plan: PlanBuilder,
  label: string,
  tensors: { w: Tensor; gradient: Tensor; m: Tensor; v: Tensor; hyper: Tensor },
  { block, factors }: { block: number; factors?: Factors['factors'] },
): void {
  const given = factored(tensors.gradient, factors && { factors, block });
  const all = { ...tensors, factors: given.factors };
  perParameter(plan, label, STEP, all, tensors.w, COST, (unit) => ({
    BLOCK: block / unit,
    ...given.constants(unit),
  }));
}
