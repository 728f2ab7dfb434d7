/**
 * Keras' `standardize` of float pixels, as they are behind an augmentation; of bytes it is preprocess.ts. Formulas
 * stand in the heads of the kernels (keras-preprocessing 1.1.0 `standardize`).
 */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { places } from '../vec4.js';
import applyNaive from './apply.naive.wgsl';
import momentsNaive from './moments.naive.wgsl';
import squaresNaive from './squares.naive.wgsl';
import sumsNaive from './sums.naive.wgsl';

export const SUMS = kernels('standardise.sums', { naive: sumsNaive });
export const SQUARES = kernels('standardise.squares', { naive: squaresNaive });
export const MOMENTS = kernels('standardise.moments', { naive: momentsNaive });
export const APPLY = kernels('standardise.apply', { naive: applyNaive });

const WORKGROUP = 64;
const SLICES_PER_IMAGE = 64;
const LEAST_SLICE = 256;

/**
 * moments = mean and 1/(population std + epsilon) of each image, over all pixels and channels.
 * @param x x[b,h,w,c], dense
 * @param moments moments[b,1,1,6] = mean x3, 1/(std + epsilon) x3; dense, overwritten
 */
export function momentsOf(
  plan: PlanBuilder,
  label: string,
  { x, moments }: { x: Tensor; moments: Tensor },
  { epsilon }: { epsilon: number },
): void {
  requireDense(label, { x, moments });
  const batch = x.shape[0];
  const size = elements(x.shape);
  const each = size / batch;
  const slice = Math.max(LEAST_SLICE, Math.ceil(each / SLICES_PER_IMAGE));
  const slices = Math.ceil(each / slice);
  const sums = plan.tensor(`${label} sums`, [batch, 1, 1, slices]);
  const parts = plan.tensor(`${label} parts`, [batch, 1, slices, 2]);
  const shape = `[${x.shape.join(',')}]`;
  const params = { batch, each, slice, slices };
  plan.add({
    kernel: SUMS[plan.pick(SUMS, ['naive'])],
    label,
    params,
    tensors: { x, sums },
    workgroups: linear(batch * slices, WORKGROUP),
    shape,
    flops: 2 * size,
    bytes: 4 * size,
  });
  plan.add({
    kernel: SQUARES[plan.pick(SQUARES, ['naive'])],
    label,
    params,
    tensors: { x, sums, parts },
    workgroups: linear(batch * slices, WORKGROUP),
    shape,
    flops: 4 * size,
    bytes: 4 * size,
  });
  plan.add({
    kernel: MOMENTS[plan.pick(MOMENTS, ['naive'])],
    label,
    params: { batch, each, slices, epsilon },
    tensors: { x, sums, parts, moments },
    workgroups: linear(batch, WORKGROUP),
    shape,
    flops: 3 * batch * slices,
    bytes: 4 * batch * (3 * slices + 6),
  });
}

/**
 * y = (x - mean) * 1/(std + epsilon); gray pixels are repeated where y has three channels.
 * @param x x[b,h,w,channels], dense
 * @param moments moments[b,1,1,6] = mean[3] then 1/(std + epsilon)[3]: from `momentsOf`, or written by the host
 * @param y y[b,h,w,c], overwritten; c = channels or, of gray pixels, 3
 */
export function standardise(
  plan: PlanBuilder,
  label: string,
  { x, moments, y }: { x: Tensor; moments: Tensor; y: Tensor },
): void {
  requireDense(label, { x, moments });
  const [batch, h, w, out] = y.shape;
  const size = elements(y.shape);
  plan.add({
    kernel: APPLY[plan.pick(APPLY, ['naive'])],
    label,
    constants: { CHANNELS: x.shape[3], OUT: out },
    params: { batch, positions: h * w, ...places(1, { y }) },
    tensors: { x, moments, y },
    workgroups: linear(size, WORKGROUP),
    shape: `[${x.shape.join(',')}] -> ${out}`,
    flops: 2 * size,
    bytes: 4 * (elements(x.shape) + size),
  });
}
