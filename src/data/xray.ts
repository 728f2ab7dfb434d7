/** One X-ray as the network wants it. */
import type { PixelBatch } from '../densenet/batch.js';
import { LABELS } from './labels.js';
import type { PixelImage } from './pixels.js';
import { resizeNearest } from './resize.js';
import { SAMPLEWISE } from './standardize.js';

/**
 * A batch of one: resized by PIL's nearest rule to size x size, normalised by its own mean and deviation on
 * the GPU, as in training. Its labels are all 0: what it shows is not known.
 * @param image pixels[h,w,channels], 0..255
 * @param size side in pixels, a multiple of 32
 * @param name named in errors
 */
export function xrayBatch(image: PixelImage, size = 320, name = 'the X-ray'): PixelBatch {
  const { width, height, channels, data: pixels } = resizeNearest(image, size, size);
  const labels = new Float32Array(LABELS.length);
  return { count: 1, height, width, channels, pixels, normalisation: SAMPLEWISE, labels, files: [name] };
}
