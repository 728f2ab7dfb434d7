/** Convolution, gradient with respect to the input. The formula stands in backwardData.naive.wgsl. */
import { kernels } from '../../engine/kernel.js';
import { type Choice, linear, type PlanBuilder } from '../../engine/plan.js';
import { channels, elements, isVec4, pixels, type Tensor } from '../../engine/tensor.js';
import { workgroupSize } from '../tiling.js';
import backwardDataNaive from './backwardData.naive.wgsl';
import backwardDataSubgroup from './backwardData.subgroup.wgsl';
import backwardDataTiled from './backwardData.tiled.wgsl';
import { type ConvShape, gemmClass } from './shape.js';
import { pixelTile, sharingLanes, subgroupWorkgroup, tilesFor } from './tiles.js';

export const BACKWARD_DATA = kernels('conv.backwardData', {
  naive: backwardDataNaive,
  tiled: backwardDataTiled,
  subgroup: backwardDataSubgroup,
});
type Variant = keyof typeof BACKWARD_DATA;

interface Tensors {
  /** dy[b,h,w,co], may be a channel slice. */
  dy: Tensor;
  /** weights[ky,kx,ci,co], dense. */
  weights: Tensor;
  /** dx[b,h,w,ci], may be a channel slice; overwritten. */
  dx: Tensor;
}

function choices(plan: PlanBuilder, { dy, dx }: Tensors): Choice<Variant>[] {
  const list: Choice<Variant>[] = [];
  if (isVec4(dy) && isVec4(dx)) {
    for (const { rows, columns4 } of tilesFor(plan.gpu, pixels(dx), channels(dx) / 4)) {
      list.push({ variant: 'subgroup', tile: { PIXELS: rows, OUT4: columns4 } });
    }
    list.push({ variant: 'tiled', tile: { PIXELS: pixelTile(plan, pixels(dx)) } });
  }
  return [...list, { variant: 'naive', tile: {} }];
}

/** dx = gradient of the loss with respect to what the convolution read, after its prologue. Stride 1. */
export function convBackwardData(plan: PlanBuilder, label: string, tensors: Tensors, shape: ConvShape): void {
  const { dy, weights, dx } = tensors;
  const { kernel, pad } = shape;
  const [b, h, w, ci] = dx.shape;
  const co = channels(dy);
  const count = pixels(dx);
  const { variant, tile } = plan.choose<Variant>({
    op: 'conv.backwardData',
    key: gemmClass(shape, count, kernel ** 2 * co, ci),
    choices: choices(plan, tensors),
    tensors: { dy, weights, dx },
    record: (other, t) => convBackwardData(other, label, { dy: t.dy, weights: t.weights, dx: t.dx }, shape),
  });
  const constants: Record<string, number> = { KERNEL: kernel, PAD: pad, ...tile };
  let workgroups = linear(count * ci, 64);
  if (variant === 'subgroup') {
    constants.LANES = sharingLanes(plan.gpu);
    constants.WORKGROUP = subgroupWorkgroup(plan.gpu, false);
    workgroups = [Math.ceil(count / (constants.WORKGROUP * tile.PIXELS)), ci / 4 / tile.OUT4, 1];
  } else if (variant === 'tiled') {
    constants.WORKGROUP = workgroupSize(plan);
    workgroups = [Math.ceil(count / (constants.WORKGROUP * tile.PIXELS)), Math.ceil(ci / 8), 1];
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
