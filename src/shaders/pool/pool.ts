/**
 * Pooling, NHWC: max, average and global average, forward and backward. The formulas stand in the heads of
 * the naive kernels.
 *
 * `affine` is the prologue: relu(scale*x + shift) of the batch norm in front, applied while reading; the
 * gradients are then with respect to what comes out of it.
 */
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import type { ConvShape } from '../conv/conv.js';
import { places, scalarAndVec4, unitOf, vec4OrNaive } from '../vec4.js';
import averageBackwardText from './averageBackward.naive.wgsl';
import averageForwardText from './averageForward.naive.wgsl';
import globalBackwardText from './globalBackward.naive.wgsl';
import globalForwardText from './globalForward.naive.wgsl';
import maxBackwardText from './maxBackward.naive.wgsl';
import maxForwardText from './maxForward.naive.wgsl';

export const MAX_FORWARD = scalarAndVec4('pool.maxForward', maxForwardText);
export const MAX_BACKWARD = scalarAndVec4('pool.maxBackward', maxBackwardText);
export const AVERAGE_FORWARD = scalarAndVec4('pool.averageForward', averageForwardText);
export const AVERAGE_BACKWARD = scalarAndVec4('pool.averageBackward', averageBackwardText);
export const GLOBAL_FORWARD = scalarAndVec4('pool.globalForward', globalForwardText);
export const GLOBAL_BACKWARD = scalarAndVec4('pool.globalBackward', globalBackwardText);

/** Square window: side, stride, padding on each side. */
export type PoolShape = ConvShape;

const WORKGROUP = 64;

function describeShape(x: Tensor, { kernel, stride }: PoolShape): string {
  return `[${x.shape.join(',')}] ${kernel}x${kernel}/${stride}`;
}

/** Sizes of a map and of what it is pooled to, channels in units of `unit` floats. */
function sizeParams(unit: number, map: Tensor, pooled: Tensor): Record<string, number> {
  const [batch, height, width, c] = map.shape;
  const [, outHeight, outWidth] = pooled.shape;
  return { batch, height, width, channels: c / unit, outHeight, outWidth };
}

/**
 * y = largest of each window of act(x); padding is zero after act.
 * @param x x[b,h,w,c]
 * @param affine [scale | shift][c] of the prologue, or none
 * @param y y[b,oh,ow,c]
 * @param argmax u32 argmax[b,oh,ow,c], dense: ky*kernel + kx of the first maximum
 */
export function maxPoolForward(
  plan: PlanBuilder,
  label: string,
  { x, affine, y, argmax }: { x: Tensor; affine?: Tensor; y: Tensor; argmax: Tensor },
  shape: PoolShape,
): void {
  requireDense(label, { argmax });
  const variant = vec4OrNaive(plan, MAX_FORWARD, x, y);
  const unit = unitOf(variant);
  const size = elements(y.shape);
  plan.add({
    kernel: MAX_FORWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad, PROLOGUE: affine ? 1 : 0 },
    params: { ...sizeParams(unit, x, y), ...places(unit, { x, y }) },
    // Without a prologue the shader still declares the binding; x stands in and is never read through it.
    tensors: { x, affine: affine ?? x, y, argmax },
    workgroups: linear(size / unit, WORKGROUP),
    shape: describeShape(x, shape),
    flops: size * shape.kernel ** 2 * (affine ? 4 : 1),
    bytes: 4 * (elements(x.shape) + 2 * size),
  });
}

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
 * y = mean of each window of x over the taps inside the image.
 * @param x x[b,h,w,c]
 * @param y y[b,oh,ow,c]
 */
export function averagePoolForward(
  plan: PlanBuilder,
  label: string,
  { x, affine, y }: { x: Tensor; affine?: Tensor; y: Tensor },
  shape: PoolShape,
): void {
  const variant = vec4OrNaive(plan, AVERAGE_FORWARD, x, y);
  const unit = unitOf(variant);
  const size = elements(y.shape);
  plan.add({
    kernel: AVERAGE_FORWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad, PROLOGUE: affine ? 1 : 0 },
    params: { ...sizeParams(unit, x, y), ...places(unit, { x, y }) },
    // Without a prologue the shader still declares the binding; x stands in and is never read through it.
    tensors: { x, affine: affine ?? x, y },
    workgroups: linear(size / unit, WORKGROUP),
    shape: describeShape(x, shape),
    flops: size * (shape.kernel ** 2 * (affine ? 4 : 1) + 1),
    bytes: 4 * (elements(x.shape) + size),
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
 * y = mean of act(x) over the whole map.
 * @param x x[b,h,w,c]
 * @param affine [scale | shift][c] of the prologue, or none
 * @param y y[b,1,1,c]
 */
export function globalAveragePoolForward(
  plan: PlanBuilder,
  label: string,
  { x, affine, y }: { x: Tensor; affine?: Tensor; y: Tensor },
): void {
  const [b, h, w, c] = x.shape;
  const variant = vec4OrNaive(plan, GLOBAL_FORWARD, x, y);
  const unit = unitOf(variant);
  plan.add({
    kernel: GLOBAL_FORWARD[variant],
    label,
    constants: { PROLOGUE: affine ? 1 : 0 },
    params: {
      batch: b,
      positions: h * w,
      channels: c / unit,
      ...places(unit, { x, y }),
    },
    tensors: { x, affine: affine ?? x, y },
    workgroups: linear((b * c) / unit, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: elements(x.shape) * (affine ? 4 : 1),
    bytes: 4 * (elements(x.shape) + b * c),
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
