/**
 * What touches each value alone, NHWC: copies between channel slices, a batch norm's affine or a ReLU that no
 * convolution takes as its prologue. The formulas stand in the heads of the naive kernels.
 */
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { channels, elements, pixels, type Tensor } from '../../engine/plan/tensor.js';
import { places, scalarAndVec4, unitOf, vec4OrNaive } from '../vec4.js';
import applyText from './apply.naive.wgsl';

export const APPLY = scalarAndVec4('pointwise.apply', applyText);

const WORKGROUP = 64;

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
  const variant = vec4OrNaive(plan, APPLY, x, y);
  const unit = unitOf(variant);
  const count = elements(x.shape);
  plan.add({
    kernel: APPLY[variant],
    label,
    constants: { AFFINE: affine ? 1 : 0, RELU: relu ? 1 : 0 },
    params: {
      pixels: pixels(x),
      channels: channels(x) / unit,
      ...places(unit, { x, y }),
    },
    // Without an affine the shader still declares the binding; x stands in and is never read through it.
    tensors: { x, affine: affine ?? x, y },
    workgroups: linear(count / unit, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: count * ((affine ? 2 : 0) + (relu ? 1 : 0)),
    bytes: 8 * count,
  });
}
