/** Bilinear resize, OpenCV's INTER_LINEAR. The formula stands in the head of bilinear.naive.wgsl. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, type Tensor } from '../../engine/plan/tensor.js';
import naive from './bilinear.naive.wgsl';
import tiled from './bilinear.tiled.wgsl';

export const BILINEAR = kernels('resize.bilinear', { naive, tiled });

const WORKGROUP = 64;
/** Columns a thread of bilinear.tiled. */
const COLUMNS = 4;

/**
 * y = x at another height and width: half-pixel centres, edges repeated.
 * @param x x[b,h,w,c]
 * @param y y[b,H,W,c], overwritten
 */
export function resizeBilinear(plan: PlanBuilder, label: string, { x, y }: { x: Tensor; y: Tensor }): void {
  const [b, h, w, c] = x.shape;
  const [, oh, ow] = y.shape;
  const variant = plan.pick(BILINEAR, ['tiled', 'naive']);
  plan.add({
    kernel: BILINEAR[variant],
    label,
    constants: variant === 'tiled' ? { COLUMNS } : {},
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
    tensors: { x, y },
    workgroups: linear(b * oh * c * (variant === 'tiled' ? Math.ceil(ow / COLUMNS) : ow), WORKGROUP),
    shape: `[${x.shape.join(',')}] -> ${oh}x${ow}`,
    flops: elements(y.shape) * 9,
    bytes: 4 * (elements(x.shape) + elements(y.shape)),
  });
}
