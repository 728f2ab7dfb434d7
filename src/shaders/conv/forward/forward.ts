/** Convolution, forward: bindings, dispatch sizes and variants. The formula stands in forward.naive.wgsl. */

import type { Choice } from '../../../engine/plan/choice.js';
import type { HalfProducts } from '../../../engine/plan/halfProducts.js';
import { kernels, type Variants } from '../../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../../engine/plan/plan.js';
import { channels, elements, isVec4, pixels, type Tensor } from '../../../engine/plan/tensor.js';
import { places } from '../../vec4.js';
import { workgroupSize } from '../../workgroups.js';
import { type ConvShape, describeShape, gemmClass, sizeParams } from '../shape.js';
import {
  pixelTile,
  prefersSmallCode,
  sharingLanes,
  subgroupChoice,
  subgroupIsWorkgroup,
  subgroupWorkgroup,
  tilesFor,
} from '../subgroupTiles.js';
import { withWorkgroup, workgroupChoices, workgroupThreads } from '../workgroupTiles.js';
import forwardNaive from './forward.naive.wgsl';
import forwardSubgroup from './forward.subgroup.wgsl';
import forwardSubgroupScalar from './forward.subgroupScalar.wgsl';
import forwardTiled from './forward.tiled.wgsl';
import forwardTiledScalar from './forward.tiledScalar.wgsl';
import forwardWorkgroup from './forward.workgroup.wgsl';

/** From naive to fast; workgroup is for hardware, and so is what matrix.ts has beside these. */
export const FORWARD = kernels('conv.forward', {
  naive: forwardNaive,
  tiledScalar: forwardTiledScalar,
  tiled: forwardTiled,
  subgroupScalar: forwardSubgroupScalar,
  subgroup: forwardSubgroup,
  workgroup: forwardWorkgroup,
});
type Variant = keyof typeof FORWARD | keyof HalfProducts['variants'];

export interface ConvForwardTensors {
  /** x[b,h,w,ci], may be a channel slice. */
  x: Tensor;
  /** weights[ky,kx,ci,co], dense. */
  weights: Tensor;
  /** [scale | shift][ci] of the prologue, relu(scale*x + shift), applied while reading. */
  affine?: Tensor;
  /** [scale | shift][co] of the epilogue, y = relu(scale*y + shift). */
  after?: Tensor;
  /** y[b,oh,ow,co], may be a channel slice. */
  y: Tensor;
}

function choices(
  plan: PlanBuilder,
  { x, y, affine }: ConvForwardTensors,
  { kernel, stride }: ConvShape,
  { half, statistics }: { half: HalfProducts | undefined; statistics: boolean },
): Choice<Variant>[] {
  const co = y.shape[3];
  const list: Choice<Variant>[] = [];
  if (isVec4(y)) {
    // A training goes on for long, so there nothing is seldom.
    const seldom = !statistics && (stride > 1 || (kernel === 1 && !affine));
    const tiles = tilesFor(plan.gpu, seldom ? 'forwardSeldom' : 'forward', pixels(y), co / 4);
    const PIXELS = pixelTile(plan, pixels(y));
    const four = isVec4(x) ? tiles.map((tile) => subgroupChoice(plan.gpu, tile)) : [];
    const one = tiles.map(
      ({ rows, columns4 }): Choice<Variant> => ({
        variant: 'subgroupScalar',
        tile: { PIXELS: rows, OUT4: columns4 },
      }),
    );
    list.push(...(prefersSmallCode(plan.gpu) ? [...one, ...four] : [...four, ...one]));
    if (isVec4(x)) list.push({ variant: 'tiled', tile: { PIXELS } });
    list.push({ variant: 'tiledScalar', tile: { PIXELS } });
  }
  const throughMemory = isVec4(x) && isVec4(y) ? workgroupChoices(plan.gpu, pixels(y), co) : [];
  const exact = [
    ...withWorkgroup<Variant>(plan.gpu, list, throughMemory),
    { variant: 'naive' as const, tile: {} },
  ];
  const rounded = half && isVec4(x) && isVec4(y) ? half.choices(plan.gpu, pixels(y), co) : [];
  // The tuner compares numbers, so it cannot measure the others beside these.
  return rounded.length > 0 ? [...rounded, ...exact.map((choice) => ({ ...choice, untimed: true }))] : exact;
}

/**
 * y = conv(act(x), weights).
 * @param options `half`: what may round, the plan's unless said otherwise
 * @returns with `statistics`: parts[slice,1,2,co] = [mean | sum of squared deviations] of y over slices of
 *   `pixelsPerSlice` pixels, if the variant can tell them on the way; else nothing
 */
export function convForward(
  plan: PlanBuilder,
  label: string,
  tensors: ConvForwardTensors,
  shape: ConvShape,
  { statistics = false, half = plan.half }: { statistics?: boolean; half?: HalfProducts } = {},
): { parts: Tensor; pixelsPerSlice: number } | undefined {
  const { x, weights, affine, after, y } = tensors;
  const [ci, co] = [channels(x), channels(y)];
  const count = pixels(y);
  const reduced = shape.kernel ** 2 * ci;
  const list = choices(plan, tensors, shape, { half, statistics });
  const variants = { ...FORWARD, ...half?.variants } as Variants<Variant>;
  const { variant, tile } = plan.choose<Variant>({
    key: `${gemmClass(shape, count, reduced, co)}${list[0].variant === 'subgroupMatrix' ? ' f16' : ''}`,
    variants,
    choices: list,
    tensors: { x, weights, y, ...(affine && { affine }), ...(after && { after }) },
    record: (other, t) =>
      convForward(
        other,
        label,
        { x: t.x, weights: t.weights, affine: t.affine, after: t.after, y: t.y },
        shape,
        { half },
      ),
  });
  const constants: Record<string, number> = {
    KERNEL: shape.kernel,
    STRIDE: shape.stride,
    PAD: shape.pad,
    PROLOGUE: affine ? 1 : 0,
    EPILOGUE: after ? 1 : 0,
    ...tile,
  };
  let workgroups = linear(count * co, 64);
  let parts: Tensor | undefined;
  let pixelsPerSlice = 0;
  if (variant === 'subgroup' || variant === 'subgroupScalar') {
    const counted = statistics && subgroupIsWorkgroup(plan.gpu);
    constants.LANES = sharingLanes(plan.gpu);
    constants.WORKGROUP = subgroupWorkgroup(plan.gpu, counted);
    constants.STATISTICS = counted ? 1 : 0;
    if (variant === 'subgroupScalar') constants.CHANNELS = ci > 4 || prefersSmallCode(plan.gpu) ? 1 : ci;
    pixelsPerSlice = constants.WORKGROUP * tile.PIXELS;
    workgroups = [Math.ceil(count / pixelsPerSlice), co / 4 / tile.OUT4, 1];
    parts = plan.tensor(`${label} statistics`, counted ? [workgroups[0], 1, 2, co] : [1, 1, 1, 4]);
  } else if (variant === 'workgroup') {
    constants.WORKGROUP = workgroupThreads(tile);
    constants.STATISTICS = statistics ? 1 : 0;
    pixelsPerSlice = tile.TILE_M;
    workgroups = [Math.ceil(count / tile.TILE_M), Math.ceil(co / tile.TILE_N), 1];
    parts = plan.tensor(`${label} statistics`, statistics ? [workgroups[0], 1, 2, co] : [1, 1, 1, 4]);
  } else if (variant === 'subgroupMatrix') {
    Object.assign(constants, half?.constants(plan.gpu));
    workgroups = [Math.ceil(count / tile.TILE_M), Math.ceil(co / tile.TILE_N), 1];
  } else if (variant !== 'naive') {
    const columns = variant === 'tiled' ? 8 : 16;
    constants.WORKGROUP = workgroupSize(plan);
    workgroups = [Math.ceil(count / (constants.WORKGROUP * tile.PIXELS)), Math.ceil(co / columns), 1];
  }
  plan.add({
    kernel: variants[variant],
    label,
    constants,
    params: { ...sizeParams(x, y), ...places(1, { x, y }) },
    // Without prologue or epilogue the shader still declares their bindings; x stands in and is never read there.
    tensors: { x, weights, affine: affine ?? x, after: after ?? x, y, ...(parts && { parts }) },
    workgroups,
    shape: describeShape(x, shape, co),
    flops: 2 * count * reduced * co,
    bytes: 4 * (elements(x.shape) + elements(weights.shape) + elements(y.shape)),
  });
  return constants.STATISTICS ? { parts: parts!, pixelsPerSlice } : undefined;
}
