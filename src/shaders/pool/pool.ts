/**
 * Pooling, NHWC: max, average and global average; the way back is in poolBackward.ts. The formulas stand in
 * the heads of the naive kernels.
 *
 * `affine` is the prologue: relu(scale*x + shift) of the batch norm in front, applied while reading; the
 * gradients are then with respect to what comes out of it.
 */
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import type { ConvShape } from '../conv/conv.js';
import { places, scalarAndVec4, unitOf, vec4OrNaive } from '../vec4.js';
import averageForwardText from './averageForward.naive.wgsl';
import globalForwardText from './globalForward.naive.wgsl';
import maxForwardText from './maxForward.naive.wgsl';

export const MAX_FORWARD = scalarAndVec4('pool.maxForward', maxForwardText);
export const AVERAGE_FORWARD = scalarAndVec4('pool.averageForward', averageForwardText);
export const GLOBAL_FORWARD = scalarAndVec4('pool.globalForward', globalForwardText);

/** Square window: side, stride, padding on each side. */
export type PoolShape = ConvShape;

const WORKGROUP = 64;

export function describeShape(x: Tensor, { kernel, stride }: PoolShape): string {
  return `[${x.shape.join(',')}] ${kernel}x${kernel}/${stride}`;
}

/** Sizes of a map and of what it is pooled to, channels in units of `unit` floats. */
export function sizeParams(unit: number, map: Tensor, pooled: Tensor): Record<string, number> {
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
