/** Applying a drawn transform to an image: a crop, then keras-preprocessing 1.1's `apply_transform`, in float32. */

import { requireObject } from '../../core/arguments.js';
import type { MT19937 } from '../../core/mt19937.js';
import type { ImageChange, KerasRules } from '../../shaders/augment/changes.js';
import { checkedPixels, type FloatImage, type PixelImage } from '../images/pixels.js';
import { affineAbout, applyAffine } from './affine.js';
import { type Augmentation, drawTransform, type Transform } from './augmentation.js';
import { applyCrop } from './randomResizedCrop.js';

const { fround } = Math;

/**
 * Keras' order: affine, channel shift, horizontal flip, vertical flip, brightness. A gray image stays gray: the
 * result is what each of its three equal channels would have become.
 * @param image pixels[h,w,channels], 0..255
 * @returns x[h,w,channels], float32; the image given is left alone
 * @throws UsageError for pixels that are neither bytes nor floats, or two or four channels; DataError for their number
 */
export function applyTransform(
  image: PixelImage | FloatImage,
  transform: Transform,
  augmentation: Augmentation,
): FloatImage {
  const whole = checkedPixels(image);
  const source = transform.crop ? applyCrop(whole, transform.crop) : whole;
  const { width, height, channels } = source;
  const moved = applyAffine(source, transform, augmentation);
  const data = moved?.data ?? Float32Array.from(source.data);
  if (transform.channelShift !== null) shiftChannels(data, transform.channelShift);
  const x = { width, height, channels, data };
  if (transform.flipHorizontal) flipColumns(x);
  if (transform.flipVertical) flipRows(x);
  if (transform.brightness !== null) shiftBrightness(data, transform.brightness, augmentation.rules);
  return x;
}

/** A transform of images of this size as the GPU carries it out. */
export function changeOf(
  transform: Transform,
  { rules }: Augmentation,
  size: { height: number; width: number },
): ImageChange {
  const { crop, flipHorizontal, flipVertical, channelShift, brightness } = transform;
  const affine = affineAbout(transform, rules, size);
  return { crop, affine, flipHorizontal, flipVertical, channelShift, brightness };
}

/** Keras' `random_transform`. */
export function randomTransform(
  image: PixelImage | FloatImage,
  augmentation: Augmentation,
  rng: MT19937,
): FloatImage {
  requireObject('The image', image);
  return applyTransform(image, drawTransform(augmentation, rng, image.height, image.width), augmentation);
}

function range(data: Float32Array): { min: number; max: number } {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of data) {
    if (value < min) min = value;
    if (value > max) max = value;
  }
  return { min, max };
}

/** Adds a number to everything and keeps it within what the image had. */
function shiftChannels(data: Float32Array, shift: number): void {
  const { min, max } = range(data);
  const added = fround(shift);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(Math.max(fround(data[i] + added), min), max);
}

function flipColumns({ data, width, channels }: FloatImage): void {
  for (let start = 0; start < data.length; start += width * channels) {
    for (let left = 0, right = width - 1; left < right; left++, right--) {
      for (let c = 0; c < channels; c++) {
        const [a, b] = [start + left * channels + c, start + right * channels + c];
        const held = data[a];
        data[a] = data[b];
        data[b] = held;
      }
    }
  }
}

function flipRows({ data, width, height, channels }: FloatImage): void {
  const length = width * channels;
  for (let top = 0, bottom = height - 1; top < bottom; top++, bottom--) {
    const held = data.slice(top * length, (top + 1) * length);
    data.copyWithin(top * length, bottom * length, (bottom + 1) * length);
    data.set(held, bottom * length);
  }
}

/**
 * Keras goes through an 8-bit PIL image: the pixels are stretched, cut to whole numbers, multiplied, and cut
 * again. Sources: keras-preprocessing `array_to_img`, Pillow src/libImaging/Blend.c.
 */
function shiftBrightness(data: Float32Array, brightness: number, rules: KerasRules): void {
  const { min, max } = range(data);
  const outside = min < 0 || max > 255;
  const stretch = rules !== 'tf.keras' || outside;
  const lift = rules === '1.1.0' ? Math.max(-min, 0) : -min;
  const top = fround(max + lift);
  const factor = fround(brightness);
  const span = fround(max - min);
  for (let i = 0; i < data.length; i++) {
    let x = data[i];
    if (stretch) {
      x = fround(x + lift);
      if (top !== 0) x = fround(x / top);
      x = fround(x * 255);
    }
    x = Math.min(Math.trunc(fround(factor * Math.trunc(x))), 255);
    // tf.keras leads stretched pixels back to the range they had.
    data[i] = rules === 'tf.keras' && outside ? fround(fround(fround(x / 255) * span) + min) : x;
  }
}
