/**
 * Keras' pixel normalisation on the CPU (keras-preprocessing 1.1.0: `standardize` and `fit`). The epsilon is
 * added to the standard deviation, and deviations are population ones (ddof 0).
 */

import { oneOf, requireObject, shown } from '../../core/arguments.js';
import { deepFreeze } from '../../core/deepFreeze.js';
import { DataError, UsageError } from '../../core/errors.js';
import { MT19937 } from '../../core/mt19937.js';
import type { KerasRules } from '../../shaders/augment/changes.js';
import type { Normalisation } from '../../training/batch.js';
import { checkedImage, type FloatImage, type PixelImage } from '../images/pixels.js';
import { type AugmentationOptions, makeAugmentation } from './augmentation.js';
import { randomTransform } from './transform.js';

/** Keras' 1e-6 beside the standard deviation; not K.epsilon. */
const STANDARDIZE_EPSILON = 1e-6;

/** Each image by its own mean and deviation, as the course trains. */
export const SAMPLEWISE: Normalisation = deepFreeze({ kind: 'samplewise', epsilon: STANDARDIZE_EPSILON });

/**
 * Writes the normalised image as x[h,w,c] float32 into `out`: three channels, or one of an image that has one. Means
 * and deviations are summed in float64 and rounded to float32 where Keras holds them; each subtraction and division is
 * a float32 one.
 */
export function standardizeInto(
  image: PixelImage | FloatImage,
  normalisation: Normalisation,
  out: Float32Array,
): void {
  const { width, height, data, channels } = image;
  const { center, scale } = affine(image, normalisation);
  const written = out.length / (width * height);
  for (let i = 0, o = 0; o < out.length; i += channels, o += written) {
    for (let c = 0; c < written; c++) {
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
function affine(image: PixelImage | FloatImage, normalisation: Normalisation): Affine {
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

/** `image * factor`, in float32: Keras' `rescale`. */
export function rescaled(image: PixelImage | FloatImage, factor: number): FloatImage {
  const { width, height, channels } = image;
  const by = Math.fround(factor);
  return { width, height, channels, data: Float32Array.from(image.data, (value) => value * by) };
}

interface Moments {
  mean: number;
  std: number;
}

/** Mean and population deviation; of 8-bit values exact, by histogram, in integers below 2^53. */
function moments(values: Uint8Array | Float32Array): Moments {
  if (values instanceof Uint8Array) {
    const histogram = new Float64Array(256);
    for (const value of values) histogram[value]++;
    return histogramMoments(histogram);
  }
  return floatMoments((visit) => values.forEach(visit));
}

function histogramMoments(histogram: Float64Array): Moments {
  const count = histogram.reduce((sum, n) => sum + n, 0);
  const mean = histogram.reduce((sum, n, value) => sum + n * value, 0) / count;
  const variance = histogram.reduce((sum, n, value) => sum + n * (value - mean) ** 2, 0) / count;
  return { mean, std: Math.sqrt(variance) };
}

/** Calls back with every value, in order. */
type Each = (visit: (value: number) => void) => void;

/** In float64, twice over the values. */
function floatMoments(each: Each): Moments {
  let count = 0;
  let sum = 0;
  each((value) => {
    count++;
    sum += value;
  });
  const mean = sum / count;
  let squares = 0;
  each((value) => {
    squares += (value - mean) ** 2;
  });
  return { mean, std: Math.sqrt(squares / count) };
}

/**
 * How featurewise statistics are summed. 'exact': the true mean and deviation. 'numpy-float32': as NumPy in
 * float32, pixel after pixel, whose rounding makes the deviation of 100 images at 320 px wrong by up to 0.7 %.
 */
export type FitMode = (typeof FIT_MODES)[number];
const FIT_MODES = ['exact', 'numpy-float32'] as const;

/** Arguments of Keras' `fit`, and what it takes from its generator. */
export interface FeaturewiseOptions {
  /** Default 'exact'. */
  readonly mode?: FitMode;
  /** The generator's; it counts here where `rules` is not '1.1.0'. */
  readonly rescale?: number;
  /** Keras' `augment=True`: the statistics of images transformed at random. */
  readonly augmentation?: AugmentationOptions;
  /** How often each image is transformed; default 1. */
  readonly rounds?: number;
  /** Start of the random numbers; null or nothing for statistics nobody can repeat. */
  readonly seed?: number | null;
  /** In place of a seed: the random numbers to go on with. */
  readonly rng?: MT19937;
  /** Default the augmentation's, else '1.1.0'. */
  readonly rules?: KerasRules;
}

/**
 * Keras' `fit` with featurewise centring and scaling.
 * @param images a sample of the training images, all of one size
 * @returns a featurewise normalisation with one float32 mean and deviation per channel
 * @throws DataError when the sample is empty or its images are not of one size; UsageError for rounds below one, a mode
 *   that there is not, a bad augmentation, or pixels that are no bytes
 */
export function fitFeaturewise(
  images: readonly PixelImage[],
  options: FitMode | FeaturewiseOptions = {},
): Normalisation {
  if (!Array.isArray(images)) throw new UsageError(`The images are ${shown(images)}, they must be an array.`);
  if (images.length === 0) {
    throw new DataError('Featurewise statistics need at least one image.', 'Give a larger sample.');
  }
  const settings = typeof options === 'string' ? { mode: options } : options;
  requireObject('The options of fitFeaturewise', settings);
  oneOf('mode', settings.mode ?? 'exact', FIT_MODES);
  const checked = images.map((image, i) => checkedImage(image, `Image ${i}`));
  const [{ width, height }] = checked;
  const other = checked.findIndex((image) => image.width !== width || image.height !== height);
  if (other > 0) {
    throw new DataError(
      `Image ${other} is of ${checked[other].width} x ${checked[other].height} pixels, ` +
        `image 0 of ${width} x ${height}.`,
      'Resize all of the sample alike.',
    );
  }
  const sample = prepared(checked, settings);
  const gray = sample.every((image) => image.channels === 1);
  const statistics = (settings.mode ?? 'exact') === 'exact' ? fitExact : fitLikeNumpy;
  const channels = (gray ? [0] : [0, 1, 2]).map((c) => statistics(sample, c));
  const at = (c: number) => channels[gray ? 0 : c];
  return {
    kind: 'featurewise',
    mean: [at(0).mean, at(1).mean, at(2).mean],
    std: [at(0).std, at(1).std, at(2).std],
    epsilon: STANDARDIZE_EPSILON,
  };
}

/** The images that the statistics are of: rescaled, then transformed at random, round after round. */
function prepared(
  images: readonly PixelImage[],
  { rescale, augmentation, rounds = 1, seed, rng, rules }: FeaturewiseOptions,
): readonly (PixelImage | FloatImage)[] {
  if (!Number.isInteger(rounds) || rounds < 1) {
    throw new UsageError(`The statistics cannot take ${rounds} rounds.`, 'Give a whole number, 1 or more.');
  }
  const before = (rules ?? augmentation?.rules ?? '1.1.0') === '1.1.0' ? undefined : rescale;
  const scaled = before ? images.map((image) => rescaled(image, before)) : images;
  if (!augmentation) return scaled;
  const settings = makeAugmentation(augmentation);
  const random = rng ?? (typeof seed === 'number' ? new MT19937(seed) : MT19937.fromEntropy());
  return Array.from({ length: rounds }, () =>
    scaled.map((image) => randomTransform(image, settings, random)),
  ).flat();
}

/** The values of one channel, image after image. */
function channelOf(images: readonly (PixelImage | FloatImage)[], channel: number): Each {
  return (visit) => {
    for (const { data, channels } of images) {
      for (let i = Math.min(channel, channels - 1); i < data.length; i += channels) visit(data[i]);
    }
  };
}

function fitExact(images: readonly (PixelImage | FloatImage)[], channel: number): Moments {
  const each = channelOf(images, channel);
  let found: Moments;
  if (images.every(({ data }) => data instanceof Uint8Array)) {
    const histogram = new Float64Array(256);
    each((value) => {
      histogram[value]++;
    });
    found = histogramMoments(histogram);
  } else {
    found = floatMoments(each);
  }
  return { mean: Math.fround(found.mean), std: Math.fround(found.std) };
}

/** NumPy reduces x[n,h,w,3] over n, h and w one pixel after the other, each partial sum rounded to float32. */
function fitLikeNumpy(images: readonly (PixelImage | FloatImage)[], channel: number): Moments {
  const { fround } = Math;
  const each = channelOf(images, channel);
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
