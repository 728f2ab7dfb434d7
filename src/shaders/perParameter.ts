/** How the updates of all optimizers are recorded: one thread per parameter, or per four of them. */
import type { Kernel, Scalars, Variants } from '../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../engine/plan/tensor.js';

const WORKGROUP = 64;

/**
 * Records an update of `w` and whatever lies beside it. Both kernels take `count` as a parameter, vec4 in fours; naive
 * takes also `first`, since it does the last few where the number of parameters is no multiple of four.
 * @param op the variants of one operation
 * @param tensors by the kernels' names, dense, `w` among them
 * @param cost per parameter
 * @param constants of the kernels, in place of their defaults
 */
export function perParameter(
  plan: PlanBuilder,
  label: string,
  op: Variants<'naive' | 'vec4'>,
  tensors: Readonly<Record<string, Tensor>> & { w: Tensor },
  cost: { flops: number; bytes: number },
  constants?: Scalars,
): void {
  requireDense(label, tensors);
  const size = elements(tensors.w.shape);
  const variant = plan.pick(op, size >= 4 ? ['vec4', 'naive'] : ['naive']);
  const whole = variant === 'vec4' ? Math.floor(size / 4) * 4 : 0;
  const add = (kernel: Kernel, params: Record<string, number>, parameters: number) => {
    if (parameters === 0) return;
    plan.add({
      kernel,
      label,
      constants,
      params,
      tensors,
      workgroups: linear(params.count, WORKGROUP),
      shape: `${size}`,
      flops: parameters * cost.flops,
      bytes: parameters * cost.bytes,
    });
  };
  add(op.vec4, { count: whole / 4 }, whole);
  add(op.naive, { first: whole, count: size - whole }, size - whole);
}
