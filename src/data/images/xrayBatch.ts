/** One X-ray as the network wants it. */
import { requireObject, wholeNumber } from '../../core/arguments.js';
import type { Normalisation, PixelBatch } from '../../training/batch.js';
import { admitNormalisation } from '../../training/model/admitBatch.js';
import { SAMPLEWISE } from '../generator/standardize.js';
import { LABELS } from '../tables/labels.js';
import { checkedImage, type PixelImage } from './pixels.js';
import { type Interpolation, resize } from './resize.js';

/** How the pixels become network input; default as the notebook trains: nearest, each image by itself. */
export interface XrayOptions {
  normalisation?: Normalisation;
  /** A filter of `resize`; UsageError for any other. */
  interpolation?: Interpolation | (string & {});
}

/**
 * A batch of one: resized to size x size, normalised on the GPU. Its labels are all 0: what it shows is not
 * known. Weights of PyTorch say what they expect: pass their `preprocessing` as the options.
 * @param image pixels[h,w,channels], bytes 0..255
 * @param size side in pixels, a multiple of 32
 * @param name named in errors
 * @throws UsageError for pixels of another type (floats, 16 bits), two or four channels, a size, a filter or a
 *   normalisation that there is not; DataError for pixels of another number than the sides say
 */
export function xrayBatch(
  image: PixelImage,
  size = 320,
  name = 'the X-ray',
  options: XrayOptions = {},
): PixelBatch {
  requireObject('The options of xrayBatch', options);
  const { normalisation = SAMPLEWISE, interpolation = 'nearest' } = options;
  const normal = admitNormalisation(normalisation, 'normalisation');
  wholeNumber('size', size, 1);
  const checked = checkedImage(image, name);
  const { width, height, channels, data } = resize(checked, size, size, interpolation as Interpolation);
  // Of its own, also where the image had the size already.
  const pixels = data === checked.data ? data.slice() : data;
  const labels = new Float32Array(LABELS.length);
  return { count: 1, height, width, channels, pixels, normalisation: normal, labels, files: [name] };
}
