/**
 * Batch norm over NHWC, followed by ReLU unless told otherwise. Nothing here stores a normalised map:
 * `prepare*` turns statistics into an affine [scale | shift] that the reading convolution applies as its
 * prologue, and the backward pass recomputes what it needs from x.
 *
 * Pairs of per-channel vectors travel as one tensor [1,1,2,c]: stats = [mean | variance],
 * gammaBeta = [gamma | beta], moving = [mean | variance], affine = [scale | shift],
 * dgammaBeta = [dgamma | dbeta]. Formulas stand in the naive shaders.
 */
import { kernels } from '../../engine/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan.js';
import { channels, elements, isVec4, pixels, type Tensor } from '../../engine/tensor.js';
import { reduceSlices } from '../reduce/reduce.js';
import { PIXELS_A_SLICE, workgroupSize } from '../tiling.js';
import backwardApplyNaive from './backwardApply.naive.wgsl';
import backwardApplyTiled from './backwardApply.tiled.wgsl';
import backwardReduceNaive from './backwardReduce.naive.wgsl';
import backwardReduceTiled from './backwardReduce.tiled.wgsl';
import prepareInferenceNaive from './prepareInference.naive.wgsl';
import prepareInferenceTiled from './prepareInference.tiled.wgsl';
import prepareTrainingNaive from './prepareTraining.naive.wgsl';
import prepareTrainingTiled from './prepareTraining.tiled.wgsl';
import statisticsNaive from './statistics.naive.wgsl';
import statisticsTiled from './statistics.tiled.wgsl';
import statisticsMergeNaive from './statisticsMerge.naive.wgsl';
import statisticsMergeTiled from './statisticsMerge.tiled.wgsl';

export const STATISTICS = kernels('batchnorm.statistics', { naive: statisticsNaive, tiled: statisticsTiled });
export const STATISTICS_MERGE = kernels('batchnorm.statisticsMerge', {
  naive: statisticsMergeNaive,
  tiled: statisticsMergeTiled,
});
export const PREPARE_TRAINING = kernels('batchnorm.prepareTraining', {
  naive: prepareTrainingNaive,
  tiled: prepareTrainingTiled,
});
export const PREPARE_INFERENCE = kernels('batchnorm.prepareInference', {
  naive: prepareInferenceNaive,
  tiled: prepareInferenceTiled,
});
export const BACKWARD_REDUCE = kernels('batchnorm.backwardReduce', {
  naive: backwardReduceNaive,
  tiled: backwardReduceTiled,
});
export const BACKWARD_APPLY = kernels('batchnorm.backwardApply', {
  naive: backwardApplyNaive,
  tiled: backwardApplyTiled,
});

/**
 * How the batch variance enters the moving variance (keras-spec 5.1), n = values in the batch, epsilon the batch
 * norm's: the biased variance times
 *   `keras2.3`      n/(n-1) * n/(n-1-epsilon)   Keras 2.3 on TensorFlow 1, the notebook: corrected twice
 *   `keras2.3-tf2`  n/(n-1-epsilon)             Keras 2.3 on TensorFlow 2
 *   `tf.keras`      n/(n-1)                     tf.keras with fused batch norm, its default; PyTorch
 *   `keras3`        1                           Keras 3, tf.keras not fused, TensorFlow.js
 */
export const MOVING_VARIANCE_RULES = ['keras2.3', 'keras2.3-tf2', 'tf.keras', 'keras3'] as const;
export type MovingVarianceRule = (typeof MOVING_VARIANCE_RULES)[number];

/** Factor on the biased batch variance; one value has no unbiased variance, so there it is 1. */
export function movingVarianceFactor(rule: MovingVarianceRule, n: number, epsilon: number): number {
  if (rule === 'keras3' || n < 2) return 1;
  const once = n / (n - 1);
  if (rule === 'tf.keras') return once;
  const again = n / (n - 1 - epsilon);
  return rule === 'keras2.3-tf2' ? again : once * again;
}

/** Threads that keep an adapter busy. */
const ENOUGH_THREADS = { software: 32, hardware: 16384 } as const;

function slicing(plan: PlanBuilder, count: number, c: number) {
  const wanted = Math.max(count / PIXELS_A_SLICE, ENOUGH_THREADS[plan.gpu.info.kind] / (c / 4));
  const pixelsPerSlice = Math.max(Math.min(16, count), Math.floor(count / Math.max(1, wanted)));
  return { pixelsPerSlice, slices: Math.ceil(count / pixelsPerSlice) };
}

function vec4OrNaive(plan: PlanBuilder, op: string, ...tensors: Tensor[]): 'tiled' | 'naive' {
  return plan.pick(op, tensors.every(isVec4) ? ['tiled', 'naive'] : ['naive']);
}

/**
 * Mean and biased variance of every channel of x over its pixels.
 * @param x x[b,h,w,c], may be a channel slice
 * @param stats stats[1,1,2,c], may be a channel slice
 */
export function batchStatistics(
  plan: PlanBuilder,
  label: string,
  { x, stats }: { x: Tensor; stats: Tensor },
): void {
  const n = pixels(x);
  const c = channels(x);
  const common = { pixels: n, channels: c };
  const shape = `[${x.shape.join(',')}]`;
  const cost = { shape, flops: 5 * n * c, bytes: 4 * elements(x.shape) };
  if (vec4OrNaive(plan, 'batchnorm.statistics', x, stats) === 'naive') {
    plan.add({
      kernel: STATISTICS.naive,
      label,
      params: {
        ...common,
        xPixelStride: x.pixelStride,
        xOffset: x.channelOffset,
        statsStride: stats.pixelStride,
        statsOffset: stats.channelOffset,
      },
      tensors: { x, stats },
      workgroups: linear(c, 64),
      ...cost,
    });
    return;
  }
  const { pixelsPerSlice, slices } = slicing(plan, n, c);
  const WORKGROUP = workgroupSize(plan);
  const parts = plan.tensor(`${label} statistics`, [slices, 1, 2, c]);
  plan.add({
    kernel: STATISTICS.tiled,
    label,
    constants: { WORKGROUP },
    params: { ...common, xPixelStride: x.pixelStride, xOffset: x.channelOffset, pixelsPerSlice, slices },
    tensors: { x, parts },
    workgroups: linear((c / 4) * slices, WORKGROUP),
    ...cost,
  });
  mergeStatistics(plan, label, { parts, stats }, { pixels: n, pixelsPerSlice });
}

/**
 * Joins statistics of slices of pixels.
 * @param parts parts[slice,1,2,c] = [mean | sum of squared deviations] of each slice
 * @param stats stats[1,1,2,c], may be a channel slice
 */
export function mergeStatistics(
  plan: PlanBuilder,
  label: string,
  { parts, stats }: { parts: Tensor; stats: Tensor },
  counts: { pixels: number; pixelsPerSlice: number },
): void {
  const [slices, , , c] = parts.shape;
  const variant = vec4OrNaive(plan, 'batchnorm.statisticsMerge', parts, stats);
  const unit = variant === 'tiled' ? 4 : 1;
  plan.add({
    kernel: STATISTICS_MERGE[variant],
    label,
    params: {
      ...counts,
      channels: c / unit,
      slices,
      statsStride: stats.pixelStride / unit,
      statsOffset: stats.channelOffset / unit,
    },
    tensors: { parts, stats },
    workgroups: linear(c / unit, 64),
    shape: `${slices} x ${c}`,
    flops: 10 * slices * c,
    bytes: 4 * (elements(parts.shape) + 2 * c),
  });
}

/**
 * Training: affine of this batch norm from the batch statistics, and its moving averages one step on.
 * @param n pixels behind the statistics
 */
export function prepareTraining(
  plan: PlanBuilder,
  label: string,
  { stats, gammaBeta, moving, affine }: { stats: Tensor; gammaBeta: Tensor; moving: Tensor; affine: Tensor },
  options: { n: number; epsilon: number; momentum: number; rule: MovingVarianceRule },
): void {
  const c = channels(affine);
  const variant = vec4OrNaive(plan, 'batchnorm.prepareTraining', stats, gammaBeta);
  const unit = variant === 'tiled' ? 4 : 1;
  plan.add({
    kernel: PREPARE_TRAINING[variant],
    label,
    params: {
      channels: c / unit,
      statsStride: stats.pixelStride / unit,
      statsOffset: stats.channelOffset / unit,
      epsilon: options.epsilon,
      rate: 1 - options.momentum,
      varianceFactor: movingVarianceFactor(options.rule, options.n, options.epsilon),
    },
    tensors: { stats, gammaBeta, moving, affine },
    workgroups: linear(c / unit, 64),
    shape: `${c}`,
    flops: 12 * c,
    bytes: 4 * 10 * c,
  });
}

/** Inference: affine of this batch norm from its moving averages. */
export function prepareInference(
  plan: PlanBuilder,
  label: string,
  { moving, gammaBeta, affine }: { moving: Tensor; gammaBeta: Tensor; affine: Tensor },
  { epsilon }: { epsilon: number },
): void {
  const c = channels(affine);
  const variant = vec4OrNaive(plan, 'batchnorm.prepareInference', gammaBeta);
  const unit = variant === 'tiled' ? 4 : 1;
  plan.add({
    kernel: PREPARE_INFERENCE[variant],
    label,
    params: { channels: c / unit, epsilon },
    tensors: { moving, gammaBeta, affine },
    workgroups: linear(c / unit, 64),
    shape: `${c}`,
    flops: 5 * c,
    bytes: 4 * 6 * c,
  });
}

interface BackwardTensors {
  /** x[b,h,w,c], what the batch norm read; may be a channel slice. */
  x: Tensor;
  /** da[b,h,w,c], gradient behind the ReLU if there is one; may be a channel slice. */
  da: Tensor;
  affine: Tensor;
  stats: Tensor;
  dgammaBeta: Tensor;
  /** dx[b,h,w,c]; may be a channel slice. */
  dx: Tensor;
}

/**
 * Gradients of gamma and beta, then of the input, through ReLU and batch norm with batch statistics.
 * @param accumulate add to dx instead of overwriting it
 * @param relu false where no ReLU follows the batch norm: da is then the gradient of its own output
 */
export function batchnormBackward(
  plan: PlanBuilder,
  label: string,
  { dx, ...tensors }: BackwardTensors,
  options: { epsilon: number; accumulate: boolean; relu?: boolean },
): void {
  backwardReduce(plan, label, tensors, options);
  backwardApply(plan, label, { dx, ...tensors }, options);
}

function backwardParams({ x, da, stats }: Omit<BackwardTensors, 'dx'>, epsilon: number) {
  return {
    pixels: pixels(x),
    channels: channels(x),
    xPixelStride: x.pixelStride,
    xOffset: x.channelOffset,
    daPixelStride: da.pixelStride,
    daOffset: da.channelOffset,
    statsStride: stats.pixelStride,
    statsOffset: stats.channelOffset,
    epsilon,
  };
}

/** dgamma and dbeta alone. */
export function backwardReduce(
  plan: PlanBuilder,
  label: string,
  tensors: Omit<BackwardTensors, 'dx'>,
  { epsilon, relu = true }: { epsilon: number; relu?: boolean },
): void {
  const { x, da, affine, stats, dgammaBeta } = tensors;
  const n = pixels(x);
  const c = channels(x);
  const tiled = vec4OrNaive(plan, 'batchnorm.backwardReduce', x, da, stats) === 'tiled';
  const { pixelsPerSlice, slices } = tiled ? slicing(plan, n, c) : { pixelsPerSlice: n, slices: 1 };
  const target = slices > 1 ? plan.tensor(`${label} slices`, [slices, 1, 1, 2 * c]) : dgammaBeta;
  const params = backwardParams(tensors, epsilon);
  const WORKGROUP = tiled ? workgroupSize(plan) : 64;
  plan.add({
    kernel: tiled ? BACKWARD_REDUCE.tiled : BACKWARD_REDUCE.naive,
    label,
    constants: { WORKGROUP, RELU: relu ? 1 : 0 },
    params: tiled ? { ...params, pixelsPerSlice, slices } : params,
    tensors: { x, da, affine, stats, dgammaBeta: target },
    workgroups: linear(tiled ? (c / 4) * slices : c, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: 7 * n * c,
    bytes: 4 * 2 * n * c,
  });
  if (slices > 1) reduceSlices(plan, label, { x: target, y: dgammaBeta });
}

/** dx from dgamma and dbeta. */
export function backwardApply(
  plan: PlanBuilder,
  label: string,
  tensors: BackwardTensors,
  { epsilon, accumulate, relu = true }: { epsilon: number; accumulate: boolean; relu?: boolean },
): void {
  const { x, da, affine, stats, dgammaBeta, dx } = tensors;
  const n = pixels(x);
  const c = channels(x);
  const tiled = vec4OrNaive(plan, 'batchnorm.backwardApply', x, da, stats, dx) === 'tiled';
  plan.add({
    kernel: tiled ? BACKWARD_APPLY.tiled : BACKWARD_APPLY.naive,
    label,
    constants: { ACCUMULATE: accumulate ? 1 : 0, RELU: relu ? 1 : 0 },
    params: {
      ...backwardParams(tensors, epsilon),
      dxPixelStride: dx.pixelStride,
      dxOffset: dx.channelOffset,
    },
    tensors: { x, da, affine, stats, dgammaBeta, dx },
    workgroups: tiled ? linear((c / 4) * Math.ceil(n / 8), 32) : linear(n * c, 64),
    shape: `[${x.shape.join(',')}]`,
    flops: 10 * n * c,
    bytes: 4 * (accumulate ? 4 : 3) * n * c,
  });
}
