/**
 * Turning, shifting, shearing and zooming an image: the matrices of keras-preprocessing's
 * `apply_affine_transform` and the sampling of SciPy's `ndimage.affine_transform`, orders 0 and 1.
 */

import type { Affine, FillMode, KerasRules } from '../../shaders/augment/changes.js';
import type { FloatImage, PixelImage } from '../images/pixels.js';
import type { Augmentation, Transform } from './augmentation.js';

/** The matrix product A B; both stand for 3 x 3 matrices whose last row is 0 0 1. */
function product([a, b, c, d, e, f]: Affine, [p, q, r, s, t, u]: Affine): Affine {
  return [a * p + b * s, a * q + b * t, a * r + b * u + c, d * p + e * s, d * q + e * t, d * r + e * u + f];
}

const radians = (degrees: number) => degrees * (Math.PI / 180);

/** Rotation * shift * shear * zoom, of those that do anything; null where none does. */
function affineOf({ theta, tx, ty, shear, zx, zy }: Transform): Affine | null {
  const parts: Affine[] = [];
  if (theta !== 0) {
    const [sin, cos] = [Math.sin(radians(theta)), Math.cos(radians(theta))];
    parts.push([cos, -sin, 0, sin, cos, 0]);
  }
  if (tx !== 0 || ty !== 0) parts.push([1, 0, tx, 0, 1, ty]);
  if (shear !== 0) parts.push([1, -Math.sin(radians(shear)), 0, 0, Math.cos(radians(shear)), 0]);
  if (zx !== 1 || zy !== 1) parts.push([zx, 0, 0, 0, zy, 0]);
  return parts.length === 0 ? null : parts.reduce(product);
}

/** The matrix of a transform about Keras' idea of the centre; null where it moves nothing. */
export function affineAbout(
  transform: Transform,
  rules: KerasRules,
  { height, width }: { height: number; width: number },
): Affine | null {
  const matrix = affineOf(transform);
  if (matrix === null) return null;
  const off = rules === 'tf.keras' ? -0.5 : 0.5;
  const [x, y] = [height / 2 + off, width / 2 + off];
  const about = product(product([1, 0, x, 0, 1, y], matrix), [1, 0, -x, 0, 1, -y]);
  if (rules !== 'tf.keras') return about;
  const [a, b, c, d, e, f] = about;
  return [e, d, f, b, a, c];
}

/**
 * A coordinate outside 0..n-1 brought back, as SciPy does it; NaN for the mode 'constant'. The mirror repeats
 * the edge pixel (period 2n), and what it gives may lie up to one pixel outside; wrap has the period n - 1.
 */
function bringBack(at: number, n: number, mode: FillMode): number {
  if (at >= 0 && at <= n - 1) return at;
  if (mode === 'constant') return Number.NaN;
  if (mode === 'nearest') return at < 0 ? 0 : n - 1;
  if (n <= 1) return 0;
  if (mode === 'wrap') {
    const period = n - 1;
    if (at < 0) return at + period * (Math.trunc(-at / period) + 1);
    return at - period * Math.trunc(at / period);
  }
  const period = 2 * n;
  if (at < 0) {
    const once = at < -period ? period * Math.trunc(-at / period) + at : at;
    return once < -n ? once + period : -once - 1;
  }
  const once = at - period * Math.trunc(at / period);
  return once >= n ? period - once - 1 : once;
}

/** A neighbour just outside the image is the edge pixel: mirrored, or of weight 0. */
function within(index: number, n: number): number {
  return index < 0 ? 0 : index >= n ? n - 1 : index;
}

/**
 * Rotation, shifts, shear and zoom of a transform, sampled in float64 and stored as float32.
 * @returns null where the transform has none of them
 */
export function applyAffine(
  image: PixelImage | FloatImage,
  transform: Transform,
  { fillMode, cval, interpolationOrder, rules }: Augmentation,
): FloatImage | null {
  const matrix = affineAbout(transform, rules, image);
  if (matrix === null) return null;
  const { data, width, height, channels } = image;
  const [a, b, c, d, e, f] = matrix;
  const out = new Float32Array(data.length);
  let o = 0;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++, o += channels) {
      const row = bringBack(a * i + b * j + c, height, fillMode);
      const column = bringBack(d * i + e * j + f, width, fillMode);
      if (Number.isNaN(row) || Number.isNaN(column)) {
        out.fill(cval, o, o + channels);
        continue;
      }
      if (interpolationOrder === 0) {
        const from = within(Math.floor(row + 0.5), height) * width + within(Math.floor(column + 0.5), width);
        for (let k = 0; k < channels; k++) out[o + k] = data[from * channels + k];
        continue;
      }
      const top = Math.floor(row);
      const left = Math.floor(column);
      const below = row - top;
      const right = column - left;
      const above = 1 - below;
      const beside = 1 - right;
      const upper = within(top, height) * width;
      const lower = within(top + 1, height) * width;
      const first = within(left, width);
      const second = within(left + 1, width);
      for (let k = 0; k < channels; k++) {
        out[o + k] =
          data[(upper + first) * channels + k] * above * beside +
          data[(upper + second) * channels + k] * above * right +
          data[(lower + first) * channels + k] * below * beside +
          data[(lower + second) * channels + k] * below * right;
      }
    }
  }
  return { width, height, channels, data: out };
}
