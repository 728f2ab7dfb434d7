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

/** Smooth value noise in [0, 1) with one bump per unit of x and y. */
export function valueNoise(x: number, y: number, seed: number): number {
  const xi = Math.floor(x);
  const yi = Math.floor(y);
  const fx = x - xi;
  const fy = y - yi;
  const u = fx * fx * (3 - 2 * fx);
  const v = fy * fy * (3 - 2 * fy);
  const a = hash2(xi, yi, seed);
  const b = hash2(xi + 1, yi, seed);
  const c = hash2(xi, yi + 1, seed);
  const d = hash2(xi + 1, yi + 1, seed);
  return a + (b - a) * u + (c - a + (a - b - c + d) * u) * v;
}

/** Octaves of value noise, each twice as fine and half as strong, in about [0, 1]. */
export function cloudNoise(x: number, y: number, octaves: number, seed: number): number {
  let sum = 0;
  let weight = 0;
  let gain = 1;
  let scale = 1;
  for (let octave = 0; octave < octaves; octave++) {
    sum += gain * valueNoise(x * scale, y * scale, seed + octave * 7919);
    weight += gain;
    gain *= 0.55;
    scale *= 2.03;
  }
  return sum / weight;
}
