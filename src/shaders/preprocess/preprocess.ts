/**
 * From uint8 pixels to network input: statistics of each image and normalisation, gray to one or three channels.
 * The formulas stand in the heads of the naive kernels (keras-preprocessing 1.1.0 `standardize`).
 *
 * Pixels are uint8 values [b,h,w,channels] without gaps, packed four to a u32, the first in the lowest bits
 * (what a Uint8Array looks like in a little-endian Uint32Array); the last word may be partly filled.
 */
import { UsageError } from '../../core/errors.js';
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { places } from '../vec4.js';
import momentsNaive from './moments.naive.wgsl';
import momentsVec4 from './moments.vec4.wgsl';
import normaliseNaive from './normalise.naive.wgsl';
import normaliseVec4 from './normalise.vec4.wgsl';
import squaresNaive from './squares.naive.wgsl';
import sumsNaive from './sums.naive.wgsl';

export const SUMS = kernels('preprocess.sums', { naive: sumsNaive });
export const SQUARES = kernels('preprocess.squares', { naive: squaresNaive });
export const MOMENTS = kernels('preprocess.moments', { naive: momentsNaive, vec4: momentsVec4 });
export const NORMALISE = kernels('preprocess.normalise', { naive: normaliseNaive, vec4: normaliseVec4 });

const WORKGROUP = 64;
/** 65536 * 255^2 still fits a u32. */
const MAX_SLICE_BYTES = 65536;
const MIN_SLICE_BYTES = 1024;
const SLICES_PER_IMAGE = 64;
/** Up to here the sum of an image, and that sum plus half the count, fit a u32; counts are exact in f32. */
const MAX_IMAGE_BYTES = 2 ** 24;

/** u32 words that hold `count` images of uint8 pixels. */
export function pixelWords(count: number, height: number, width: number, channels: number): number {
  return Math.ceil((count * height * width * channels) / 4);
}

/**
 * moments = mean and 1/(population std + epsilon) of each image, over all pixels and channels.
 * @param pixels u32 words of uint8 pixels[b,height,width,channels]
 * @param moments moments[b,1,1,6] = mean x3, 1/(std + epsilon) x3; dense, overwritten
 * @throws UsageError when an image has more than 16,777,216 values
 */
export function samplewiseMoments(
  plan: PlanBuilder,
  label: string,
  { pixels, moments }: { pixels: Tensor; moments: Tensor },
  shape: { height: number; width: number; channels: 1 | 3; epsilon: number },
): void {
  requireDense(label, { pixels, moments });
  const { height, width, channels, epsilon } = shape;
  const batch = moments.shape[0];
  const imageBytes = height * width * channels;
  if (imageBytes > MAX_IMAGE_BYTES) {
    throw new UsageError(`An image of ${height}x${width}x${channels} is too large.`, 'Use a smaller `size`.');
  }
  const wanted = Math.ceil(imageBytes / SLICES_PER_IMAGE);
  const sliceBytes = Math.min(MAX_SLICE_BYTES, Math.max(MIN_SLICE_BYTES, Math.ceil(wanted / 4) * 4));
  const slices = Math.ceil(imageBytes / sliceBytes);
  const sums = plan.tensor(`${label} sums`, [batch, 1, 1, slices]);
  const squares = plan.tensor(`${label} squares`, [batch, 1, 1, slices]);
  const described = `[${batch},${height},${width},${channels}]`;
  const params = { batch, imageBytes, sliceBytes, slices };
  plan.add({
    kernel: SUMS[plan.pick(SUMS, ['naive'])],
    label,
    params,
    tensors: { pixels, sums },
    workgroups: linear(batch * slices, WORKGROUP),
    shape: described,
    flops: batch * imageBytes,
    bytes: batch * imageBytes,
  });
  plan.add({
    kernel: SQUARES[plan.pick(SQUARES, ['naive'])],
    label,
    params,
    tensors: { pixels, sums, squares },
    workgroups: linear(batch * slices, WORKGROUP),
    shape: described,
    flops: 3 * batch * imageBytes,
    bytes: batch * imageBytes,
  });
  plan.add({
    kernel: MOMENTS[plan.pick(MOMENTS, ['vec4', 'naive'])],
    label,
    params: { batch, imageBytes, slices, epsilon },
    tensors: { sums, squares, moments },
    workgroups: linear(batch, WORKGROUP),
    shape: described,
    flops: 2 * batch * slices,
    bytes: 4 * batch * (2 * slices + 6),
  });
}

/**
 * x = (pixels - mean) * 1/(std + epsilon); gray pixels are repeated where x has three channels.
 * @param pixels u32 words of uint8 pixels[b,h,w,channels]
 * @param moments moments[b,1,1,6] = mean[3] then 1/(std + epsilon)[3]: from `samplewiseMoments`, or written by
 *   the host (featurewise; mean 0 and scale 1 leave pixels as they are)
 * @param x x[b,h,w,c], overwritten; c = 3, or 1 with gray pixels, which then takes the first mean and scale
 */
export function normalise(
  plan: PlanBuilder,
  label: string,
  { pixels, moments, x }: { pixels: Tensor; moments: Tensor; x: Tensor },
  { channels }: { channels: 1 | 3 },
): void {
  requireDense(label, { pixels, moments });
  const [batch, h, w, out] = x.shape;
  const suits = (h * w) % 4 === 0 && x.pixelStride === out && x.channelOffset === 0;
  const variant = plan.pick(NORMALISE, suits ? ['vec4', 'naive'] : ['naive']);
  const size = elements(x.shape);
  plan.add({
    kernel: NORMALISE[variant],
    label,
    constants: { CHANNELS: channels, OUT: out },
    params:
      variant === 'vec4' ? { batch, positions: h * w } : { batch, positions: h * w, ...places(1, { x }) },
    tensors: { pixels, moments, x },
    workgroups: linear(variant === 'vec4' ? size / (4 * out) : size, WORKGROUP),
    shape: `[${batch},${h},${w},${channels}] -> ${out}`,
    flops: 2 * size,
    bytes: batch * h * w * channels + 4 * size,
  });
}
