/**
 * Keras' pixel normalisation on the CPU (keras-preprocessing 1.1.0: `standardize` and `fit`). The epsilon is
 * added to the standard deviation, and deviations are population ones (ddof 0).
 */
import type { Normalisation } from '../densenet/batch.js';
import { DataError } from '../engine/errors.js';
import type { PixelImage } from './pixels.js';

/** Keras' 1e-6 beside the standard deviation; not K.epsilon. */
export const STANDARDIZE_EPSILON = 1e-6;

export const SAMPLEWISE: Normalisation = { kind: 'samplewise', epsilon: STANDARDIZE_EPSILON };

/**
 * Writes the normalised image as x[h,w,3] float32 into `out`. Means and deviations are summed in float64 and
 * rounded to float32 where Keras holds them; each subtraction and division is a float32 one.
 */
export function standardizeInto(image: PixelImage, normalisation: Normalisation, out: Float32Array): void {
  const { data, channels } = image;
  const { center, scale } = affine(image, normalisation);
  for (let i = 0, o = 0; o < out.length; i += channels, o += 3) {
    for (let c = 0; c < 3; c++) {
      const value = data[channels === 1 ? i : i + c];
      out[o + c] = Math.fround(value - center[c]) / scale[c];
    }
  }
}

interface Affine {
  readonly center: readonly number[];
  readonly scale: readonly number[];
}

/** The float32 numbers to subtract from and to divide by, each channel. */
function affine(image: PixelImage, normalisation: Normalisation): Affine {
  switch (normalisation.kind) {
    case 'none':
      return { center: [0, 0, 0], scale: [1, 1, 1] };
    case 'samplewise': {
      const { mean, std } = moments(image.data);
      const center = Math.fround(mean);
      const scale = Math.fround(Math.fround(std) + normalisation.epsilon);
      return { center: [center, center, center], scale: [scale, scale, scale] };
    }
    case 'featurewise':
      return {
        center: normalisation.mean.map(Math.fround),
        scale: normalisation.std.map((std) => Math.fround(Math.fround(std) + normalisation.epsilon)),
      };
  }
}

/** Mean and population deviation of 8-bit values, exact: by histogram, in integers below 2^53. */
function moments(values: Uint8Array): { mean: number; std: number } {
  const histogram = new Float64Array(256);
  for (const value of values) histogram[value]++;
  return histogramMoments(histogram);
}

function histogramMoments(histogram: Float64Array): { mean: number; std: number } {
  const count = histogram.reduce((sum, n) => sum + n, 0);
  const mean = histogram.reduce((sum, n, value) => sum + n * value, 0) / count;
  const variance = histogram.reduce((sum, n, value) => sum + n * (value - mean) ** 2, 0) / count;
  return { mean, std: Math.sqrt(variance) };
}

/**
 * How featurewise statistics are summed. 'exact': the true mean and deviation. 'numpy-float32': as NumPy in
 * float32, pixel after pixel, whose rounding makes the deviation of 100 images at 320 px wrong by up to 0.7 %.
 */
export type FitMode = 'exact' | 'numpy-float32';

/**
 * Keras' `fit` with featurewise centring and scaling.
 * @param images a sample of the training images, all of one size
 * @returns a featurewise normalisation with one float32 mean and deviation a channel
 * @throws DataError when the sample is empty
 */
export function fitFeaturewise(images: readonly PixelImage[], mode: FitMode = 'exact'): Normalisation {
  if (images.length === 0) {
    throw new DataError('Featurewise statistics need at least one image.', 'Give a larger sample.');
  }
  const gray = images.every((image) => image.channels === 1);
  const statistics = mode === 'exact' ? fitExact : fitLikeNumpy;
  const channels = (gray ? [0] : [0, 1, 2]).map((c) => statistics(images, c));
  const at = (c: number) => channels[gray ? 0 : c];
  return {
    kind: 'featurewise',
    mean: [at(0).mean, at(1).mean, at(2).mean],
    std: [at(0).std, at(1).std, at(2).std],
    epsilon: STANDARDIZE_EPSILON,
  };
}

function fitExact(images: readonly PixelImage[], channel: number): { mean: number; std: number } {
  const histogram = new Float64Array(256);
  for (const { data, channels } of images) {
    for (let i = Math.min(channel, channels - 1); i < data.length; i += channels) histogram[data[i]]++;
  }
  const { mean, std } = histogramMoments(histogram);
  return { mean: Math.fround(mean), std: Math.fround(std) };
}

/** NumPy reduces x[n,h,w,3] over n, h and w one pixel after the other, each partial sum rounded to float32. */
function fitLikeNumpy(images: readonly PixelImage[], channel: number): { mean: number; std: number } {
  const { fround } = Math;
  const each = (visit: (value: number) => void) => {
    for (const { data, channels } of images) {
      for (let i = Math.min(channel, channels - 1); i < data.length; i += channels) visit(data[i]);
    }
  };
  let count = 0;
  let sum = 0;
  each((value) => {
    count++;
    sum = fround(sum + value);
  });
  const n = fround(count);
  const mean = fround(sum / n);
  // Keras centres first and takes the deviation of the centred values, which centres them once more.
  let residue = 0;
  each((value) => {
    residue = fround(residue + fround(value - mean));
  });
  const shift = fround(residue / n);
  let squares = 0;
  each((value) => {
    const d = fround(fround(value - mean) - shift);
    squares = fround(squares + fround(d * d));
  });
  return { mean, std: fround(Math.sqrt(fround(squares / n))) };
}
