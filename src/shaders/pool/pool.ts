/**
 * Pooling, NHWC: max, average and global average, forward and backward. The formulas stand in the heads of
 * the naive kernels.
 *
 * `affine` is the prologue: relu(scale*x + shift) of the batch norm in front, applied while reading; the
 * gradients are then with respect to what comes out of it.
 */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, isVec4, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import type { ConvShape } from '../conv/conv.js';
import averageBackwardNaive from './averageBackward.naive.wgsl';
import averageBackwardVec4 from './averageBackward.vec4.wgsl';
import averageForwardNaive from './averageForward.naive.wgsl';
import averageForwardVec4 from './averageForward.vec4.wgsl';
import globalBackwardNaive from './globalBackward.naive.wgsl';
import globalBackwardTiled from './globalBackward.tiled.wgsl';
import globalForwardNaive from './globalForward.naive.wgsl';
import globalForwardVec4 from './globalForward.vec4.wgsl';
import maxBackwardNaive from './maxBackward.naive.wgsl';
import maxBackwardVec4 from './maxBackward.vec4.wgsl';
import maxForwardNaive from './maxForward.naive.wgsl';
import maxForwardVec4 from './maxForward.vec4.wgsl';

export const MAX_FORWARD = kernels('pool.maxForward', { naive: maxForwardNaive, vec4: maxForwardVec4 });
export const MAX_BACKWARD = kernels('pool.maxBackward', { naive: maxBackwardNaive, vec4: maxBackwardVec4 });
export const AVERAGE_FORWARD = kernels('pool.averageForward', {
  naive: averageForwardNaive,
  vec4: averageForwardVec4,
});
export const AVERAGE_BACKWARD = kernels('pool.averageBackward', {
  naive: averageBackwardNaive,
  vec4: averageBackwardVec4,
});
export const GLOBAL_FORWARD = kernels('pool.globalForward', {
  naive: globalForwardNaive,
  vec4: globalForwardVec4,
});
export const GLOBAL_BACKWARD = kernels('pool.globalBackward', {
  naive: globalBackwardNaive,
  tiled: globalBackwardTiled,
});

/** Square window: side, stride, padding on each side. */
export type PoolShape = ConvShape;

const WORKGROUP = 64;
/** Pixels a thread of globalBackward.tiled. */
const POSITIONS = 4;

/** The variant for four channels per thread where every tensor allows it. */
function candidates<V extends string>(fast: V, ...tensors: Tensor[]): (V | 'naive')[] {
  return tensors.every(isVec4) ? [fast, 'naive'] : ['naive'];
}

function describeShape(x: Tensor, { kernel, stride }: PoolShape): string {
  return `[${x.shape.join(',')}] ${kernel}x${kernel}/${stride}`;
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
  const [b, h, w, c] = x.shape;
  const [, oh, ow] = y.shape;
  const variant = plan.pick(MAX_FORWARD, candidates('vec4', x, y));
  const size = elements(y.shape);
  plan.add({
    kernel: MAX_FORWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad, PROLOGUE: affine ? 1 : 0 },
    params: {
      batch: b,
      height: h,
      width: w,
      channels: c,
      outHeight: oh,
      outWidth: ow,
      xPixelStride: x.pixelStride,
      xOffset: x.channelOffset,
      yPixelStride: y.pixelStride,
      yOffset: y.channelOffset,
    },
    // Without a prologue the shader still declares the binding; x stands in and is never read through it.
    tensors: { x, affine: affine ?? x, y, argmax },
    workgroups: linear(variant === 'vec4' ? size / 4 : size, WORKGROUP),
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
  const variant = plan.pick(MAX_BACKWARD, candidates('vec4', dy, dx));
  const size = elements(dx.shape);
  plan.add({
    kernel: MAX_BACKWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad },
    params: backwardParams(dy, dx),
    tensors: { dy, argmax, dx },
    workgroups: linear(variant === 'vec4' ? size / 4 : size, WORKGROUP),
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
  const [b, h, w, c] = x.shape;
  const [, oh, ow] = y.shape;
  const variant = plan.pick(AVERAGE_FORWARD, candidates('vec4', x, y));
  const size = elements(y.shape);
  plan.add({
    kernel: AVERAGE_FORWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad, PROLOGUE: affine ? 1 : 0 },
    params: {
      batch: b,
      height: h,
      width: w,
      channels: c,
      outHeight: oh,
      outWidth: ow,
      xPixelStride: x.pixelStride,
      xOffset: x.channelOffset,
      yPixelStride: y.pixelStride,
      yOffset: y.channelOffset,
    },
    // Without a prologue the shader still declares the binding; x stands in and is never read through it.
    tensors: { x, affine: affine ?? x, y },
    workgroups: linear(variant === 'vec4' ? size / 4 : size, WORKGROUP),
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
  const variant = plan.pick(AVERAGE_BACKWARD, candidates('vec4', dy, dx));
  const size = elements(dx.shape);
  plan.add({
    kernel: AVERAGE_BACKWARD[variant],
    label,
    constants: { KERNEL: shape.kernel, STRIDE: shape.stride, PAD: shape.pad },
    params: backwardParams(dy, dx),
    tensors: { dy, dx },
    workgroups: linear(variant === 'vec4' ? size / 4 : size, WORKGROUP),
    shape: describeShape(dx, shape),
    flops: 2 * elements(dy.shape) * shape.kernel ** 2,
    bytes: 4 * (elements(dy.shape) + size),
  });
}

function backwardParams(dy: Tensor, dx: Tensor): Record<string, number> {
  const [batch, height, width, channels] = dx.shape;
  const [, outHeight, outWidth] = dy.shape;
  return {
    batch,
    height,
    width,
    channels,
    outHeight,
    outWidth,
    dyPixelStride: dy.pixelStride,
    dyOffset: dy.channelOffset,
    dxPixelStride: dx.pixelStride,
    dxOffset: dx.channelOffset,
  };
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
  const variant = plan.pick(GLOBAL_FORWARD, candidates('vec4', x, y));
  plan.add({
    kernel: GLOBAL_FORWARD[variant],
    label,
    constants: { PROLOGUE: affine ? 1 : 0 },
    params: {
      batch: b,
      positions: h * w,
      channels: c,
      xPixelStride: x.pixelStride,
      xOffset: x.channelOffset,
      yPixelStride: y.pixelStride,
      yOffset: y.channelOffset,
    },
    tensors: { x, affine: affine ?? x, y },
    workgroups: linear(variant === 'vec4' ? (b * c) / 4 : b * c, WORKGROUP),
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
  const variant = plan.pick(GLOBAL_BACKWARD, candidates('tiled', dy, dx));
  const threads = variant === 'tiled' ? b * Math.ceil((h * w) / POSITIONS) * (c / 4) : elements(dx.shape);
  plan.add({
    kernel: GLOBAL_BACKWARD[variant],
    label,
    constants: variant === 'tiled' ? { POSITIONS } : {},
    params: {
      batch: b,
      positions: h * w,
      channels: c,
      dyPixelStride: dy.pixelStride,
      dyOffset: dy.channelOffset,
      dxPixelStride: dx.pixelStride,
      dxOffset: dx.channelOffset,
    },
    tensors: { dy, dx },
    workgroups: linear(threads, WORKGROUP),
    shape: `[${dx.shape.join(',')}]`,
    flops: elements(dx.shape),
    bytes: 4 * (b * c + elements(dx.shape)),
  });
}
