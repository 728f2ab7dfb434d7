/** 8-bit pixels on their way to the network. */
import { bytes, kindOf, requireObject, shown, wholeNumber } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import type { PixelBatch } from '../../training/batch.js';
import { firstOfThree } from '../../training/model/admitBatch.js';
import type { PixelFacts } from './pixelFacts.js';

export interface PixelImage {
  readonly width: number;
  readonly height: number;
  /** 1: gray, standing for three equal channels; 3: red, green, blue. */
  readonly channels: 1 | 3;
  /** data[h,w,channels], 0..255. */
  readonly data: Uint8Array;
  /** What the pixels were made of; only where they came from a file. */
  readonly facts?: PixelFacts;
}

/** Pixels that are no whole numbers any more, as behind an augmentation. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  /** As of a `PixelImage`. */
  readonly channels: 1 | 3;
  /** data[h,w,channels] */
  readonly data: Float32Array;
}

/**
 * An image as it should be; bytes of a canvas (Uint8ClampedArray) come back as a Uint8Array over the same memory.
 * @param name what messages call it
 * @throws UsageError for data of another type than bytes, sides that are no whole numbers, or two or four channels;
 *   DataError for data of another length than width * height * channels
 */
export function checkedImage(image: PixelImage, name = 'The image'): PixelImage {
  checkShape(image, name);
  const data = bytes(`${name}: data`, image.data);
  checkLength(data, image, name);
  return data === image.data ? image : { ...image, data };
}

/** As `checkedImage`, for functions that take floats as well. */
export function checkedPixels(image: PixelImage | FloatImage, name = 'The image'): PixelImage | FloatImage {
  checkShape(image, name);
  if (kindOf(image.data) !== 'Float32Array') return checkedImage(image as PixelImage, name);
  checkLength(image.data, image, name);
  return image;
}

function checkShape(image: PixelImage | FloatImage, name: string): void {
  requireObject(name, image);
  wholeNumber(`${name}: width`, image.width, 1);
  wholeNumber(`${name}: height`, image.height, 1);
  if (image.channels === 1 || image.channels === 3) return;
  throw new UsageError(
    `${name}: channels is ${shown(image.channels)}, it must be 1 (gray) or 3 (red, green, blue).`,
    image.channels === (4 as number) ? 'Leave out the alpha channel.' : '',
  );
}

function checkLength(data: ArrayLike<number>, image: PixelImage | FloatImage, name: string): void {
  const { width, height, channels } = image;
  if (data.length === width * height * channels) return;
  throw new DataError(
    `${name} has ${data.length} values where ${width} x ${height} pixels of ${channels} channels are ` +
      `${width * height * channels}.`,
  );
}

/** The image with three channels; a gray one has its channel repeated, as PIL's convert('RGB'). */
export function toRgb(image: PixelImage): PixelImage {
  if (image.channels === 3) return image;
  const { data, width, height } = image;
  const rgb = new Uint8Array(data.length * 3);
  for (let i = 0; i < data.length; i++) rgb.fill(data[i], i * 3, i * 3 + 3);
  return { width, height, channels: 3, data: rgb };
}

/** The image's only channel, or the first of three: what a network of one channel reads. */
export function firstChannel<Image extends PixelImage | FloatImage>(image: Image): Image {
  const { width, height, channels, data } = image;
  if (channels === 1) return image;
  const Numbers = data instanceof Uint8Array ? Uint8Array : Float32Array;
  return { width, height, channels: 1, data: firstOfThree(data, new Numbers(width * height)) } as Image;
}

/** pixels[n,h,w,channels] of images of one size: gray where all of them are. Always memory of its own. */
export function joinPixels(images: readonly PixelImage[]): Pick<PixelBatch, 'channels' | 'pixels'> {
  const channels = images.every((image) => image.channels === 1) ? 1 : 3;
  const parts = channels === 1 ? images : images.map(toRgb);
  const pixels = new Uint8Array(parts.reduce((sum, { data }) => sum + data.length, 0));
  let end = 0;
  for (const { data } of parts) {
    pixels.set(data, end);
    end += data.length;
  }
  return { channels, pixels };
}
