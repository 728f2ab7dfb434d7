/**
 * Batch norm, backward, in two halves. The first goes back through the ReLU and adds up what the gradients of gamma and
 * beta need (`reluBackwardAndSums`, or a convolution's epilogue); the second ends the gradient of the input: at once
 * for a map with one reader (`backwardApply`), or when its last reader is done for the channels of a dense block
 * (`backwardFinalise`). Formulas stand in the naive shaders. dgammaBeta = [dgamma | dbeta].
 */
import { linear, type PlanBuilder } from '../../../engine/plan/plan.js';
import { channels, elements, pixels, type Tensor } from '../../../engine/plan/tensor.js';
import { places, scalarAndVec4, unitOf, vec4OrNaive } from '../../vec4.js';
import { workgroupSize } from '../../workgroups.js';
import { pixelSlices, pixelsPerThread } from '../slices.js';
import backwardApplyText from './backwardApply.naive.wgsl';
import backwardFinaliseText from './backwardFinalise.naive.wgsl';
import reluBackwardAndSumsText from './reluBackwardAndSums.naive.wgsl';

export const RELU_BACKWARD_AND_SUMS = scalarAndVec4('batchnorm.reluBackwardAndSums', reluBackwardAndSumsText);
export const BACKWARD_APPLY = scalarAndVec4('batchnorm.backwardApply', backwardApplyText);
export const BACKWARD_FINALISE = scalarAndVec4('batchnorm.backwardFinalise', backwardFinaliseText);

/** The batch norm that a gradient goes through. */
export interface NormTensors {
  /** x[b,h,w,c], what it read; may be a channel slice. */
  x: Tensor;
  affine: Tensor;
  /** stats[1,1,2,c], may be a channel slice. */
  stats: Tensor;
}

/** What the first half writes: dz itself, scale*dz, or scale*dz added to what is there. */
export type NormGradient = 'gradient' | 'scaled' | 'gathered';
export const NORM_GRADIENTS: readonly NormGradient[] = ['gradient', 'scaled', 'gathered'];

function statsPlace(unit: number, stats: Tensor) {
  return { statsStride: stats.pixelStride / unit, statsOffset: stats.channelOffset / unit };
}

/**
 * Through the ReLU behind a batch norm.
 * @param da gradient behind the ReLU, da[b,h,w,c]; or of averages over windows of it, da[b,h/wh,w/ww,c]
 * @param dx dx[b,h,w,c], may be a channel slice
 * @param relu false where no ReLU follows the batch norm
 * @returns parts[slice,1,2,c] = [dgamma | dbeta] of slices of the pixels
 */
export function reluBackwardAndSums(
  plan: PlanBuilder,
  label: string,
  { x, affine, stats, da, dx }: NormTensors & { da: Tensor; dx: Tensor },
  { epsilon, mode, relu = true }: { epsilon: number; mode: NormGradient; relu?: boolean },
): Tensor {
  const n = pixels(x);
  const c = channels(x);
  const [, height, width] = x.shape;
  const [windowHeight, windowWidth] = [height / da.shape[1], width / da.shape[2]];
  const variant = vec4OrNaive(plan, RELU_BACKWARD_AND_SUMS, x, da, dx, stats);
  const unit = unitOf(variant);
  const { pixelsPerSlice, slices } = pixelSlices(plan, n, c);
  const parts = plan.tensor(`${label} slices`, [slices, 1, 2, c]);
  const WORKGROUP = workgroupSize(plan);
  plan.add({
    kernel: RELU_BACKWARD_AND_SUMS[variant],
    label,
    constants: {
      WORKGROUP,
      RELU: relu ? 1 : 0,
      POOLED: windowHeight * windowWidth > 1 ? 1 : 0,
      MODE: NORM_GRADIENTS.indexOf(mode),
    },
    params: {
      pixels: n,
      channels: c / unit,
      ...places(unit, { x, da, dx }),
      ...statsPlace(unit, stats),
      epsilon,
      pixelsPerSlice,
      slices,
      height,
      width,
      windowHeight,
      windowWidth,
    },
    tensors: { x, da, affine, stats, dx, parts },
    workgroups: linear((c / unit) * slices, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: 9 * n * c,
    bytes: 4 * (elements(da.shape) + (mode === 'gathered' ? 3 : 2) * n * c),
  });
  return parts;
}

/**
 * Ends the gradient of a map that only this batch norm reads.
 * @param dz dz[b,h,w,c] of `reluBackwardAndSums` in mode `gradient`
 * @param parts of the same
 * @param dgammaBeta [dgamma | dbeta][c], written
 * @param dx dx[b,h,w,c], overwritten
 */
export function backwardApply(
  plan: PlanBuilder,
  label: string,
  tensors: NormTensors & { dz: Tensor; parts: Tensor; dgammaBeta: Tensor; dx: Tensor },
  { epsilon }: { epsilon: number },
): void {
  const { x, affine, stats, dz, parts, dgammaBeta, dx } = tensors;
  const n = pixels(x);
  const c = channels(x);
  const variant = vec4OrNaive(plan, BACKWARD_APPLY, x, dz, dx, stats);
  const unit = unitOf(variant);
  const run = pixelsPerThread(plan, n, c);
  const WORKGROUP = workgroupSize(plan);
  plan.add({
    kernel: BACKWARD_APPLY[variant],
    label,
    constants: { WORKGROUP },
    params: {
      pixels: n,
      channels: c / unit,
      ...places(unit, { x, dz, dx }),
      ...statsPlace(unit, stats),
      epsilon,
      slices: parts.shape[0],
      pixelsPerThread: run,
    },
    tensors: { x, dz, affine, stats, parts, dgammaBeta, dx },
    workgroups: linear((c / unit) * Math.ceil(n / run), WORKGROUP),
    shape: `[${x.shape.join(',')}], ${parts.shape[0]} slices`,
    flops: 5 * n * c,
    bytes: 4 * (3 * n * c + elements(parts.shape)),
  });
}

/**
 * Ends a reader of a dense block: gradients of its gamma and beta, and the gradient of the block's channels
 * [done, c), for which no reader is left.
 * @param parts of the reader's first half, over its channels [0,c); none for one that does not go by statistics: its
 *   gradients of gamma and beta are then 0, and it takes nothing off
 * @param g g[b,h,w,c], what all readers gathered (`reluBackwardAndSums` in the modes `scaled` and `gathered`)
 * @param sums sums[1,1,2,C] of the readers before; written for channels below `done`
 * @param first no reader was before
 */
export function backwardFinalise(
  plan: PlanBuilder,
  label: string,
  tensors: NormTensors & { parts?: Tensor; sums: Tensor; dgammaBeta: Tensor; g: Tensor },
  { epsilon, done, first }: { epsilon: number; done: number; first: boolean },
): void {
  const { x, affine, stats, parts, sums, dgammaBeta, g } = tensors;
  const n = pixels(x);
  const c = channels(x);
  const slices = parts?.shape[0] ?? 0;
  const fits = vec4OrNaive(plan, BACKWARD_FINALISE, x, g, stats, sums);
  const variant = done % 4 === 0 ? fits : 'naive';
  const unit = unitOf(variant);
  const run = pixelsPerThread(plan, n, c - done);
  const WORKGROUP = workgroupSize(plan);
  plan.add({
    kernel: BACKWARD_FINALISE[variant],
    label,
    constants: { WORKGROUP, FIRST: first ? 1 : 0 },
    params: {
      pixels: n,
      channels: c / unit,
      done: done / unit,
      ...places(unit, { x, g }),
      ...statsPlace(unit, stats),
      sumsStride: sums.pixelStride / unit,
      epsilon,
      slices,
      pixelsPerThread: run,
    },
    // Without slices the affine stands in for them and is never read as such.
    tensors: { x, affine, stats, parts: parts ?? affine, sums, dgammaBeta, g },
    workgroups: linear((done + (c - done) * Math.ceil(n / run)) / unit, WORKGROUP),
    shape: `[${x.shape.join(',')}] ends [${done},${c}), ${slices} slices`,
    flops: 4 * n * (c - done) + 4 * slices * c,
    bytes: 4 * (3 * n * (c - done) + 2 * slices * c),
  });
}
