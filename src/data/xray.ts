/** One X-ray as the network wants it. */
import type { Normalisation, PixelBatch } from '../densenet/batch.js';
import { LABELS } from './labels.js';
import type { PixelImage } from './pixels.js';
import { type Interpolation, resize } from './resize.js';
import { SAMPLEWISE } from './standardize.js';

/** How the pixels become network input; default as the notebook trains: nearest, each image by itself. */
export interface XrayOptions {
  normalisation?: Normalisation;
  /** A filter of `resize`; UsageError for any other. */
  interpolation?: Interpolation | (string & {});
}

/**
 * A batch of one: resized to size x size, normalised on the GPU. Its labels are all 0: what it shows is not
 * known. Weights of PyTorch say what they expect: pass their `preprocessing` as the options.
 * @param image pixels[h,w,channels], 0..255
 * @param size side in pixels, a multiple of 32
 * @param name named in errors
 */
export function xrayBatch(
  image: PixelImage,
  size = 320,
  name = 'the X-ray',
  { normalisation = SAMPLEWISE, interpolation = 'nearest' }: XrayOptions = {},
): PixelBatch {
  const { width, height, channels, data: pixels } = resize(image, size, size, interpolation as Interpolation);
  const labels = new Float32Array(LABELS.length);
  return { count: 1, height, width, channels, pixels, normalisation, labels, files: [name] };
}
