import { describe, expect, it } from 'vitest';
import {
  cloudNoise,
  cloudNoiseRow,
  hash2,
  mixSeed,
  Stream,
  valueNoise,
} from '../../../src/data/phantoms/randomStreams.js';

describe('a stream', () => {
  it('is its keys, in their order', () => {
    const first = (...keys: number[]) => new Stream(...keys).random();
    expect(first(1, 2)).toBe(first(1, 2));
    expect(new Set([first(1, 2), first(2, 1), first(1), first(1, 2, 0)]).size).toBe(4);
    expect(mixSeed(-1)).toBe(mixSeed(2 ** 32 - 1));
  });

  it('keeps within what is asked for', () => {
    const stream = new Stream(5);
    let total = 0;
    for (let i = 0; i < 4000; i++) {
      const value = stream.normal(10, 2);
      total += value;
      expect(Math.abs(value - 10)).toBeLessThanOrEqual(5);
      expect([0, 1, 2]).toContain(stream.integer(3));
      expect(Math.abs(stream.uniform(-1, 3) - 1)).toBeLessThanOrEqual(2);
    }
    // Four standard errors of the mean.
    expect(Math.abs(total / 4000 - 10)).toBeLessThan((4 * 2) / Math.sqrt(4000));
    expect([stream.chance(0), stream.chance(1), stream.pick(['only'])]).toEqual([false, true, 'only']);
  });
});

describe('noise', () => {
  it('is the hash at whole numbers, and halfway their mean', () => {
    expect(valueNoise(3, -4, 7)).toBe(hash2(3, -4, 7));
    expect(valueNoise(3.5, -4, 7)).toBeCloseTo((hash2(3, -4, 7) + hash2(4, -4, 7)) / 2, 12);
    expect(cloudNoise(1.3, 2.6, 1, 9)).toBe(valueNoise(1.3, 2.6, 9));
  });

  it('is the same along a row, wherever that goes', () => {
    const stream = new Stream(8);
    for (const step of [0.003, 0.04, 0.7, -0.05]) {
      const count = 60;
      const xs = Float64Array.from({ length: count }, (_, k) => k * step - 0.8);
      const ys = Float64Array.from({ length: count }, (_, k) => 0.02 * k * step + stream.uniform(0, 0.004));
      const row = new Float64Array(count).fill(9);
      const [begin, end] = [3, count - 1];
      cloudNoiseRow({ xs, ys, begin, end }, 30, 3, 5, row);
      const wanted = Array.from(xs, (x, k) =>
        k < begin || k >= end ? 9 : cloudNoise(x * 30, ys[k] * 30, 3, 5),
      );
      expect([...row]).toEqual(wanted);
    }
  });

  it('lies from 0 to 1', () => {
    for (let i = 0; i < 500; i++) {
      for (const value of [hash2(i, 2 * i, 1), cloudNoise(i / 7, i / 3, 4, 1)]) {
        expect(value).toBeGreaterThanOrEqual(0);
        expect(value).toBeLessThan(1);
      }
    }
  });
});
