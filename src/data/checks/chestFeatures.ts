/** What tells a frontal chest X-ray from other pictures: a few numbers of a small gray copy of it. */
import type { PixelImage } from '../images/pixels.js';

/** Side of the small copy, in pixels. */
export const SIDE = 32;

/** In this order everywhere; each says what is the matter where the number speaks against a chest X-ray. */
export const FEATURES = {
  colour: 'it is in colours',
  aspect: 'it is much wider than high, or higher than wide',
  match: 'it does not look like a chest seen from the front',
  upright: 'it looks upside down',
  symmetry: 'its left and right do not mirror each other',
  lungs: 'there are no two dark lungs beside a bright middle',
  base: 'there is nothing bright below dark lungs',
  edges: 'it has hard edges, as text, drawings and photographs have',
  flat: 'large parts of it have one single gray',
} as const;
export type ChestFeature = keyof typeof FEATURES;

/** Gray means of the picture in SIDE x SIDE fields, whatever its shape; small[SIDE,SIDE], 0..255. */
export function smallCopy({ width, height, channels, data }: PixelImage): Float64Array {
  const small = new Float64Array(SIDE * SIDE);
  const bounds = (length: number, i: number) => {
    const from = Math.min(length - 1, Math.floor((i * length) / SIDE));
    return [from, Math.max(from + 1, Math.floor(((i + 1) * length) / SIDE))];
  };
  for (let y = 0; y < SIDE; y++) {
    const [y0, y1] = bounds(height, y);
    for (let x = 0; x < SIDE; x++) {
      const [x0, x1] = bounds(width, x);
      let sum = 0;
      for (let v = y0; v < y1; v++) {
        for (let i = (v * width + x0) * channels; i < (v * width + x1) * channels; i++) sum += data[i];
      }
      small[y * SIDE + x] = sum / ((y1 - y0) * (x1 - x0) * channels);
    }
  }
  return small;
}

function deviation(values: ArrayLike<number>): number {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i];
    squares += values[i] ** 2;
  }
  return Math.sqrt(Math.max(0, squares / values.length - (sum / values.length) ** 2));
}

/** Pearson's correlation; 0 where one of them is constant. */
function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let [sa, sb, saa, sbb, sab] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sa += a[i];
    sb += b[i];
    saa += a[i] ** 2;
    sbb += b[i] ** 2;
    sab += a[i] * b[i];
  }
  const spread = (saa - sa ** 2 / n) * (sbb - sb ** 2 / n);
  return spread > 1e-9 ? (sab - (sa * sb) / n) / Math.sqrt(spread) : 0;
}

/** The part of a picture that the template is laid on: a share of its sides, around a point. */
interface Place {
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

/** Where a chest may lie: a little larger or smaller, a little aside. */
const PLACES: readonly Place[] = [0.8, 0.9, 1, 1.12].flatMap((scale) =>
  [-3, -1.5, 0, 1.5, 3].flatMap((y) => [-3, -1.5, 0, 1.5, 3].map((x) => ({ scale, x, y }))),
);

/** The field at a place; outside of the picture its border goes on. */
function fieldAt(small: Float64Array, { scale, x, y }: Place, upsideDown = false): Float64Array {
  const out = new Float64Array(SIDE * SIDE);
  const middle = (SIDE - 1) / 2;
  const at = (i: number, shift: number) =>
    Math.max(0, Math.min(SIDE - 1, Math.round(middle + (i - middle) * scale + shift)));
  for (let v = 0; v < SIDE; v++) {
    const row = at(upsideDown ? SIDE - 1 - v : v, y) * SIDE;
    for (let u = 0; u < SIDE; u++) out[v * SIDE + u] = small[row + at(u, x)];
  }
  return out;
}

function bestMatch(small: Float64Array, template: ArrayLike<number>, upsideDown: boolean) {
  let best = { field: small, value: -1 };
  for (const place of PLACES) {
    const field = fieldAt(small, place, upsideDown);
    const value = correlation(field, template);
    if (value > best.value) best = { field, value };
  }
  return best;
}

function meanOf(field: Float64Array, [x0, x1]: readonly number[], [y0, y1]: readonly number[]): number {
  let sum = 0;
  let count = 0;
  for (let y = Math.round(y0 * SIDE); y < y1 * SIDE; y++) {
    for (let x = Math.round(x0 * SIDE); x < x1 * SIDE; x++, count++) sum += field[y * SIDE + x];
  }
  return sum / count;
}

/** Of the picture and its mirror image about the best of some axes. */
function symmetryOf(small: Float64Array): number {
  let best = -1;
  for (let shift = -4; shift <= 4; shift++) {
    const [a, b]: number[][] = [[], []];
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const mirrored = SIDE - 1 - x + shift;
        if (mirrored < 0 || mirrored >= SIDE || mirrored <= x) continue;
        a.push(small[y * SIDE + x]);
        b.push(small[y * SIDE + mirrored]);
      }
    }
    best = Math.max(best, correlation(a, b));
  }
  return best;
}

/** How much a pixel differs from the mean of its four neighbours, in standard deviations of the picture. */
function edgesOf(small: Float64Array, spread: number): number {
  let sum = 0;
  for (let y = 1; y < SIDE - 1; y++) {
    for (let x = 1; x < SIDE - 1; x++) {
      const i = y * SIDE + x;
      const around = (small[i - 1] + small[i + 1] + small[i - SIDE] + small[i + SIDE]) / 4;
      sum += Math.abs(small[i] - around);
    }
  }
  return sum / ((SIDE - 2) ** 2 * spread);
}

function colourOf({ channels, data }: PixelImage): number {
  if (channels === 1) return 0;
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i], data[i + 1], data[i + 2]];
    sum += Math.max(r, g, b) - Math.min(r, g, b);
  }
  return Math.min(1, sum / (data.length / 3) / 16);
}

/** The largest share of fields within four gray levels. */
function flatOf(small: Float64Array): number {
  const counts = new Uint16Array(65);
  for (const value of small) counts[Math.floor(value / 4)]++;
  return Math.max(...counts) / small.length;
}

/** @param template the mean of many chests, template[SIDE,SIDE] */
export function chestFeatures(image: PixelImage, template: ArrayLike<number>): Record<ChestFeature, number> {
  const small = smallCopy(image);
  const spread = Math.max(1, deviation(small));
  const { field, value: match } = bestMatch(small, template, false);
  const across = [0.3, 0.62];
  const lungs = [meanOf(field, [0.18, 0.36], across), meanOf(field, [0.64, 0.82], across)];
  const middle = meanOf(field, [0.44, 0.56], across);
  const below = meanOf(field, [0.2, 0.8], [0.82, 0.96]);
  return {
    colour: colourOf(image),
    aspect: Math.abs(Math.log(image.width / image.height)),
    match,
    upright: match - bestMatch(small, template, true).value,
    symmetry: symmetryOf(small),
    lungs: (middle - Math.max(...lungs)) / spread,
    base: (below - (lungs[0] + lungs[1]) / 2) / spread,
    edges: edgesOf(small, spread),
    flat: flatOf(small),
  };
}
