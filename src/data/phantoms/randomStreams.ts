import { MT19937 } from '../../core/mt19937.js';

/** Mixes integers into one 32-bit seed, so that every patient, visit and organ has its own stream. */
export function mixSeed(...keys: number[]): number {
  let h = 0x9e3779b9;
  for (const key of keys) {
    h = Math.imul(h ^ (key >>> 0), 0x85ebca6b);
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
    h ^= h >>> 16;
  }
  return h >>> 0;
}

/** A reproducible stream of random numbers with the few distributions the phantoms need. */
export class Stream {
  private readonly generator: MT19937;
  constructor(...keys: number[]) {
    this.generator = new MT19937(mixSeed(...keys));
  }
  random(): number {
    return this.generator.random();
  }
  uniform(low: number, high: number): number {
    return low + (high - low) * this.generator.random();
  }
  /** Gaussian, cut at 2.5 standard deviations: anatomy has no outliers that leave the frame. */
  normal(mean: number, deviation: number): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.random()));
    const z = radius * Math.cos(2 * Math.PI * this.random());
    return mean + deviation * Math.max(-2.5, Math.min(2.5, z));
  }
  chance(probability: number): boolean {
    return this.random() < probability;
  }
  integer(count: number): number {
    return Math.min(count - 1, Math.floor(this.random() * count));
  }
  pick<T>(items: readonly T[]): T {
    return items[this.integer(items.length)];
  }
}

/** Hash of a lattice point to [0, 1); used where millions of numbers are needed by position. */
export function hash2(x: number, y: number, seed: number): number {
  let h = Math.imul(x, 0x27d4eb2d) ^ Math.imul(y, 0x165667b1) ^ seed;
  h = Math.imul(h ^ (h >>> 15), 0x2c1b3c6d);
  h = Math.imul(h ^ (h >>> 12), 0x297a2d39);
  return ((h ^ (h >>> 15)) >>> 0) / 4294967296;
}

/** Between the four corners of a lattice cell: a at the place [0, 0] in it, b right of it, c below, d below b. */
function between(a: number, b: number, c: number, d: number, fx: number, fy: number): number {
  const u = fx * fx * (3 - 2 * fx);
  const v = fy * fy * (3 - 2 * fy);
  return a + (b - a) * u + (c - a + (a - b - c + d) * u) * v;
}

/** Smooth value noise in [0, 1) with one bump per unit of x and y. */
export function valueNoise(x: number, y: number, seed: number): number {
  const xi = Math.floor(x);
  const yi = Math.floor(y);
  const a = hash2(xi, yi, seed);
  const b = hash2(xi + 1, yi, seed);
  const c = hash2(xi, yi + 1, seed);
  const d = hash2(xi + 1, yi + 1, seed);
  return between(a, b, c, d, x - xi, y - yi);
}

/** Each octave of a cloud is twice as fine as the one before, and half as strong. */
const FINER = 2.03;
const WEAKER = 0.55;

/** Octaves of value noise, in about [0, 1]. */
export function cloudNoise(x: number, y: number, octaves: number, seed: number): number {
  let sum = 0;
  let weight = 0;
  let gain = 1;
  let scale = 1;
  for (let octave = 0; octave < octaves; octave++) {
    sum += gain * valueNoise(x * scale, y * scale, seed + octave * 7919);
    weight += gain;
    gain *= WEAKER;
    scale *= FINER;
  }
  return sum / weight;
}

/**
 * `cloudNoise` at the places [xs, ys] * zoom from `begin` to `end`, which lie side by side: neighbours mostly share a
 * lattice cell, whose corners are hashed once.
 */
export function cloudNoiseRow(
  { xs, ys, begin = 0, end }: { xs: Float64Array; ys: Float64Array; begin?: number; end: number },
  zoom: number,
  octaves: number,
  seed: number,
  into: Float64Array,
): void {
  into.fill(0, begin, end);
  let weight = 0;
  let gain = 1;
  let scale = 1;
  for (let octave = 0; octave < octaves; octave++) {
    const key = seed + octave * 7919;
    // No cell; whole numbers, so that none of this goes through memory.
    let cellX = -0x80000000;
    let cellY = cellX;
    let a = 0;
    let b = 0;
    let c = 0;
    let d = 0;
    for (let k = begin; k < end; k++) {
      const x = xs[k] * zoom * scale;
      const y = ys[k] * zoom * scale;
      const xi = Math.floor(x) | 0;
      const yi = Math.floor(y) | 0;
      if (xi !== cellX || yi !== cellY) {
        const isNext = yi === cellY && xi - 1 === cellX;
        a = isNext ? b : hash2(xi, yi, key);
        c = isNext ? d : hash2(xi, yi + 1, key);
        b = hash2(xi + 1, yi, key);
        d = hash2(xi + 1, yi + 1, key);
        cellX = xi;
        cellY = yi;
      }
      into[k] += gain * between(a, b, c, d, x - xi, y - yi);
    }
    weight += gain;
    gain *= WEAKER;
    scale *= FINER;
  }
  for (let k = begin; k < end; k++) into[k] /= weight;
}
