/** Adam, Keras 2's form. The formula stands in the head of step.naive.wgsl. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import naive from './step.naive.wgsl';
import vec4 from './step.vec4.wgsl';

export const STEP = kernels('adam.step', { naive, vec4 });

const WORKGROUP = 64;
const FLOPS_A_PARAMETER = 12;
/** Reads of w, gradient, m, v; writes of w, m, v. */
const BYTES_A_PARAMETER = 28;

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
 */
export function adamStep(
  plan: PlanBuilder,
  label: string,
  tensors: { w: Tensor; gradient: Tensor; m: Tensor; v: Tensor; hyper: Tensor },
): void {
  requireDense(label, tensors);
  const size = elements(tensors.w.shape);
  const shape = `${size}`;
  const variant = plan.pick(STEP, size >= 4 ? ['vec4', 'naive'] : ['naive']);
  const whole = variant === 'vec4' ? Math.floor(size / 4) * 4 : 0;
  if (whole > 0) {
    plan.add({
      kernel: STEP.vec4,
      label,
      params: { count: whole / 4 },
      tensors,
      workgroups: linear(whole / 4, WORKGROUP),
      shape,
      flops: whole * FLOPS_A_PARAMETER,
      bytes: whole * BYTES_A_PARAMETER,
    });
  }
  const rest = size - whole;
  if (rest > 0) {
    plan.add({
      kernel: STEP.naive,
      label,
      params: { first: whole, count: rest },
      tensors,
      workgroups: linear(rest, WORKGROUP),
      shape,
      flops: rest * FLOPS_A_PARAMETER,
      bytes: rest * BYTES_A_PARAMETER,
    });
  }
}
