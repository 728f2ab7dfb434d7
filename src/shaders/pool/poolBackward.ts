/** The way back through each kind of pooling. A file of its own, which a page that only predicts does not load. */
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { places, scalarAndVec4, unitOf, vec4OrNaive } from '../vec4.js';
import averageBackwardText from './averageBackward.naive.wgsl';
import globalBackwardText from './globalBackward.naive.wgsl';
import maxBackwardText from './maxBackward.naive.wgsl';
import { describeShape, type PoolShape, sizeParams } from './pool.js';

export const MAX_BACKWARD = scalarAndVec4('pool.maxBackward', maxBackwardText);
export const AVERAGE_BACKWARD = scalarAndVec4('pool.averageBackward', averageBackwardText);
export const GLOBAL_BACKWARD = scalarAndVec4('pool.globalBackward', globalBackwardText);

const WORKGROUP = 64;

/**
 * dx = gradient with respect to act(x) of `maxPoolForward`.
 * @param dy dy[b,oh,ow,c]
 * @param argmax argmax[b,oh,ow,c] of the forward pass
 * @param dx dx[b,h,w,c], overwritten
 */
export function maxPoolBackward(
  plan: PlanBuilder,
  label: string,
  { dy, argmax, dx }: { dy: Tensor; argmax: Tensor; dx: Tensor },
  shape: PoolShape,
): void {
  requireDense(label, { argmax });
  const variant = vec4OrNaive(plan, MAX_BACKWARD, dy, dx);
  const unit = unitOf(variant);
  const size = elements(dx.shape);
  plan.add({
    kernel: MAX_BACKWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad },
    params: { ...sizeParams(unit, dx, dy), ...places(unit, { dy, dx }) },
    tensors: { dy, argmax, dx },
    workgroups: linear(size / unit, WORKGROUP),
    shape: describeShape(dx, shape),
    flops: elements(dy.shape) * shape.kernel ** 2,
    bytes: 4 * (2 * elements(dy.shape) + size),
  });
}

/**
 * dx = gradient with respect to act(x) of `averagePoolForward`.
 * @param dy dy[b,oh,ow,c]
 * @param dx dx[b,h,w,c], overwritten
 */
export function averagePoolBackward(
  plan: PlanBuilder,
  label: string,
  { dy, dx }: { dy: Tensor; dx: Tensor },
  shape: PoolShape,
): void {
  const variant = vec4OrNaive(plan, AVERAGE_BACKWARD, dy, dx);
  const unit = unitOf(variant);
  const size = elements(dx.shape);
  plan.add({
    kernel: AVERAGE_BACKWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad },
    params: { ...sizeParams(unit, dx, dy), ...places(unit, { dy, dx }) },
    tensors: { dy, dx },
    workgroups: linear(size / unit, WORKGROUP),
    shape: describeShape(dx, shape),
    flops: 2 * elements(dy.shape) * shape.kernel ** 2,
    bytes: 4 * (elements(dy.shape) + size),
  });
}

/**
 * dx = gradient with respect to act(x) of `globalAveragePoolForward`.
 * @param dy dy[b,1,1,c]
 * @param dx dx[b,h,w,c], overwritten
 */
export function globalAveragePoolBackward(
  plan: PlanBuilder,
  label: string,
  { dy, dx }: { dy: Tensor; dx: Tensor },
): void {
  const [b, h, w, c] = dx.shape;
  const variant = vec4OrNaive(plan, GLOBAL_BACKWARD, dy, dx);
  const unit = unitOf(variant);
  plan.add({
    kernel: GLOBAL_BACKWARD[variant],
    label,
    params: {
      batch: b,
      positions: h * w,
      channels: c / unit,
      ...places(unit, { dy, dx }),
    },
    tensors: { dy, dx },
    workgroups: linear(elements(dx.shape) / unit, WORKGROUP),
    shape: `[${dx.shape.join(',')}]`,
    flops: elements(dx.shape),
    bytes: 4 * (b * c + elements(dx.shape)),
  });
}
