/** How what is done to all parameters alike is recorded: one thread per parameter, or per four of them. */
import type { Scalars, Variants } from '../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../engine/plan/tensor.js';
import { unitOf, type Width } from './vec4.js';

const WORKGROUP = 64;

/** A number per block of neighbours: 0 leaves those parameters and all beside them as they are. */
export interface Factors {
  /** factors[1,1,1,n], one per block. */
  readonly factors: Tensor;
  /** Parameters per block, a multiple of 4. */
  readonly block: number;
}

/** The factor of each parameter, for references: left out, all are 1. */
export const ONE = (_parameter: number): number => 1;

/**
 * For kernels with a constant FACTORS.
 * @param standIn a tensor of theirs that, without factors, is bound in their place and never read
 */
export function factored(standIn: Tensor, given?: Factors) {
  return {
    factors: given?.factors ?? standIn,
    constants: (unit: 1 | 4): Scalars => (given ? { FACTORS: 1, BLOCK: given.block / unit } : {}),
  };
}

/**
 * Records an update of `of` and whatever lies beside it. The kernels take `first` and `count` in units of their `Real`;
 * naive does the last few where the number of parameters is no multiple of four.
 * @param op the variants of one operation, of one text
 * @param tensors by the kernels' names, dense
 * @param of the one of them that has a number per parameter
 * @param cost per parameter
 * @param constants of a kernel whose `Real` is `unit` floats, in place of its defaults
 */
export function perParameter(
  plan: PlanBuilder,
  label: string,
  op: Variants<Width>,
  tensors: Readonly<Record<string, Tensor>>,
  of: Tensor,
  cost: { flops: number; bytes: number },
  constants?: (unit: 1 | 4) => Scalars,
): void {
  requireDense(label, tensors);
  const size = elements(of.shape);
  const variant = plan.pick(op, size >= 4 ? ['vec4', 'naive'] : ['naive']);
  const whole = variant === 'vec4' ? Math.floor(size / 4) * 4 : 0;
  const add = (width: Width, first: number, parameters: number) => {
    if (parameters === 0) return;
    const unit = unitOf(width);
    plan.add({
      kernel: op[width],
      label,
      constants: constants?.(unit),
      params: { first: first / unit, count: parameters / unit },
      tensors,
      workgroups: linear(parameters / unit, WORKGROUP),
      shape: `${size}`,
      flops: parameters * cost.flops,
      bytes: parameters * cost.bytes,
    });
  };
  add('vec4', 0, whole);
  add('naive', whole, size - whole);
}
