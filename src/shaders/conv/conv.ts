/**
 * Convolution without bias, NHWC activations, HWIO weights, square kernels: 1x1, 3x3 "same", 7x7 stride 2.
 * The formulas stand in the head of forward.naive, backwardData.naive and backwardWeights.naive.
 *
 * `affine` is the prologue: relu(scale*x + shift) of the batch norm in front, applied while reading.
 */
import { kernels } from '../../engine/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan.js';
import { channels, elements, isVec4, pixels, type Tensor } from '../../engine/tensor.js';
import { reduceSlices } from '../reduce/reduce.js';
import { PIXELS_A_SLICE, workgroupSize } from '../tiling.js';
import backwardDataNaive from './backwardData.naive.wgsl';
import backwardDataSubgroup from './backwardData.subgroup.wgsl';
import backwardDataTiled from './backwardData.tiled.wgsl';
import backwardWeightsNaive from './backwardWeights.naive.wgsl';
import backwardWeightsSubgroup from './backwardWeights.subgroup.wgsl';
import backwardWeightsTiled from './backwardWeights.tiled.wgsl';
import backwardWeightsTiledScalar from './backwardWeights.tiledScalar.wgsl';
import forwardNaive from './forward.naive.wgsl';
import forwardSubgroup from './forward.subgroup.wgsl';
import forwardTiled from './forward.tiled.wgsl';
import forwardTiledScalar from './forward.tiledScalar.wgsl';

export const FORWARD = kernels('conv.forward', {
  naive: forwardNaive,
  tiledScalar: forwardTiledScalar,
  tiled: forwardTiled,
  subgroup: forwardSubgroup,
});
export const BACKWARD_DATA = kernels('conv.backwardData', {
  naive: backwardDataNaive,
  tiled: backwardDataTiled,
  subgroup: backwardDataSubgroup,
});
export const BACKWARD_WEIGHTS = kernels('conv.backwardWeights', {
  naive: backwardWeightsNaive,
  tiledScalar: backwardWeightsTiledScalar,
  tiled: backwardWeightsTiled,
  subgroup: backwardWeightsSubgroup,
});

export interface ConvShape {
  /** Side of the square kernel. */
  kernel: number;
  stride: number;
  /** Zero padding on each side. */
  pad: number;
}

/** Output side of a convolution or pooling window. */
export function outputSide(side: number, { kernel, stride, pad }: ConvShape): number {
  return Math.floor((side + 2 * pad - kernel) / stride) + 1;
}

/**
 * Pixels a thread: four, unless the map is so small that lanes would idle. Subgroups of four (SwiftShader)
 * broadcast for fewer pixels at a time and gain from eight: a training step at 64 px, batch 4, takes 3.3 s
 * instead of 3.7 s; on lavapipe eight is slower (2026-11-22).
 */
function pixelTile(plan: PlanBuilder, count: number): number {
  const lanes = workgroupSize(plan);
  const most = plan.gpu.info.subgroupMaxSize === 4 ? 8 : 4;
  return [most, 4, 2].find((tile) => count >= tile * lanes) ?? 1;
}

function describeShape(x: Tensor, { kernel, stride }: ConvShape, out: number): string {
  return `[${x.shape.join(',')}] ${kernel}x${kernel}${stride > 1 ? `/${stride}` : ''} -> ${out}`;
}

/**
 * y = conv(act(x), weights).
 * @param x x[b,h,w,ci]
 * @param weights weights[ky,kx,ci,co], dense
 * @param affine [scale | shift][ci] of the prologue, or none
 * @param y y[b,oh,ow,co]
 */
export function convForward(
  plan: PlanBuilder,
  label: string,
  { x, weights, affine, y }: { x: Tensor; weights: Tensor; affine?: Tensor; y: Tensor },
  shape: ConvShape,
): void {
  const [b, h, w, ci] = x.shape;
  const [, oh, ow, co] = y.shape;
  const vecOut = isVec4(y) && co % 4 === 0;
  const vecIn = isVec4(x);
  const candidates: (keyof typeof FORWARD)[] = [];
  if (vecOut && vecIn && co % 16 === 0) candidates.push('subgroup');
  if (vecOut && vecIn) candidates.push('tiled');
  if (vecOut) candidates.push('tiledScalar');
  const variant = plan.pick('conv.forward', [...candidates, 'naive']);
  const count = pixels(y);
  const workgroup = workgroupSize(plan);
  const tile = pixelTile(plan, count);
  const constants: Record<string, number> = {
    KERNEL: shape.kernel,
    STRIDE: shape.stride,
    PAD: shape.pad,
    PROLOGUE: affine ? 1 : 0,
  };
  let workgroups = linear(count * co, 64);
  if (variant !== 'naive') {
    const columns = variant === 'tiled' ? 8 : 16;
    constants.WORKGROUP = workgroup;
    constants.PIXELS = tile;
    workgroups = [Math.ceil(count / (workgroup * tile)), Math.ceil(co / columns), 1];
  }
  plan.add({
    kernel: FORWARD[variant],
    label,
    constants,
    params: {
      batch: b,
      inHeight: h,
      inWidth: w,
      inChannels: ci,
      outHeight: oh,
      outWidth: ow,
      outChannels: co,
      xPixelStride: x.pixelStride,
      xOffset: x.channelOffset,
      yPixelStride: y.pixelStride,
      yOffset: y.channelOffset,
    },
    // Without a prologue the shader still declares the binding; x stands in and is never read through it.
    tensors: { x, weights, affine: affine ?? x, y },
    workgroups,
    shape: describeShape(x, shape, co),
    flops: 2 * count * shape.kernel ** 2 * ci * co,
    bytes: 4 * (elements(x.shape) + elements(weights.shape) + elements(y.shape)),
  });
}

/**
 * dx = gradient of the loss with respect to what the convolution read, after its prologue. Stride 1.
 * @param dy dy[b,h,w,co]
 * @param weights weights[ky,kx,ci,co]
 * @param dx dx[b,h,w,ci], overwritten
 */
export function convBackwardData(
  plan: PlanBuilder,
  label: string,
  { dy, weights, dx }: { dy: Tensor; weights: Tensor; dx: Tensor },
  { kernel, pad }: ConvShape,
): void {
  const [b, h, w, ci] = dx.shape;
  const co = channels(dy);
  const vec = isVec4(dy) && isVec4(dx);
  const candidates: (keyof typeof BACKWARD_DATA)[] = [];
  if (vec && ci % 16 === 0) candidates.push('subgroup');
  if (vec) candidates.push('tiled');
  const variant = plan.pick('conv.backwardData', [...candidates, 'naive']);
  const count = pixels(dx);
  const workgroup = workgroupSize(plan);
  const tile = pixelTile(plan, count);
  const constants: Record<string, number> = { KERNEL: kernel, PAD: pad };
  let workgroups = linear(count * ci, 64);
  if (variant !== 'naive') {
    const columns = variant === 'tiled' ? 8 : 16;
    constants.WORKGROUP = workgroup;
    constants.PIXELS = tile;
    workgroups = [Math.ceil(count / (workgroup * tile)), Math.ceil(ci / columns), 1];
  }
  plan.add({
    kernel: BACKWARD_DATA[variant],
    label,
    constants,
    params: {
      batch: b,
      height: h,
      width: w,
      inChannels: ci,
      outChannels: co,
      dyPixelStride: dy.pixelStride,
      dyOffset: dy.channelOffset,
      dxPixelStride: dx.pixelStride,
      dxOffset: dx.channelOffset,
    },
    tensors: { dy, weights, dx },
    workgroups,
    shape: `[${dy.shape.join(',')}] ${kernel}x${kernel} -> ${ci}`,
    flops: 2 * count * kernel ** 2 * ci * co,
    bytes: 4 * (elements(dy.shape) + elements(weights.shape) + elements(dx.shape)),
  });
}

/** Threads that keep an adapter busy. */
const ENOUGH_THREADS = { software: 128, hardware: 65536 } as const;

/**
 * dw = gradient of the loss with respect to the weights.
 * @param x x[b,h,w,ci], what `convForward` read, with the same prologue
 * @param dy dy[b,oh,ow,co]
 * @param dw dw[ky,kx,ci,co], overwritten
 */
export function convBackwardWeights(
  plan: PlanBuilder,
  label: string,
  { x, dy, affine, dw }: { x: Tensor; dy: Tensor; affine?: Tensor; dw: Tensor },
  shape: ConvShape,
): void {
  const [b, h, w, ci] = x.shape;
  const [, oh, ow, co] = dy.shape;
  const vecOut = isVec4(dy);
  const candidates: (keyof typeof BACKWARD_WEIGHTS)[] = [];
  if (vecOut && isVec4(x) && co % 16 === 0) candidates.push('subgroup');
  if (vecOut && isVec4(x)) candidates.push('tiled');
  if (vecOut) candidates.push('tiledScalar');
  const variant = plan.pick('conv.backwardWeights', [...candidates, 'naive']);

  const size = elements(dw.shape);
  const constants: Record<string, number> = {
    KERNEL: shape.kernel,
    STRIDE: shape.stride,
    PAD: shape.pad,
    PROLOGUE: affine ? 1 : 0,
  };
  const params: Record<string, number> = {
    batch: b,
    inHeight: h,
    inWidth: w,
    inChannels: ci,
    outHeight: oh,
    outWidth: ow,
    outChannels: co,
    xPixelStride: x.pixelStride,
    xOffset: x.channelOffset,
    dyPixelStride: dy.pixelStride,
    dyOffset: dy.channelOffset,
  };
  let workgroups = linear(size, 64);
  let slices = 1;
  if (variant !== 'naive') {
    const [rowsAThread, columns] = variant === 'tiledScalar' ? [7, 8] : [4, 16];
    const threads = Math.ceil((shape.kernel ** 2 * ci) / rowsAThread);
    const columnGroups = Math.ceil(co / columns);
    const wanted = Math.max(
      (b * oh * ow) / PIXELS_A_SLICE,
      ENOUGH_THREADS[plan.gpu.info.kind] / (threads * columnGroups),
    );
    params.rowsPerSlice = Math.max(1, Math.floor((b * oh) / wanted));
    slices = Math.ceil((b * oh) / params.rowsPerSlice);
    constants.WORKGROUP = workgroupSize(plan);
    workgroups = [Math.ceil(threads / constants.WORKGROUP), columnGroups, slices];
  }
  const target = slices > 1 ? plan.tensor(`${label} slices`, [slices, 1, 1, size]) : dw;
  plan.add({
    kernel: BACKWARD_WEIGHTS[variant],
    label,
    constants,
    params,
    tensors: { x, dy, affine: affine ?? x, dw: target },
    workgroups,
    shape: describeShape(x, shape, co),
    flops: 2 * pixels(dy) * shape.kernel ** 2 * ci * co,
    bytes: 4 * (elements(x.shape) + elements(dy.shape) + slices * size),
  });
  if (slices > 1) reduceSlices(plan, label, { x: target, y: dw });
}
