/** Buckets of values that TensorFlow's histograms, compared in record.test.ts, say nothing of. */
import { describe, expect, it } from 'vitest';
import { BUCKETS, histogramBuckets } from '../../../src/training/tensorboard/histogram.js';

const countsOf = (buckets: Float64Array) => Array.from({ length: BUCKETS }, (_, b) => buckets[3 * b + 2]);

describe('the buckets of a histogram', () => {
  it('are all 0 for no values', () => {
    expect([...histogramBuckets(new Float32Array(0))]).toEqual(Array(3 * BUCKETS).fill(0));
  });

  it('hold every value once, between edges that meet', () => {
    const values = Float32Array.from({ length: 10_007 }, (_, i) => Math.sin(i) ** 3 * 1e-4);
    const buckets = histogramBuckets(values);
    expect(countsOf(buckets).reduce((a, b) => a + b)).toBe(values.length);
    expect([buckets[0], buckets[3 * BUCKETS - 2]]).toEqual([Math.min(...values), Math.max(...values)]);
    for (let b = 1; b < BUCKETS; b++) expect(buckets[3 * b]).toBe(buckets[3 * b - 2]);
  });

  it('leave out what is not finite', () => {
    const some = Float32Array.from([Number.NaN, 1, Number.POSITIVE_INFINITY, 2, Number.NEGATIVE_INFINITY]);
    expect(histogramBuckets(some)).toEqual(histogramBuckets(Float32Array.from([1, 2])));
  });
});
