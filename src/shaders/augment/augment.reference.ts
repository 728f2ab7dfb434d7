/** Plain loops for augment.ts: its oracle. Places and means in float64, colours in float32 as Keras has them. */
import { at, type Dense, dense, type Shape } from '../checkCase.js';
import type { Changes, FillMode } from './changes.js';
import { TABLE_WORDS } from './changeTable.js';

const { fround } = Math;

/** Value i of uint8 pixels packed four to a word, the first in the lowest bits. */
function pixel(words: Dense, i: number): number {
  return Math.floor(words.data[Math.floor(i / 4)] / 256 ** (i % 4)) % 256;
}

const float = (word: number) => new Float32Array(Uint32Array.of(word).buffer)[0];

/** What the table says of image b. */
function entry(table: Dense, b: number) {
  const words = table.data.subarray(b * TABLE_WORDS, (b + 1) * TABLE_WORDS);
  const [top, left, height, width] = words.subarray(16);
  const flag = (bit: number) => Math.floor(words[12] / bit) % 2 === 1;
  return {
    affine: [0, 1, 2, 3, 4, 5].map((k) => (words[2 * k] >> 0) / 2 ** 16 + words[2 * k + 1] / 2 ** 48),
    flipHorizontal: flag(2),
    flipVertical: flag(4),
    channelShift: flag(8) ? float(words[13]) : null,
    brightness: flag(16) ? float(words[14]) : null,
    crop: { top, left, height, width },
  };
}

/** Words of bytes y[b,i,j,c]: bilinear about pixel centres of the crop, its edges repeated, halves up. */
export function crop(x: Dense, table: Dense, [batch, h, w, channels]: Shape): Dense {
  const y = dense(x.shape);
  const place = (o: number, part: number, side: number) =>
    Math.min(Math.max(((2 * o + 1) * part - side) / (2 * side), 0), part - 1);
  for (let o = 0; o < batch * h * w * channels; o++) {
    const [c, j] = [o % channels, Math.floor(o / channels) % w];
    const i = Math.floor(o / (channels * w)) % h;
    const b = Math.floor(o / (channels * w * h));
    const part = entry(table, b).crop;
    const [r, s] = [place(i, part.height, h), place(j, part.width, w)];
    let sum = 0;
    for (const di of [0, 1]) {
      for (const dj of [0, 1]) {
        const row = part.top + Math.min(Math.floor(r) + di, part.height - 1);
        const column = part.left + Math.min(Math.floor(s) + dj, part.width - 1);
        const weight = (di ? r % 1 : 1 - (r % 1)) * (dj ? s % 1 : 1 - (s % 1));
        sum += weight * pixel(x, ((b * h + row) * w + column) * channels + c);
      }
    }
    // A sum of 4hw-ths that should be a half may miss it by what float64 rounds.
    y.data[Math.floor(o / 4)] += Math.floor(sum + 0.5 + 1e-9) * 256 ** (o % 4);
  }
  return y;
}

/** Pixel k of a side of n pixels that goes on as a mirror does. */
function mirrored(k: number, n: number): number {
  const m = ((k % (2 * n)) + 2 * n) % (2 * n);
  return m < n ? m : 2 * n - 1 - m;
}

/** SciPy's idea of a coordinate outside: null is outside for good. */
function broughtBack(at: number, n: number, mode: FillMode): number | null {
  if (mode === 'reflect' || (at >= 0 && at <= n - 1)) return at;
  if (mode === 'constant') return null;
  if (mode === 'nearest' || n === 1) return at < 0 ? 0 : n - 1;
  const period = n - 1;
  return at - period * (at < 0 ? Math.trunc(at / period) - 1 : Math.trunc(at / period));
}

/** y[b,i,j,c] from uint8 pixels[b,h,w,c]: turned, shifted, sheared, zoomed, flipped. */
export function move(
  words: Dense,
  table: Dense,
  shape: Shape,
  { fillMode, cval, interpolationOrder }: Pick<Changes, 'fillMode' | 'cval' | 'interpolationOrder'>,
): Dense {
  const y = dense(shape);
  const [batch, h, w, channels] = shape;
  const stored = (b: number, row: number, column: number, c: number) => {
    const i = fillMode === 'reflect' ? mirrored(row, h) : Math.min(Math.max(row, 0), h - 1);
    const j = fillMode === 'reflect' ? mirrored(column, w) : Math.min(Math.max(column, 0), w - 1);
    return pixel(words, at(y, b, i, j, c));
  };
  for (let b = 0; b < batch; b++) {
    const { affine, flipHorizontal, flipVertical } = entry(table, b);
    const [ri, rj, r0, si, sj, s0] = affine;
    for (let i = 0; i < h; i++) {
      for (let j = 0; j < w; j++) {
        const [fi, fj] = [flipVertical ? h - 1 - i : i, flipHorizontal ? w - 1 - j : j];
        const r = broughtBack(ri * fi + rj * fj + r0, h, fillMode);
        const s = broughtBack(si * fi + sj * fj + s0, w, fillMode);
        for (let c = 0; c < channels; c++) {
          let value = cval;
          if (r !== null && s !== null && interpolationOrder === 0) {
            value = stored(b, Math.floor(r + 0.5), Math.floor(s + 0.5), c);
          } else if (r !== null && s !== null) {
            const [top, left] = [Math.floor(r), Math.floor(s)];
            const [dr, ds] = [r - top, s - left];
            const upper = stored(b, top, left, c) * (1 - ds) + stored(b, top, left + 1, c) * ds;
            const lower = stored(b, top + 1, left, c) * (1 - ds) + stored(b, top + 1, left + 1, c) * ds;
            value = upper * (1 - dr) + lower * dr;
          }
          y.data[at(y, b, i, j, c)] = value;
        }
      }
    }
  }
  return y;
}

const rangeOf = (values: Float64Array) => [
  values.reduce((a, v) => Math.min(a, v), Number.POSITIVE_INFINITY),
  values.reduce((a, v) => Math.max(a, v), Number.NEGATIVE_INFINITY),
];

/** x[b,h,w,c] shifted within its range, brightened as Keras goes through bytes, rescaled. */
export function recolour(
  x: Dense,
  table: Dense,
  { rules, rescale }: Pick<Changes, 'rules' | 'rescale'>,
): Dense {
  const y = dense(x.shape);
  y.data.set(x.data);
  const each = x.data.length / x.shape[0];
  for (let b = 0; b < x.shape[0]; b++) {
    const values = y.data.subarray(b * each, (b + 1) * each);
    const { channelShift, brightness } = entry(table, b);
    if (channelShift !== null) {
      const [low, high] = rangeOf(values);
      values.forEach((v, i) => {
        values[i] = Math.min(Math.max(fround(v + channelShift), low), high);
      });
    }
    const [low, high] = rangeOf(values);
    const leaves = low < 0 || high > 255;
    const lift = rules === '1.1.0' ? Math.max(-low, 0) : -low;
    const top = fround(high + lift);
    values.forEach((given, i) => {
      let v = given;
      if (brightness !== null) {
        if (rules !== 'tf.keras' || leaves) {
          v = fround(v + lift);
          v = fround(255 * (top === 0 ? v : fround(v / top)));
        }
        v = Math.min(Math.trunc(fround(brightness * Math.trunc(v))), 255);
        if (rules === 'tf.keras' && leaves) v = (v / 255) * (high - low) + low;
      }
      values[i] = v * fround(rescale);
    });
  }
  return y;
}
