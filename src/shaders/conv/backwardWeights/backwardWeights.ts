/** Convolution, gradient with respect to the weights. The formula stands in backwardWeights.naive.wgsl. */

import type { Choice } from '../../../engine/plan/choice.js';
import { kernels, type Scalars } from '../../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../../engine/plan/plan.js';
import { channels, elements, isVec4, pixels } from '../../../engine/plan/tensor.js';
import { reduceSlices } from '../../reduce/reduce.js';
import { places } from '../../vec4.js';
import { PIXELS_PER_SLICE, workgroupSize } from '../../workgroups.js';
import { type ConvShape, describeShape, gemmClass, sizeParams } from '../shape.js';
import { sharingLanes, subgroupWorkgroup, tilesFor } from '../subgroupTiles.js';
import {
  LEAST_PIXELS_PER_SLICE,
  withWorkgroup,
  workgroupChoices,
  workgroupThreads,
} from '../workgroupTiles.js';
import backwardWeightsNaive from './backwardWeights.naive.wgsl';
import backwardWeightsSubgroup from './backwardWeights.subgroup.wgsl';
import backwardWeightsSubgroupScalar from './backwardWeights.subgroupScalar.wgsl';
import backwardWeightsTiled from './backwardWeights.tiled.wgsl';
import backwardWeightsTiledScalar from './backwardWeights.tiledScalar.wgsl';
import backwardWeightsWorkgroup from './backwardWeights.workgroup.wgsl';
import { evenLayers, type Layers, ONE_LAYER, type Tensors } from './layersPerDispatch.js';

/** From naive to fast; workgroup is for hardware. */
export const BACKWARD_WEIGHTS = kernels('conv.backwardWeights', {
  naive: backwardWeightsNaive,
  tiledScalar: backwardWeightsTiledScalar,
  tiled: backwardWeightsTiled,
  subgroupScalar: backwardWeightsSubgroupScalar,
  subgroup: backwardWeightsSubgroup,
  workgroup: backwardWeightsWorkgroup,
});
type Variant = keyof typeof BACKWARD_WEIGHTS;

/** Threads that keep an adapter busy. */
const ENOUGH_THREADS = { software: 32, hardware: 65536 } as const;
/** Rows of the result per thread of the scalar kernels. */
const SCALAR_ROWS = 7;

function choices(plan: PlanBuilder, { x, dy, dw }: Tensors): Choice<Variant>[] {
  const list: Choice<Variant>[] = [];
  const [kernel, , ci, co] = dw.shape;
  if (isVec4(dy)) {
    const tiles = tilesFor(plan.gpu, 'backwardWeights', kernel ** 2 * ci, co / 4);
    if (isVec4(x)) {
      for (const { rows, columns4 } of tiles) {
        if (rows >= 4 && ci % rows === 0) {
          list.push({ variant: 'subgroup', tile: { ROWS: rows, OUT4: columns4 } });
        }
      }
      list.push({ variant: 'tiled', tile: {} });
    } else {
      for (const { rows, columns4 } of tiles) {
        if (rows === 8) list.push({ variant: 'subgroupScalar', tile: { ROWS: SCALAR_ROWS, OUT4: columns4 } });
      }
    }
    list.push({ variant: 'tiledScalar', tile: {} });
  }
  const sums = Math.ceil(pixels(dy) / LEAST_PIXELS_PER_SLICE);
  const throughMemory = isVec4(x) && isVec4(dy) ? workgroupChoices(plan.gpu, ci, co, kernel ** 2 * sums) : [];
  return [...withWorkgroup<Variant>(plan.gpu, list, throughMemory), { variant: 'naive', tile: {} }];
}

/** dw = gradient of the loss with respect to the weights. */
export function convBackwardWeights(
  plan: PlanBuilder,
  label: string,
  tensors: Tensors,
  shape: ConvShape,
): void {
  record(plan, label, tensors, shape, ONE_LAYER);
}

/**
 * The same for several layers of one shape, in one dispatch where their tensors lie evenly in the same buffers and the
 * variant can; else one after the other.
 */
export function convBackwardWeightsOfLayers(
  plan: PlanBuilder,
  label: string,
  layers: readonly Tensors[],
  shape: ConvShape,
): void {
  const even = evenLayers(layers);
  if (even && record(plan, label, { ...layers[0], ...even.views }, shape, even.steps)) return;
  for (const tensors of layers) record(plan, label, tensors, shape, ONE_LAYER);
}

/** How a dispatch is cut: what the variant's constants and parameters are, and how many partial sums it makes. */
interface Cut {
  constants: Record<string, number>;
  params: Record<string, number>;
  workgroups: [number, number, number];
  slices: number;
}

/** Tiles of weights through workgroup memory; slices of pixels. */
function cutWorkgroup(plan: PlanBuilder, tile: Scalars, { dy, dw }: Tensors, layers: number): Cut {
  const [kernel, , ci, co] = dw.shape;
  const WORKGROUP = workgroupThreads(tile);
  const down = kernel ** 2 * Math.ceil(ci / tile.TILE_M);
  const across = Math.ceil(co / tile.TILE_N);
  const wanted = Math.min(
    pixels(dy) / LEAST_PIXELS_PER_SLICE,
    ENOUGH_THREADS[plan.gpu.info.kind] / (WORKGROUP * down * across * layers),
  );
  const most = Math.min(PIXELS_PER_SLICE, pixels(dy) / Math.max(1, wanted));
  const pixelsPerSlice = Math.ceil(most / tile.TILE_K) * tile.TILE_K;
  const slices = Math.ceil(pixels(dy) / pixelsPerSlice);
  return {
    constants: { WORKGROUP },
    params: { pixelsPerSlice },
    workgroups: [down, across, slices * layers],
    slices,
  };
}

/** Tiles of weights in registers, with or without sharing in the subgroup; slices of image rows. */
function cutRegisters(
  plan: PlanBuilder,
  { variant, tile }: Choice<Variant>,
  { dy, dw }: Tensors,
  layers: number,
): Cut {
  const [kernel, , ci, co] = dw.shape;
  const [b, oh, ow] = dy.shape;
  const sharing = variant === 'subgroup' || variant === 'subgroupScalar';
  const rowsPerThread = tile.ROWS ?? (variant === 'tiledScalar' ? SCALAR_ROWS : 4);
  const columnGroups = sharing ? co / 4 / tile.OUT4 : Math.ceil(co / (variant === 'tiledScalar' ? 8 : 16));
  const WORKGROUP = sharing ? subgroupWorkgroup(plan.gpu, false) : workgroupSize(plan);
  const threads = Math.ceil((kernel ** 2 * ci) / rowsPerThread);
  // A flushed sum may be as long as it likes.
  const wanted = Math.max(
    sharing ? 1 : pixels(dy) / PIXELS_PER_SLICE,
    ENOUGH_THREADS[plan.gpu.info.kind] / (threads * columnGroups * layers),
  );
  const rowsPerSlice = Math.max(1, Math.floor((b * oh) / wanted));
  const slices = Math.ceil((b * oh) / rowsPerSlice);
  const FLUSH = rowsPerSlice * ow > PIXELS_PER_SLICE ? 1 : 0;
  return {
    constants: { WORKGROUP, ...(sharing && { LANES: sharingLanes(plan.gpu), FLUSH }) },
    params: { rowsPerSlice },
    workgroups: [Math.ceil(threads / WORKGROUP), columnGroups, slices * layers],
    slices,
  };
}

function cut(plan: PlanBuilder, choice: Choice<Variant>, tensors: Tensors, layers: number): Cut {
  if (choice.variant === 'workgroup') return cutWorkgroup(plan, choice.tile, tensors, layers);
  if (choice.variant !== 'naive') return cutRegisters(plan, choice, tensors, layers);
  return { constants: {}, params: {}, workgroups: linear(elements(tensors.dw.shape), 64), slices: 1 };
}

/** Parameters of the kernels that take several layers: where each begins, and where its partial sums go. */
function layerParams(layers: Layers, size: number, slices: number): Record<string, number> {
  const dense = slices > 1;
  return {
    slices,
    sliceDw: layers.count * size,
    layerX: layers.x,
    layerDy: layers.dy,
    layerAffine: layers.affine,
    layerDw: dense ? size : layers.dw,
    layerGrowth: dense ? 0 : layers.growth,
  };
}

/** With several layers: records nothing and says false where the variant takes one at a time. */
function record(
  plan: PlanBuilder,
  label: string,
  tensors: Tensors,
  shape: ConvShape,
  layers: Layers,
): boolean {
  const { x, dy, affine, dw } = tensors;
  const [ci, co] = [channels(x), channels(dy)];
  const reduced = shape.kernel ** 2 * ci;
  const choice = plan.choose<Variant>({
    key: gemmClass(shape, pixels(dy), reduced, co),
    variants: BACKWARD_WEIGHTS,
    choices: choices(plan, tensors),
    tensors: { x, dy, dw, ...(affine && { affine }) },
    record: (other, t) =>
      convBackwardWeights(other, label, { x: t.x, dy: t.dy, affine: t.affine, dw: t.dw }, shape),
  });
  const takesLayers = choice.variant === 'subgroup' || choice.variant === 'workgroup';
  if (layers.count > 1 && !takesLayers) return false;
  const size = elements(dw.shape);
  const { constants, params, workgroups, slices } = cut(plan, choice, tensors, layers.count);
  const all = layers.count * size;
  const target = slices > 1 ? plan.tensor(`${label} slices`, [slices, 1, 1, all]) : dw;
  plan.add({
    kernel: BACKWARD_WEIGHTS[choice.variant],
    label,
    constants: {
      KERNEL: shape.kernel,
      STRIDE: shape.stride,
      PAD: shape.pad,
      PROLOGUE: affine ? 1 : 0,
      ...choice.tile,
      ...constants,
    },
    params: {
      ...sizeParams(x, dy),
      ...places(1, { x, dy }),
      ...params,
      ...(takesLayers && layerParams(layers, size, slices)),
    },
    tensors: { x, dy, affine: affine ?? x, dw: target },
    workgroups,
    shape: `${layers.count > 1 ? `${layers.count} times ` : ''}${describeShape(x, shape, co)}`,
    flops: 2 * layers.count * pixels(dy) * reduced * co,
    bytes: 4 * (layers.count * (elements(x.shape) + elements(dy.shape)) + slices * all),
  });
  if (slices > 1) {
    const layerPlaces = layers.count > 1 ? { size, step: layers.dw, growth: layers.growth } : undefined;
    reduceSlices(plan, label, { x: target, y: dw }, layerPlaces);
  }
  return true;
}
