/** Batches of one's own arrays: an `ImageGenerator` over numbers in memory instead of files. */
import {
  firstNotFinite,
  kindOf,
  listOfNumbers,
  listOfStrings,
  requireFields,
  shown,
  wholeNumber,
} from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import type { FloatImage, PixelImage } from '../images/pixels.js';
import { GENERATOR_OPTIONS, ImageGenerator, type ImageGeneratorOptions } from './generator.js';

/** Arrays for `arraySource`; batch size, order, seed, normalisation and augmentation as of an `ImageGenerator`. */
export interface ArraySourceOptions extends Omit<ImageGeneratorOptions, 'frame' | 'load' | 'floats'> {
  /**
   * pixels[n,h,w,channels] of n images. Bytes are normalised on the GPU; numbers of 16 bits and floats on the CPU, from
   * what they are and not from 0..255. Not copied: leave them alone while the source is in use.
   */
  readonly pixels: Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;
  /** 1: gray, the default; 3: red, green, blue. */
  readonly channels?: 1 | 3;
  /** labels[n,classes], 0 or 1; NaN where unknown. Without them the source is for prediction. */
  readonly labels?: ArrayLike<number>;
  /** Names of the classes; default: their numbers. */
  readonly classes?: readonly string[];
  /** What tables and errors call the images; default `image 0`, `image 1` and so on. */
  readonly files?: readonly string[];
  /** A new order every epoch; default false: predictions come in the order of the arrays. */
  readonly shuffle?: boolean;
}

const OWN_OPTIONS = ['pixels', 'channels', 'labels', 'classes', 'files'];

/**
 * A source for `fit` and `predictAll` over arrays.
 * @throws UsageError for pixels of another type, sides, channels and settings that make no sense; DataError for arrays
 *   whose lengths do not fit each other, labels other than 0, 1 and NaN, and pixels that are not finite
 */
export function arraySource(options: ArraySourceOptions): ImageGenerator {
  requireFields('The options of arraySource', options, [...GENERATOR_OPTIONS, ...OWN_OPTIONS]);
  const { pixels, channels = 1, labels, classes, files, shuffle = false, ...rest } = options;
  const height = wholeNumber('height', options.height, 1);
  const width = wholeNumber('width', options.width, 1);
  if (channels !== 1 && channels !== 3)
    throw new UsageError(`channels is ${shown(channels)}, it must be 1 or 3.`);
  const each = height * width * channels;
  const kind = kindOf(pixels);
  if (!/^(Uint8|Uint8Clamped|Uint16|Float32)Array$/.test(kind)) {
    throw new UsageError(
      `pixels is ${shown(pixels)}, it must be a Uint8Array, a Uint16Array or a Float32Array.`,
    );
  }
  const count = pixels.length / each;
  if (!Number.isInteger(count)) {
    throw new DataError(`${pixels.length} pixels do not make images of ${height} x ${width} x ${channels}.`);
  }
  const floats = !kind.startsWith('Uint8');
  const bad = kind === 'Float32Array' ? firstNotFinite(pixels as Float32Array) : -1;
  if (bad >= 0) throw new DataError(`A pixel of image ${Math.floor(bad / each)} is ${pixels[bad]}.`);
  const images =
    files === undefined
      ? Array.from({ length: count }, (_, i) => `image ${i}`)
      : [...listOfStrings('files', files, 'name')];
  if (images.length !== count) throw new DataError(`There are ${images.length} files for ${count} images.`);
  const load = async (_: string, row: number): Promise<PixelImage | FloatImage> => {
    const part = pixels.subarray(row * each, (row + 1) * each);
    const data = floats ? Float32Array.from(part) : (part as Uint8Array);
    return { width, height, channels, data } as PixelImage | FloatImage;
  };
  const frame = {
    file: 'The arrays',
    images,
    patientIds: images,
    lines: [],
    ...labelColumns(count, labels, classes),
  };
  return new ImageGenerator({ ...rest, frame, load, floats, height, width, shuffle });
}

/** No columns where nothing is known of the images. */
function labelColumns(count: number, labels?: ArrayLike<number>, names?: readonly string[]) {
  if (labels === undefined) return { classes: [], labels: new Uint8Array(0) };
  const given = Float32Array.from(listOfNumbers('labels', labels));
  const many = given.length / Math.max(1, count);
  const classes =
    names === undefined
      ? Array.from({ length: many }, (_, c) => String(c))
      : [...listOfStrings('classes', names, 'name')];
  if (many === classes.length) return { classes, labels: given };
  throw new DataError(`There are ${given.length} labels for ${count} images of ${classes.length} classes.`);
}
