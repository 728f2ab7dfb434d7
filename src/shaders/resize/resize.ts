/** Bilinear resize, OpenCV's INTER_LINEAR. The formula stands in the head of bilinear.naive.wgsl. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, type Tensor } from '../../engine/plan/tensor.js';
import { places } from '../vec4.js';
import naive from './bilinear.naive.wgsl';

export const BILINEAR = kernels('resize.bilinear', { naive });

const WORKGROUP = 64;

/**
 * y = x at another height and width: half-pixel centres, edges repeated.
 * @param x x[b,h,w,c]
 * @param y y[b,H,W,c], overwritten
 */
export function resizeBilinear(plan: PlanBuilder, label: string, { x, y }: { x: Tensor; y: Tensor }): void {
  const [b, h, w, c] = x.shape;
  const [, oh, ow] = y.shape;
  plan.add({
    kernel: BILINEAR[plan.pick(BILINEAR, ['naive'])],
    label,
    params: {
      batch: b,
      height: h,
      width: w,
      channels: c,
      outHeight: oh,
      outWidth: ow,
      ...places(1, { x, y }),
    },
    tensors: { x, y },
    workgroups: linear(elements(y.shape), WORKGROUP),
    shape: `[${x.shape.join(',')}] -> ${oh}x${ow}`,
    flops: elements(y.shape) * 9,
    bytes: 4 * (elements(x.shape) + elements(y.shape)),
  });
}
