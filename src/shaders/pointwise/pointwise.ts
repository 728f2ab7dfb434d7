/**
 * What touches each value alone, NHWC: copies between channel slices, a batch norm's affine or a ReLU that no
 * convolution takes as its prologue, and ReLU's gradient. The formulas stand in the heads of the naive kernels.
 */
import { kernels, type Variants } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { channels, elements, isVec4, pixels, type Tensor } from '../../engine/plan/tensor.js';
import applyNaive from './apply.naive.wgsl';
import applyVec4 from './apply.vec4.wgsl';
import reluBackwardNaive from './reluBackward.naive.wgsl';
import reluBackwardVec4 from './reluBackward.vec4.wgsl';

export const APPLY = kernels('pointwise.apply', { naive: applyNaive, vec4: applyVec4 });
export const RELU_BACKWARD = kernels('pointwise.reluBackward', {
  naive: reluBackwardNaive,
  vec4: reluBackwardVec4,
});

const WORKGROUP = 64;

function cut(plan: PlanBuilder, variants: Variants<'naive' | 'vec4'>, tensors: Tensor[]) {
  const variant = plan.pick(variants, tensors.every(isVec4) ? ['vec4', 'naive'] : ['naive']);
  const count = elements(tensors[0].shape);
  return { variant, count, workgroups: linear(variant === 'vec4' ? count / 4 : count, WORKGROUP) };
}

/**
 * y = act(x): x itself, scale*x + shift with `affine`, and nothing below zero with `relu`.
 * @param x x[b,h,w,c], may be a channel slice
 * @param affine [scale | shift][c], or none
 * @param y y[b,h,w,c], may be a channel slice of another buffer
 */
export function pointwise(
  plan: PlanBuilder,
  label: string,
  { x, affine, y }: { x: Tensor; affine?: Tensor; y: Tensor },
  { relu = false }: { relu?: boolean } = {},
): void {
  const { variant, count, workgroups } = cut(plan, APPLY, [x, y]);
  plan.add({
    kernel: APPLY[variant],
    label,
    constants: { AFFINE: affine ? 1 : 0, RELU: relu ? 1 : 0 },
    params: {
      pixels: pixels(x),
      channels: channels(x),
      xPixelStride: x.pixelStride,
      xOffset: x.channelOffset,
      yPixelStride: y.pixelStride,
      yOffset: y.channelOffset,
    },
    // Without an affine the shader still declares the binding; x stands in and is never read through it.
    tensors: { x, affine: affine ?? x, y },
    workgroups,
    shape: `[${x.shape.join(',')}]`,
    flops: count * ((affine ? 2 : 0) + (relu ? 1 : 0)),
    bytes: 8 * count,
  });
}

/**
 * dx = gradient with respect to x of max(0, x).
 * @param x x[b,h,w,c], what the ReLU read (its output has the same positive elements and serves as well)
 * @param dy dy[b,h,w,c]
 * @param dx dx[b,h,w,c]
 * @param accumulate add to dx instead of overwriting it
 */
export function reluBackward(
  plan: PlanBuilder,
  label: string,
  { x, dy, dx }: { x: Tensor; dy: Tensor; dx: Tensor },
  { accumulate }: { accumulate: boolean },
): void {
  const { variant, count, workgroups } = cut(plan, RELU_BACKWARD, [x, dy, dx]);
  plan.add({
    kernel: RELU_BACKWARD[variant],
    label,
    constants: { ACCUMULATE: accumulate ? 1 : 0 },
    params: {
      pixels: pixels(x),
      channels: channels(x),
      xPixelStride: x.pixelStride,
      xOffset: x.channelOffset,
      dyPixelStride: dy.pixelStride,
      dyOffset: dy.channelOffset,
      dxPixelStride: dx.pixelStride,
      dxOffset: dx.channelOffset,
    },
    tensors: { x, dy, dx },
    workgroups,
    shape: `[${x.shape.join(',')}]`,
    flops: count,
    bytes: 4 * (accumulate ? 4 : 3) * count,
  });
}
