/** What all losses have in common. */
import { kernels, type Scalars, type Variants } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { TRANSCENDENTAL_FLOPS } from './loss.js';
import sumNaive from './sum.naive.wgsl';

export const SUM = kernels('loss.sum', { naive: sumNaive });

const WORKGROUP = 64;

/** What every loss reads and writes; all dense. */
export interface LossTensors {
  /** Logits z[b,1,1,n]. */
  z: Tensor;
  /** labels[b,1,1,n], 0 or 1, or NaN where it is unknown: then it adds nothing to loss and dz. */
  labels: Tensor;
  /** p[b,1,1,n], sigmoid(z), overwritten. */
  p: Tensor;
  /** loss[1,1,1,1], overwritten. */
  loss: Tensor;
  /** dz[b,1,1,n], gradient of the loss with respect to z, overwritten. */
  dz: Tensor;
}

/**
 * loss = sum over c of the means over b of -terms[b,0,c] and -terms[b,1,c]
 * @param terms terms[b,1,2,n], dense
 * @param loss loss[1,1,1,1], overwritten
 */
export function sumTerms(
  plan: PlanBuilder,
  label: string,
  { terms, loss }: { terms: Tensor; loss: Tensor },
): void {
  requireDense(label, { terms, loss });
  const [batch, , , classes] = terms.shape;
  const count = batch * classes;
  plan.add({
    kernel: SUM[plan.pick(SUM, ['naive'])],
    label,
    params: { batch, classes },
    tensors: { terms, loss },
    workgroups: [1, 1, 1],
    shape: `[${batch},1,1,${classes}]`,
    flops: 2 * count,
    bytes: 4 * (2 * count + 1),
  });
}

/**
 * A loss that is a sum over the elements: one pass of its kernel, which writes p, dz and terms[b, positive | negative,
 * c], then `loss.sum`.
 * @param variants the kernel, one thread per element
 * @param tensors also those that only this kernel binds
 * @param params also `batch` and `classes`, which every kernel has
 */
export function elementLoss(
  plan: PlanBuilder,
  label: string,
  variants: Variants<'naive'>,
  { loss, ...tensors }: LossTensors,
  params: Scalars,
): void {
  requireDense(label, { loss, ...tensors });
  const { z } = tensors;
  const [batch, , , classes] = z.shape;
  const count = batch * classes;
  const terms = plan.tensor(`${label} terms`, [batch, 1, 2, classes]);
  const read = Object.values(tensors).reduce((sum, tensor) => sum + elements(tensor.shape), 0);
  plan.add({
    kernel: variants[plan.pick(variants, ['naive'])],
    label,
    params: { batch, classes, ...params },
    tensors: { ...tensors, terms },
    workgroups: linear(count, WORKGROUP),
    shape: `[${z.shape.join(',')}]`,
    flops: count * 3 * TRANSCENDENTAL_FLOPS,
    bytes: 4 * (read + 2 * count),
  });
  sumTerms(plan, label, { terms, loss });
}
