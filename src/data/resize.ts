/**
 * PIL's resizing. Nearest neighbour is index for index as there: the source coordinate is accumulated in
 * doubles, so it is not floor((i + 0.5) * src / dst): from 1024 to 320 pixels 28 indices come out one lower.
 * Source: Pillow src/libImaging/Geometry.c, ImagingScaleAffine. The smooth filters are in resample.ts.
 */
import { UsageError } from '../core/errors.js';
import type { PixelImage } from './pixels.js';
import { resample, SMOOTH_FILTERS, type SmoothFilter } from './resample.js';

/** Keras' names of PIL's filters. */
export type Interpolation = 'nearest' | SmoothFilter;
export const INTERPOLATIONS: readonly Interpolation[] = ['nearest', ...SMOOTH_FILTERS];

/**
 * PIL's `resize((width, height), filter)`; an image of that size already comes back as it is.
 * @param interpolation default 'nearest', as Keras
 * @throws UsageError when a side is not a positive whole number, or there is no such filter
 */
export function resize(
  image: PixelImage,
  width: number,
  height: number,
  interpolation: Interpolation = 'nearest',
): PixelImage {
  if (interpolation === 'nearest') return resizeNearest(image, width, height);
  checkSize(width, height);
  if (!INTERPOLATIONS.includes(interpolation)) {
    throw new UsageError(
      `There is no interpolation "${interpolation}".`,
      `There are ${INTERPOLATIONS.join(', ')}.`,
    );
  }
  return resample(image, width, height, interpolation);
}

function checkSize(width: number, height: number): void {
  if (!(Number.isInteger(width) && width > 0 && Number.isInteger(height) && height > 0)) {
    throw new UsageError(`Cannot resize to ${width} x ${height} pixels.`, 'Give whole numbers above 0.');
  }
}

/** The source index of each of `target` pixels along one axis. */
export function nearestIndices(source: number, target: number): Int32Array {
  const step = source / target;
  const indices = new Int32Array(target);
  let coordinate = step * 0.5;
  for (let i = 0; i < target; i++) {
    indices[i] = Math.trunc(coordinate);
    coordinate += step;
  }
  return indices;
}

/**
 * PIL's `resize((width, height), NEAREST)`; an image of that size already comes back as it is.
 * @throws UsageError when a side is not a positive whole number
 */
export function resizeNearest(image: PixelImage, width: number, height: number): PixelImage {
  checkSize(width, height);
  if (image.width === width && image.height === height) return image;
  const { channels, data } = image;
  const columns = nearestIndices(image.width, width);
  const rows = nearestIndices(image.height, height);
  const out = new Uint8Array(width * height * channels);
  let o = 0;
  for (let y = 0; y < height; y++) {
    const rowStart = rows[y] * image.width;
    for (let x = 0; x < width; x++) {
      const from = (rowStart + columns[x]) * channels;
      for (let c = 0; c < channels; c++) out[o++] = data[from + c];
    }
  }
  return { width, height, channels, data: out };
}
