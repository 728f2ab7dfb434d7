import { describe, expect, it } from 'vitest';
import { median, quantile, spreadOf, timingOf } from '../../../src/engine/timing/statistics.js';

describe('samples', () => {
  it('are told by their median and the distance of their quartiles', () => {
    expect(timingOf([30, 10, 20, 40, 50])).toMatchObject({ ms: 30, noise: 10 / 30 });
    expect(timingOf([7])).toMatchObject({ ms: 7, noise: null });
  });

  it('have quantiles between them, in whatever order they came', () => {
    const samples = [10, 0];
    expect([0, 0.25, 1].map((share) => quantile(samples, share))).toEqual([0, 2.5, 10]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(samples).toEqual([10, 0]);
  });

  it('say nothing where there are too few, or no time at all', () => {
    expect([quantile([], 0.5), median([])]).toEqual([Number.NaN, Number.NaN]);
    expect([spreadOf([1, 2]), spreadOf([0, 0, 0])]).toEqual([null, null]);
    expect(spreadOf([2, 2, 2])).toBe(0);
  });
});
