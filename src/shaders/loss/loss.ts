/**
 * Sigmoid, softmax and the notebook's weighted cross-entropy with its exact gradient. The formulas stand in the heads
 * of the naive kernels; semantics of Keras 2.3.1 (epsilon inside the logarithms, no clipping, no logits form).
 */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import sigmoidNaive from './sigmoid.naive.wgsl';
import sigmoidVec4 from './sigmoid.vec4.wgsl';
import softmaxNaive from './softmax.naive.wgsl';
import softmaxVec4 from './softmax.vec4.wgsl';
import sumNaive from './sum.naive.wgsl';
import sumVec4 from './sum.vec4.wgsl';
import weightedNaive from './weighted.naive.wgsl';
import weightedVec4 from './weighted.vec4.wgsl';

export const SIGMOID = kernels('loss.sigmoid', { naive: sigmoidNaive, vec4: sigmoidVec4 });
export const SOFTMAX = kernels('loss.softmax', { naive: softmaxNaive, vec4: softmaxVec4 });
export const WEIGHTED = kernels('loss.weighted', { naive: weightedNaive, vec4: weightedVec4 });
export const SUM = kernels('loss.sum', { naive: sumNaive, vec4: sumVec4 });

const WORKGROUP = 64;
const TRANSCENDENTAL_FLOPS = 10;

/**
 * p = sigmoid(z)
 * @param z z[b,1,1,n], dense
 * @param p p[b,1,1,n], dense
 */
export function sigmoid(plan: PlanBuilder, label: string, { z, p }: { z: Tensor; p: Tensor }): void {
  requireDense(label, { z, p });
  const variant = plan.pick('loss.sigmoid', ['vec4', 'naive']);
  const count = elements(z.shape);
  plan.add({
    kernel: SIGMOID[variant],
    label,
    params: { count },
    tensors: { z, p },
    workgroups: linear(variant === 'vec4' ? Math.ceil(count / 4) : count, WORKGROUP),
    shape: `[${z.shape.join(',')}]`,
    flops: count * TRANSCENDENTAL_FLOPS,
    bytes: 8 * count,
  });
}

/**
 * p = softmax(z) over the classes of each image
 * @param z z[b,1,1,n], dense
 * @param p p[b,1,1,n], dense
 */
export function softmax(plan: PlanBuilder, label: string, { z, p }: { z: Tensor; p: Tensor }): void {
  requireDense(label, { z, p });
  const variant = plan.pick('loss.softmax', ['vec4', 'naive']);
  const [batch, , , classes] = z.shape;
  const count = batch * classes;
  plan.add({
    kernel: SOFTMAX[variant],
    label,
    params: { batch, classes },
    tensors: { z, p },
    workgroups: linear(variant === 'vec4' ? batch : count, WORKGROUP),
    shape: `[${z.shape.join(',')}]`,
    flops: count * 2 * TRANSCENDENTAL_FLOPS,
    bytes: 8 * count,
  });
}

/**
 * loss = sum over classes of the mean over the batch of the weighted cross-entropy; dz its gradient.
 * All tensors dense.
 * @param z logits z[b,1,1,n]
 * @param labels labels[b,1,1,n], 0 or 1
 * @param weights weights[1,1,1,2n]: for positive labels, then for negative ones
 * @param p p[b,1,1,n], sigmoid(z), overwritten
 * @param loss loss[1,1,1,1], overwritten
 * @param dz dz[b,1,1,n], gradient of the loss with respect to z, overwritten
 */
export function weightedLoss(
  plan: PlanBuilder,
  label: string,
  tensors: { z: Tensor; labels: Tensor; weights: Tensor; p: Tensor; loss: Tensor; dz: Tensor },
  { epsilon = 1e-7 }: { epsilon?: number } = {},
): void {
  requireDense(label, tensors);
  const { z, labels, weights, p, loss, dz } = tensors;
  const [batch, , , classes] = z.shape;
  const count = batch * classes;
  const terms = plan.tensor(`${label} terms`, [batch, 1, 2, classes]);
  const variant = plan.pick('loss.weighted', ['vec4', 'naive']);
  plan.add({
    kernel: WEIGHTED[variant],
    label,
    params: { batch, classes, epsilon },
    tensors: { z, labels, weights, p, terms, dz },
    workgroups: linear(variant === 'vec4' ? Math.ceil(count / 4) : count, WORKGROUP),
    shape: `[${z.shape.join(',')}]`,
    flops: count * 3 * TRANSCENDENTAL_FLOPS,
    bytes: 4 * (6 * count + 2 * classes),
  });
  plan.add({
    kernel: SUM[plan.pick('loss.sum', ['vec4', 'naive'])],
    label,
    params: { batch, classes },
    tensors: { terms, loss },
    workgroups: [1, 1, 1],
    shape: `[${z.shape.join(',')}]`,
    flops: 2 * count,
    bytes: 4 * (2 * count + 1),
  });
}
