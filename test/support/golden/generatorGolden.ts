/**
 * What Keras' generators gave, test/golden/generator/generator.json, and the PNGs they gave it for: the formulas are
 * those of test/golden/generator/make_generator.py.
 */
import { readFileSync } from 'node:fs';
import type { AugmentationOptions } from '../../../src/data/generator/augmentation.js';
import type { Interpolation } from '../../../src/data/images/resize.js';
import type { KerasRules } from '../../../src/shaders/augment/changes.js';
import { GRAY, PALETTE, RGB, RGB_ALPHA, writePng } from '../files/png.js';
import { uniform } from '../networks/generated.js';

/** Sixteen values at places that `at` gives, mean, deviation, and a sum that feels exchanged pixels. */
export type Summary = readonly number[];

export interface GoldenBatches {
  path: 'sequence' | 'next';
  batches: { rows: number[]; x: Summary }[];
  /** The random number that comes next. */
  next: number;
}

export interface GoldenRun {
  options: AugmentationOptions;
  normalisation: 'none' | 'samplewise' | 'featurewise';
  rescale?: number;
  seed: number | null;
  shuffle: boolean;
  batchSize: number;
  width: number;
  height: number;
  interpolation: Interpolation;
}

/** theta, tx, ty, shear, zx, zy, flips, channel shift, brightness */
export type DrawnTransform = readonly (number | null)[];

export interface GoldenSection {
  rules: KerasRules;
  /** Checksums of the 12 PNGs, by "WIDTHxHEIGHT FILTER". */
  resizing: Record<string, string[]>;
  draws: { options: AugmentationOptions; drawn: DrawnTransform[]; next: number }[];
  transforms: {
    options: AugmentationOptions;
    image: number;
    seed: number | null;
    transform: Record<string, number> | null;
    x: Summary;
  }[];
  runs: (GoldenRun & { paths: GoldenBatches[] })[];
  statistics: {
    exact: { mean: number[]; std: number[] };
    cases: {
      options: AugmentationOptions;
      rescale: number | null;
      augment?: boolean;
      rounds?: number;
      seed?: number;
      mean: number[];
      std: number[];
    }[];
  };
  real: { frames: Record<string, string[]>; names: string[]; nih64: (GoldenRun & GoldenBatches)[] };
}

interface Golden {
  seeds: number[];
  globalSeed: number;
  sections: Record<string, GoldenSection>;
}

export const GOLDEN: Golden = JSON.parse(
  readFileSync(new URL('../../golden/generator/generator.json', import.meta.url), 'utf8'),
);

/** [name of the package, its section] */
export const SECTIONS = Object.entries(GOLDEN.sections);

export const COUNT = 12;
const KINDS = ['gray', 'rgb', 'gray16', 'palette', 'rgba', 'gray'] as const;
const COLOUR_TYPES = { gray: GRAY, gray16: GRAY, rgb: RGB, palette: PALETTE, rgba: RGB_ALPHA };

function samples(key: string, count: number, top: number): number[] {
  return Array.from(uniform(6, key, count, 0, top + 1), (value) => Math.min(Math.floor(value), top));
}

export function goldenName(k: number): string {
  return `${String(k).padStart(8, '0')}_000.png`;
}

export function goldenPng(k: number): Uint8Array {
  const width = 24 + ((k * 17) % 31);
  const height = 24 + ((k * 11) % 29);
  const kind = KINDS[k % KINDS.length];
  const channels = { gray: 1, gray16: 1, palette: 1, rgb: 3, rgba: 4 }[kind];
  return writePng({
    width,
    height,
    bitDepth: kind === 'gray16' ? 16 : 8,
    colorType: COLOUR_TYPES[kind],
    samples: samples(`png ${k}`, width * height * channels, kind === 'gray16' ? 600 : 255),
    palette: kind === 'palette' ? samples(`palette ${k}`, 768, 255) : undefined,
  });
}

/** The numbers of x[..,3] that the golden file keeps. */
export function summaryOf(x: ArrayLike<number>, count = 16): number[] {
  const n = x.length;
  let [sum, moment] = [0, 0];
  for (let i = 0; i < n; i++) {
    sum += x[i];
    moment += x[i] * ((i % 97) + 1);
  }
  const mean = sum / n;
  let squares = 0;
  for (let i = 0; i < n; i++) squares += (x[i] - mean) ** 2;
  const at = Array.from({ length: count }, (_, i) => x[(i * 7919 + 13) % n]);
  return [...at, mean, Math.sqrt(squares / n), moment / n];
}

/** The largest distance, of the moment by its size: it sums up to 97 times as much. */
export function worstOf(found: readonly number[], wanted: Summary): number {
  if (found.length !== wanted.length) return Number.POSITIVE_INFINITY;
  const far = wanted.map((value, i) => Math.abs(found[i] - value) / (i === wanted.length - 1 ? 50 : 1));
  return far.every((distance) => distance >= 0) ? Math.max(...far) : Number.POSITIVE_INFINITY;
}
