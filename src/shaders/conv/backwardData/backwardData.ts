/** Convolution, gradient with respect to the input. The formula stands in backwardData.naive.wgsl. */

import type { Choice } from '../../../engine/plan/choice.js';
import { kernels } from '../../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../../engine/plan/plan.js';
import { channels, elements, isVec4, pixels, type Tensor } from '../../../engine/plan/tensor.js';
import {
  NORM_GRADIENTS,
  type NormGradient,
  type NormTensors,
  reluBackwardAndSums,
} from '../../batchnorm/batchnorm.js';
import { places } from '../../vec4.js';
import { workgroupSize } from '../../workgroups.js';
import { type ConvShape, describeShape, gemmClass } from '../shape.js';
import {
  pixelTile,
  sharingLanes,
  subgroupIsWorkgroup,
  subgroupWorkgroup,
  tilesFor,
} from '../subgroupTiles.js';
import { withWorkgroup, workgroupChoices, workgroupThreads } from '../workgroupTiles.js';
import backwardDataNaive from './backwardData.naive.wgsl';
import backwardDataStrided from './backwardData.strided.wgsl';
import backwardDataSubgroup from './backwardData.subgroup.wgsl';
import backwardDataTiled from './backwardData.tiled.wgsl';
import backwardDataWorkgroup from './backwardData.workgroup.wgsl';

/** From naive to fast; workgroup is for hardware, strided for strides above 1. */
export const BACKWARD_DATA = kernels('conv.backwardData', {
  naive: backwardDataNaive,
  strided: backwardDataStrided,
  tiled: backwardDataTiled,
  subgroup: backwardDataSubgroup,
  workgroup: backwardDataWorkgroup,
});
type Variant = keyof typeof BACKWARD_DATA;

interface Tensors {
  /** dy[b,oh,ow,co], may be a channel slice. */
  dy: Tensor;
  /** weights[ky,kx,ci,co], dense. */
  weights: Tensor;
  /** dx[b,h,w,ci], may be a channel slice; overwritten. */
  dx: Tensor;
}

function choices(plan: PlanBuilder, { dy, dx }: Tensors, { stride }: ConvShape): Choice<Variant>[] {
  const list: Choice<Variant>[] = [];
  if (stride > 1) {
    const tile = { PIXELS: pixelTile(plan, pixels(dx)), IN: Math.min(channels(dx), 4) };
    if (isVec4(dy)) list.push({ variant: 'strided', tile });
    return [...list, { variant: 'naive', tile: {} }];
  }
  if (isVec4(dy) && isVec4(dx)) {
    for (const { rows, columns4 } of tilesFor(plan.gpu, 'backwardData', pixels(dx), channels(dx) / 4)) {
      list.push({ variant: 'subgroup', tile: { PIXELS: rows, OUT4: columns4 } });
    }
    list.push({ variant: 'tiled', tile: { PIXELS: pixelTile(plan, pixels(dx)) } });
  }
  const throughMemory = isVec4(dy) && isVec4(dx) ? workgroupChoices(plan.gpu, pixels(dx), channels(dx)) : [];
  return [...withWorkgroup<Variant>(plan.gpu, list, throughMemory), { variant: 'naive', tile: {} }];
}

/** Through a batch norm: what of its first half to write, and its epsilon. */
export interface NormOptions {
  mode: NormGradient;
  epsilon: number;
}

/** dx = gradient of the loss with respect to what the convolution read, after its prologue. */
export function convBackwardData(plan: PlanBuilder, label: string, tensors: Tensors, shape: ConvShape): void {
  record(plan, label, tensors, shape);
}

/**
 * As `convBackwardData`, and on through the prologue: ReLU and the first half of the batch norm in front of it, in the
 * same dispatch where the variant can.
 * @param norm x[b,h,w,ci], affine and statistics of that batch norm
 * @param dx what `reluBackwardAndSums` writes in this mode; may lie in the storage of dy
 * @returns parts[slice,1,2,ci] as of `reluBackwardAndSums`
 */
export function convBackwardThroughNorm(
  plan: PlanBuilder,
  label: string,
  { norm, ...tensors }: Tensors & { norm: NormTensors },
  shape: ConvShape,
  options: NormOptions,
): Tensor {
  // One buffer cannot be read and written in the same dispatch.
  if (tensors.dx.storage !== tensors.dy.storage && isVec4(norm.x)) {
    const parts = record(plan, label, tensors, shape, { norm, ...options });
    if (parts) return parts;
  }
  const da = plan.tensor(`${label} gradient behind ReLU`, tensors.dx.shape);
  record(plan, label, { ...tensors, dx: da }, shape);
  return reluBackwardAndSums(plan, label, { ...norm, da, dx: tensors.dx }, options);
}

/** With a norm: records nothing and returns nothing where the variant cannot go through it. */
function record(
  plan: PlanBuilder,
  label: string,
  tensors: Tensors,
  shape: ConvShape,
  through?: NormOptions & { norm: NormTensors },
): Tensor | undefined {
  const { dy, weights, dx } = tensors;
  const { kernel, stride, pad } = shape;
  const [b, h, w, ci] = dx.shape;
  const co = channels(dy);
  const count = pixels(dx);
  const { variant, tile } = plan.choose<Variant>({
    key: gemmClass(shape, count, kernel ** 2 * co, ci),
    variants: BACKWARD_DATA,
    choices: choices(plan, tensors, shape),
    tensors: { dy, weights, dx },
    record: (other, t) => convBackwardData(other, label, { dy: t.dy, weights: t.weights, dx: t.dx }, shape),
  });
  const goesThrough = variant === 'workgroup' || (variant === 'subgroup' && subgroupIsWorkgroup(plan.gpu));
  if (through && !goesThrough) return undefined;
  const constants: Record<string, number> = { KERNEL: kernel, PAD: pad, ...tile };
  if (stride > 1) constants.STRIDE = stride;
  let workgroups = linear(count * ci, 64);
  let parts: Tensor | undefined;
  if (variant === 'subgroup' || variant === 'workgroup') {
    if (variant === 'subgroup') {
      constants.LANES = sharingLanes(plan.gpu);
      constants.WORKGROUP = subgroupWorkgroup(plan.gpu, through !== undefined);
      workgroups = [Math.ceil(count / (constants.WORKGROUP * tile.PIXELS)), ci / 4 / tile.OUT4, 1];
    } else {
      constants.WORKGROUP = workgroupThreads(tile);
      workgroups = [Math.ceil(count / tile.TILE_M), Math.ceil(ci / tile.TILE_N), 1];
    }
    constants.NORM = through ? 1 : 0;
    constants.MODE = through ? NORM_GRADIENTS.indexOf(through.mode) : 0;
    parts = plan.tensor(`${label} slices`, through ? [workgroups[0], 1, 2, ci] : [1, 1, 1, 4]);
  } else if (variant === 'tiled') {
    constants.WORKGROUP = workgroupSize(plan);
    workgroups = [Math.ceil(count / (constants.WORKGROUP * tile.PIXELS)), Math.ceil(ci / 8), 1];
  } else if (variant === 'strided') {
    constants.WORKGROUP = workgroupSize(plan);
    const runs = b * h * stride * Math.ceil(w / (stride * tile.PIXELS));
    workgroups = [...linear(runs, constants.WORKGROUP)];
    workgroups[2] = Math.ceil(ci / tile.IN);
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
      ...places(1, { dy, dx }),
      ...(parts && normPlace(through)),
    },
    tensors: { dy, weights, dx, ...(parts && { parts, ...normBindings(dy, through) }) },
    workgroups,
    shape: describeShape(dy, shape, ci),
    flops: 2 * pixels(dy) * kernel ** 2 * ci * co,
    bytes: 4 * (elements(dy.shape) + elements(weights.shape) + elements(dx.shape)),
  });
  return through && parts;
}

function normPlace(through?: NormOptions & { norm: NormTensors }): Record<string, number> {
  const x = through?.norm.x;
  const stats = through?.norm.stats;
  return {
    xPixelStride: x?.pixelStride ?? 0,
    xOffset: x?.channelOffset ?? 0,
    statsStride: stats?.pixelStride ?? 0,
    statsOffset: stats?.channelOffset ?? 0,
    epsilon: through?.epsilon ?? 0,
  };
}

/** Without a norm the shader still declares its bindings; dy stands in and is never read there. */
function normBindings(dy: Tensor, through?: { norm: NormTensors }): Record<string, Tensor> {
  const { x = dy, affine = dy, stats = dy } = through?.norm ?? {};
  return { x, affine, stats };
}
