/**
 * PIL's resizing. Nearest neighbour is index for index as there: the source coordinate is accumulated in
 * doubles, so it is not floor((i + 0.5) * src / dst): from 1024 to 320 pixels 28 indices come out one lower.
 * Source: Pillow src/libImaging/Geometry.c, ImagingScaleAffine. The smooth filters are in resample.ts.
 */

import { deepFreeze } from '../../core/deepFreeze.js';
import { UsageError } from '../../core/errors.js';
import { checkedImage, type PixelImage } from './pixels.js';
import { resample, SMOOTH_FILTERS, type SmoothFilter } from './resample.js';

/** Keras' names of PIL's filters. */
export type Interpolation = 'nearest' | SmoothFilter;
/** Every `Interpolation`; the first is the default. */
export const INTERPOLATIONS: readonly Interpolation[] = deepFreeze(['nearest', ...SMOOTH_FILTERS]);

/**
 * PIL's `resize((width, height), filter)`; an image of that size already comes back as it is.
 * @param interpolation default 'nearest', as Keras
 * @throws UsageError when a side is not a positive whole number, or there is no such filter; as `checkedImage`
 */
export function resize(
  image: PixelImage,
  width: number,
  height: number,
  interpolation: Interpolation = 'nearest',
): PixelImage {
  if (interpolation === 'nearest') return resizeNearest(image, width, height);
  if (!INTERPOLATIONS.includes(interpolation)) {
    throw new UsageError(
      `There is no interpolation "${interpolation}".`,
      `There are ${INTERPOLATIONS.join(', ')}.`,
    );
  }
  const checked = checkedImage(image);
  checkSize(width, height);
  return resample(checked, width, height, interpolation);
}

/** Far above any X-ray; three channels of it are still one array. */
const LARGEST_SIDE = 16384;

function checkSize(width: number, height: number): void {
  const fits = (side: number) => Number.isInteger(side) && side > 0 && side <= LARGEST_SIDE;
  if (fits(width) && fits(height)) return;
  throw new UsageError(
    `Cannot resize to ${width} x ${height} pixels.`,
    `Give whole numbers above 0, ${LARGEST_SIDE} at most.`,
  );
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
 * @throws UsageError when a side is not a positive whole number; as `checkedImage`
 */
export function resizeNearest(image: PixelImage, width: number, height: number): PixelImage {
  const source = checkedImage(image);
  checkSize(width, height);
  if (source.width === width && source.height === height) return source;
  const { channels, data } = source;
  const columns = nearestIndices(source.width, width);
  const rows = nearestIndices(source.height, height);
  const out = new Uint8Array(width * height * channels);
  let o = 0;
  for (let y = 0; y < height; y++) {
    const rowStart = rows[y] * source.width;
    for (let x = 0; x < width; x++) {
      const from = (rowStart + columns[x]) * channels;
      for (let c = 0; c < channels; c++) out[o++] = data[from + c];
    }
  }
  return { width, height, channels, data: out };
}
