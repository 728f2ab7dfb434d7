import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { densenetConfig, parameterTable } from '../../src/densenet/architecture.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { glorotLimit } from '../../src/training/initialisers.js';

const d121 = densenetConfig('densenet121');

describe('initialWeights', () => {
  const weights = initialWeights(d121, 1);

  it('fills every tensor of the network with its own size', () => {
    const table = parameterTable(d121);
    expect([...weights.keys()]).toEqual(table.map((spec) => spec.key));
    for (const spec of table) expect(weights.get(spec.key), spec.key).toHaveLength(spec.size);
  });

  it('draws kernels from glorot_uniform', () => {
    const limits: [string, number][] = [
      ['conv1/conv/kernel', 0.0427504],
      ['conv2_block1_1_conv/kernel', 0.1767767],
      ['conv2_block1_2_conv/kernel', 0.0645497],
      ['dense_1/kernel', 0.0760286],
    ];
    for (const [key, limit] of limits) {
      const spec = parameterTable(d121).find((p) => p.key === key);
      expect(glorotLimit(spec?.shape ?? [])).toBeCloseTo(limit, 7);
      const values = weights.get(key) ?? new Float32Array();
      const largest = values.reduce((max, v) => Math.max(max, Math.abs(v)), 0);
      expect(largest).toBeLessThanOrEqual(limit * (1 + 1e-5));
      expect(largest).toBeGreaterThan(limit * 0.99);
      // A uniform distribution has mean 0 and standard deviation limit / sqrt(3); 5 standard errors allowed.
      const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
      const deviation = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
      expect(Math.abs(mean)).toBeLessThan((5 * limit) / Math.sqrt(3 * values.length));
      expect(deviation / (limit / Math.sqrt(3))).toBeCloseTo(1, 1);
    }
  });

  it('starts batch norms as the identity and the bias at zero', () => {
    const all = (key: string, value: number) => weights.get(key)?.every((v) => v === value);
    expect(all('bn/gamma', 1) && all('bn/moving_variance', 1)).toBe(true);
    expect(all('bn/beta', 0) && all('bn/moving_mean', 0) && all('dense_1/bias', 0)).toBe(true);
  });

  it('gives the same numbers for the same seed and others for another', () => {
    const key = 'conv5_block16_2_conv/kernel';
    expect(initialWeights(d121, 1).get(key)).toEqual(weights.get(key));
    const other = initialWeights(d121, 2).get(key) ?? new Float32Array();
    expect(other.filter((v, i) => v === weights.get(key)?.[i]).length).toBeLessThan(other.length / 1000);
  });

  it('gives the layers that two configurations share the same start', () => {
    const d169 = initialWeights(densenetConfig('densenet169', { classes: 5 }), 1);
    for (const key of ['conv1/conv/kernel', 'conv3_block12_1_conv/kernel', 'conv5_block1_2_conv/kernel']) {
      expect(d169.get(key), key).toEqual(weights.get(key));
    }
    expect(d169.get('dense_1/kernel')).not.toEqual(weights.get('dense_1/kernel'));
  });

  it('gives no two tensors the same stream', () => {
    const starts = [...weights]
      .filter(([key]) => key.endsWith('kernel'))
      .map(([, v]) => v[0] / Math.abs(v[1]));
    expect(new Set(starts).size).toBe(121);
  });

  it.each([-1, 1.5, 2 ** 32, Number.NaN])('refuses the seed %d', (seed) => {
    expect(() => initialWeights(d121, seed)).toThrow(UsageError);
  });
});
