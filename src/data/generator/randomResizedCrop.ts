/**
 * A part of the image at random, brought back to the image's size: torchvision's `RandomResizedCrop`, its draws and its
 * geometry. Sources: torchvision/transforms/transforms.py, `get_params`; torch's `upsample_bilinear2d`.
 */
import { shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { MT19937 } from '../../core/mt19937.js';
import type { Crop } from '../../shaders/augment/changes.js';
import type { FloatImage, PixelImage } from '../images/pixels.js';

/** torchvision's `scale` and `ratio`, under its defaults. */
export interface RandomResizedCropOptions {
  /** Share of the area that a crop keeps; default [0.08, 1]. */
  readonly scale?: readonly [low: number, high: number];
  /** Width by height of a crop, drawn evenly on a logarithmic scale; default [3/4, 4/3]. */
  readonly ratio?: readonly [low: number, high: number];
}

export type RandomResizedCrop = Required<RandomResizedCropOptions>;

const DEFAULTS: RandomResizedCrop = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] };
const TRIES = 10;

/**
 * Checked, with defaults filled in.
 * @throws UsageError for a scale outside (0, 1], a ratio of 0 or less, a low above its high, or another setting
 */
export function makeRandomResizedCrop(given: RandomResizedCropOptions): RandomResizedCrop {
  const refuse = (hint: string) => new UsageError(`randomResizedCrop cannot be ${shown(given)}.`, hint);
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw refuse('Give { scale: [low, high], ratio: [low, high] }; both may be left out.');
  }
  const unknown = Object.keys(given).find((name) => !(name in DEFAULTS));
  if (unknown !== undefined) throw refuse(`There is no "${unknown}": give scale and ratio.`);
  const { scale = DEFAULTS.scale, ratio = DEFAULTS.ratio } = given;
  if (!isRange(scale) || scale[1] > 1) throw refuse('Give the scale as [low, high], above 0 and up to 1.');
  if (!isRange(ratio)) throw refuse('Give the ratio as [low, high], above 0.');
  return { scale, ratio };
}

function isRange(range: unknown): boolean {
  if (!Array.isArray(range) || range.length !== 2) return false;
  return range.every((n) => Number.isFinite(n) && n > 0) && range[0] <= range[1];
}

/** Python's `round`: halves to the even neighbour. */
function pythonRound(x: number): number {
  const below = Math.floor(x);
  if (x - below !== 0.5) return Math.round(x);
  return below % 2 === 0 ? below : below + 1;
}

/**
 * torchvision's `get_params`: up to ten tries, each an area, a ratio and, where the crop fits, its corner; then the
 * largest crop about the centre whose ratio is allowed.
 */
export function drawCrop(
  { scale, ratio }: RandomResizedCrop,
  rng: MT19937,
  height: number,
  width: number,
): Crop {
  const logarithms = [Math.log(ratio[0]), Math.log(ratio[1])] as const;
  for (let tries = 0; tries < TRIES; tries++) {
    const area = height * width * rng.uniform(...scale);
    const aspect = Math.exp(rng.uniform(...logarithms));
    const w = pythonRound(Math.sqrt(area * aspect));
    const h = pythonRound(Math.sqrt(area / aspect));
    if (w <= 0 || w > width || h <= 0 || h > height) continue;
    return { top: rng.choice(height - h + 1), left: rng.choice(width - w + 1), height: h, width: w };
  }
  const whole = width / height;
  // A side of an extreme image may round to 0.
  const h = whole < ratio[0] ? Math.max(1, pythonRound(width / ratio[0])) : height;
  const w = whole > ratio[1] ? Math.max(1, pythonRound(height * ratio[1])) : width;
  return { top: Math.floor((height - h) / 2), left: Math.floor((width - w) / 2), height: h, width: w };
}

/** Neighbours and weight of an output position, in whole numbers: weight / (2 side) belongs to the second. */
function source(o: number, crop: number, side: number) {
  const at = Math.min(Math.max((2 * o + 1) * crop - side, 0), 2 * side * (crop - 1));
  const first = Math.floor(at / (2 * side));
  return { first, second: Math.min(first + 1, crop - 1), weight: at % (2 * side) };
}

/**
 * The crop at the image's size, bilinear about pixel centres, edges of the crop repeated. Sums are exact; bytes stay
 * bytes, rounded to the nearest, halves up.
 * @param image pixels[h,w,channels]
 */
export function applyCrop<T extends PixelImage | FloatImage>(image: T, crop: Crop): T {
  const { data, width, height, channels } = image;
  const bytes = data instanceof Uint8Array;
  const out = bytes ? new Uint8Array(data.length) : new Float32Array(data.length);
  const columns = Array.from({ length: width }, (_, j) => source(j, crop.width, width));
  const whole = 4 * height * width;
  for (let i = 0, o = 0; i < height; i++) {
    const row = source(i, crop.height, height);
    const upper = (crop.top + row.first) * width + crop.left;
    const lower = (crop.top + row.second) * width + crop.left;
    const above = 2 * height - row.weight;
    for (const column of columns) {
      const beside = 2 * width - column.weight;
      for (let c = 0; c < channels; c++, o++) {
        const at = (line: number, x: number) => data[(line + x) * channels + c];
        const top = at(upper, column.first) * beside + at(upper, column.second) * column.weight;
        const bottom = at(lower, column.first) * beside + at(lower, column.second) * column.weight;
        const sum = top * above + bottom * row.weight;
        out[o] = bytes ? Math.floor((sum + whole / 2) / whole) : sum / whole;
      }
    }
  }
  return { ...image, data: out };
}
