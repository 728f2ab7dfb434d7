/** Sigmoid and softmax. What all losses have in common is in elementLoss.ts; a loss has a folder of its own. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import sigmoidNaive from './sigmoid.naive.wgsl';
import softmaxNaive from './softmax.naive.wgsl';
import softmaxVec4 from './softmax.vec4.wgsl';

export const SIGMOID = kernels('loss.sigmoid', { naive: sigmoidNaive });
export const SOFTMAX = kernels('loss.softmax', { naive: softmaxNaive, vec4: softmaxVec4 });

const WORKGROUP = 64;
export const TRANSCENDENTAL_FLOPS = 10;

/**
 * p = sigmoid(z)
 * @param z z[b,1,1,n], dense
 * @param p p[b,1,1,n], dense
 */
export function sigmoid(plan: PlanBuilder, label: string, { z, p }: { z: Tensor; p: Tensor }): void {
  requireDense(label, { z, p });
  const count = elements(z.shape);
  plan.add({
    kernel: SIGMOID[plan.pick(SIGMOID, ['naive'])],
    label,
    params: { count },
    tensors: { z, p },
    workgroups: linear(count, WORKGROUP),
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
  const variant = plan.pick(SOFTMAX, ['vec4', 'naive']);
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
