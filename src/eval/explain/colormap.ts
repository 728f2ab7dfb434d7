/** The notebook's Grad-CAM colours: matplotlib's `jet` over a gray X-ray. Needs no canvas. */
import { bytes, floats, nonNegativeNumber } from '../../core/arguments.js';
import { DataError } from '../../core/errors.js';

/** Breakpoints (position, value) of matplotlib's `jet`, linear between; by hand, as no package has its very bytes. */
const JET_SEGMENTS: readonly (readonly (readonly [number, number])[])[] = [
  [
    [0, 0],
    [0.35, 0],
    [0.66, 1],
    [0.89, 1],
    [1, 0.5],
  ],
  [
    [0, 0],
    [0.125, 0],
    [0.375, 1],
    [0.64, 1],
    [0.91, 0],
    [1, 0],
  ],
  [
    [0, 0.5],
    [0.11, 1],
    [0.34, 1],
    [0.65, 0],
    [1, 0],
  ],
];

/** Value at entry `i` of 256, in matplotlib's order of operations: truncation shows every rounding. */
function tableValue(points: readonly (readonly [number, number])[], i: number): number {
  const x = 255 * (i * (1 / 255));
  for (let k = 1; k < points.length; k++) {
    const x0 = points[k - 1][0] * 255;
    const x1 = points[k][0] * 255;
    const [y0, y1] = [points[k - 1][1], points[k][1]];
    if (x <= x1) return Math.min(1, Math.max(0, ((x - x0) / (x1 - x0)) * (y1 - y0) + y0));
  }
  return points[points.length - 1][1];
}

function jetTable(): Uint8Array {
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    // Truncated, not rounded: matplotlib casts lut*255 to uint8.
    for (let c = 0; c < 3; c++) table[i * 3 + c] = Math.floor(tableValue(JET_SEGMENTS[c], i) * 255);
  }
  return table;
}

/** matplotlib's `jet` as rgb[256,3], 8 bits per channel. */
export const JET: Uint8Array = jetTable();

/** Row of `JET` for t in 0..1: floor(256·t), and 255 for t = 1. */
export function jetIndex(t: number): number {
  return Math.min(255, Math.max(0, Math.floor(t * 256)));
}

/** How strongly the map covers the X-ray: the notebook's min(0.5, p). @throws UsageError unless p is 0 or above */
export function overlayAlpha(probability: number): number {
  return Math.min(0.5, nonNegativeNumber('The probability', probability));
}

/**
 * An X-ray `pixels[h,w]` or `pixels[h,w,3]` (8 bits) with the class activation map `map[h,w]` on top in
 * jet colours: rgb[h,w,3] = round((1 − alpha)·gray + alpha·jet). As `imshow` does, the map is first
 * stretched to its own minimum and maximum. A map without contrast (all zero, or not finite: nothing
 * speaks for the class) leaves the X-ray as it is.
 * @throws DataError if the sizes disagree or alpha is outside 0..1; UsageError for pixels that are no bytes or a map
 * that is no Float32Array.
 */
export function overlay(xray: Uint8Array, map: Float32Array, alpha: number): Uint8Array {
  const pixels = bytes('The pixels', xray);
  floats('The map', map);
  const channels = pixels.length / map.length;
  if (channels !== 1 && channels !== 3) {
    throw new DataError(`An image of ${pixels.length} bytes does not fit a map of ${map.length} values.`);
  }
  if (!(alpha >= 0 && alpha <= 1)) throw new DataError(`An overlay's alpha is 0..1, not ${alpha}.`);
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let finite = true;
  for (const v of map) {
    low = Math.min(low, v);
    high = Math.max(high, v);
    finite &&= Number.isFinite(v);
  }
  // In float32, as matplotlib's norm: some values land on the other side of a border between two colours.
  const span = Math.fround(high - low);
  const cover = finite && span > 0 && span < Number.POSITIVE_INFINITY ? alpha : 0;
  const rgb = new Uint8Array(map.length * 3);
  for (let i = 0; i < map.length; i++) {
    const row = cover > 0 ? jetIndex(Math.fround(Math.fround(map[i] - low) / span)) * 3 : 0;
    for (let c = 0; c < 3; c++) {
      const gray = pixels[i * channels + (channels === 3 ? c : 0)];
      rgb[i * 3 + c] = Math.round((1 - cover) * gray + cover * JET[row + c]);
    }
  }
  return rgb;
}
