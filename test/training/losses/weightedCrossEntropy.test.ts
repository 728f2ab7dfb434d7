/** The weighted loss in float64 by hand; its kernels' numbers are in test/journeys/shaders/valuesByHand.test.ts. */
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { WEIGHTED, weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';

const WEIGHTS = { posWeights: [0.5, 2], negWeights: [0.25, 1] };

describe('weighted cross-entropy', () => {
  it('is the mean over the batch of the weighted sum over the classes', () => {
    const p = [0.8, 0.4, 0.1, 0.9];
    const labels = [1, 0, 0, 1];
    const { log } = Math;
    const wanted = -(0.5 * log(0.8) + log(0.6) + 0.25 * log(0.9) + 2 * log(0.9)) / 2;
    expect(weightedCrossEntropy({ ...WEIGHTS, epsilon: 1e-30 }).value(p, labels)).toBeCloseTo(wanted, 12);
  });

  it('has its epsilon inside the logarithms', () => {
    const one = { posWeights: [1], negWeights: [1], epsilon: 0.5 };
    expect(weightedCrossEntropy(one).value([0], [1])).toBeCloseTo(Math.LN2, 12);
    expect(weightedCrossEntropy(one).value([0.5], [0])).toBeCloseTo(0, 12);
  });

  it('gives no part to labels that are unknown, where these are allowed', () => {
    const masked = weightedCrossEntropy({ ...WEIGHTS, unknownLabels: true });
    const known = weightedCrossEntropy({ posWeights: [0.5], negWeights: [0.25] });
    expect(masked.value([0.8, 0.4], [1, Number.NaN])).toBe(known.value([0.8], [1]));
    expect(() => weightedCrossEntropy(WEIGHTS).value([0.8, 0.4], [1, Number.NaN])).toThrow(DataError);
  });

  it('keeps what it was made with, whatever becomes of the lists', () => {
    const posWeights = [0.5, 2];
    const loss = weightedCrossEntropy({ ...WEIGHTS, posWeights });
    posWeights[0] = 9;
    expect(loss.settings).toEqual({ ...WEIGHTS, epsilon: 1e-7, unknownLabels: false, labelSmoothing: 0 });
    expect(loss.constants).toEqual(Float32Array.of(0.5, 2, 0.25, 1));
    expect(WEIGHTED.make({ epsilon: 0.1 }, { ...WEIGHTS, unknownLabels: false }).settings).toMatchObject({
      epsilon: 0.1,
    });
  });

  it.each([
    [{ posWeights: [], negWeights: [] }, /posWeights is empty/],
    [{ posWeights: [1, 2], negWeights: [1] }, /negWeights has 1 numbers; there must be 2/],
    [{ posWeights: [1, -1], negWeights: [1, 1] }, /posWeights\[1\] is -1/],
    [{ ...WEIGHTS, epsilon: 0 }, /epsilon is 0/],
    [{ ...WEIGHTS, Epsilon: 1e-3 }, /have no 'Epsilon'.*posWeights, negWeights, epsilon/],
  ])('refuses %j', (settings, message) => {
    expect(() => weightedCrossEntropy(settings)).toThrow(UsageError);
    expect(() => weightedCrossEntropy(settings)).toThrow(message);
  });
});
