import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../src/core/errors.js';
import { opNorm } from '../../../../src/densenet/weights/torch/torchFacts.js';
import { golden } from '../../../support/golden/parity.js';

describe('opNorm', () => {
  const grid = golden<{ opNorm: { p: number[]; thresholds: (number | null)[]; wanted: number[] } }>(
    'torch/torch_weights.json',
  ).opNorm;
  const thresholds = Float32Array.from(grid.thresholds, (t) => t ?? Number.NaN);

  it('is what torchxrayvision computes', () => {
    const got = opNorm(Float32Array.from(grid.p), thresholds);
    got.forEach((v, i) => {
      expect(v).toBeCloseTo(grid.wanted[i], 6);
    });
  });

  it('wants whole rows', () => {
    expect(() => opNorm(new Float32Array(4), thresholds)).toThrow(UsageError);
    expect(() => opNorm(new Float32Array(0), new Float32Array(0))).toThrow(UsageError);
  });
});
