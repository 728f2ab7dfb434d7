/** X-rays as the network wants them. */
import { listOfStrings, requireFields, wholeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import type { Normalisation, PixelBatch } from '../../training/batch.js';
import { admitNormalisation } from '../../training/model/admitBatch.js';
import { SAMPLEWISE } from '../generator/standardize.js';
import { checkedImage, joinPixels, type PixelImage } from './pixels.js';
import { type Interpolation, resize } from './resize.js';

/** How the pixels become network input; default as the notebook trains: nearest, each image by itself. */
export interface XrayOptions {
  normalisation?: Normalisation;
  /** Side in pixels, where no argument says it. */
  size?: number;
  /** A filter of `resize`; UsageError for any other. */
  interpolation?: Interpolation | (string & {});
}

/** The last of those that read a file. */
const XRAY_OPTIONS = ['normalisation', 'size', 'interpolation', 'scaling'];

/**
 * A batch of one X-ray or of many: resized to size x size, normalised on the GPU, without labels. Weights say what they
 * expect: pass their `preprocessing` as the options.
 * @param images pixels[h,w,channels] each, bytes 0..255: of `toPixels`, `decodeFile` or one's own
 * @param size side in pixels, a multiple of 32; default that of the options, else 320
 * @param name named in errors; of many, one name each
 * @throws UsageError for pixels of another type (floats, 16 bits), two or four channels, a size, a filter or a
 *   normalisation that there is not, no image, or another number of names; DataError for pixels of another number than
 *   the sides say
 */
export function xrayBatch(
  images: PixelImage | readonly PixelImage[],
  size?: number,
  name?: string | readonly string[],
  options: XrayOptions = {},
): PixelBatch & { files: string[] } {
  requireFields('The options of xrayBatch', options, XRAY_OPTIONS);
  const { normalisation = SAMPLEWISE, interpolation = 'nearest' } = options;
  const normal = admitNormalisation(normalisation, 'normalisation');
  const side = wholeNumber('size', size ?? options.size ?? 320, 1);
  const many: readonly PixelImage[] = Array.isArray(images) ? images : [images];
  const files = namesOf(many, name);
  if (many.length === 0) throw new UsageError('There is no image to make a batch of.');
  const resized = many.map((image, i) =>
    resize(checkedImage(image, files[i]), side, side, interpolation as Interpolation),
  );
  const shape = { count: many.length, height: side, width: side };
  return { ...shape, ...joinPixels(resized), normalisation: normal, files };
}

function namesOf(images: readonly PixelImage[], name?: string | readonly string[]): string[] {
  if (name === undefined) return images.map((_, i) => (images.length === 1 ? 'the X-ray' : `X-ray ${i}`));
  const names = typeof name === 'string' ? [name] : [...listOfStrings('name', name, 'name')];
  if (names.length === images.length) return names;
  throw new UsageError(`There are ${plural(names.length, 'name')} for ${plural(images.length, 'image')}.`);
}
