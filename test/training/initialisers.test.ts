/** Keras' initialisers over any table of tensors; test/densenet/initialisers.test.ts looks at those of DenseNet. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { drawWeights, glorotLimit } from '../../src/training/initialisers.js';
import type { ParameterSpec } from '../../src/training/parameterSpec.js';

function spec(layer: string, tensor: ParameterSpec['tensor'], shape: number[]): ParameterSpec {
  const size = shape.reduce((product, n) => product * n, 1);
  return { key: `${layer}/${tensor}`, layer, tensor, shape, size, trainable: !tensor.startsWith('moving') };
}
const parameters = [
  spec('a', 'kernel', [3, 3, 8, 16]),
  spec('b', 'kernel', [3, 3, 8, 16]),
  spec('norm', 'gamma', [16]),
  spec('norm', 'beta', [16]),
  spec('norm', 'moving_mean', [16]),
  spec('norm', 'moving_variance', [16]),
  spec('dense', 'kernel', [16, 4]),
  spec('dense', 'bias', [4]),
];

describe('drawWeights', () => {
  const weights = drawWeights({ parameters }, 7);
  const of = (key: string) => weights.get(key)!;

  it('draws kernels within sqrt(6 / (fan in + fan out)), and nothing else', () => {
    expect(glorotLimit([3, 3, 8, 16])).toBe(Math.sqrt(6 / (9 * 24)));
    expect(glorotLimit([16, 4])).toBe(Math.sqrt(6 / 20));
    for (const { key, tensor, shape, size } of parameters) {
      expect(of(key)).toHaveLength(size);
      if (tensor === 'kernel') {
        const largest = Math.max(...of(key).map(Math.abs));
        expect(largest).toBeLessThanOrEqual(Math.fround(glorotLimit(shape)));
        expect(largest).toBeGreaterThan(0.9 * glorotLimit(shape));
      } else {
        const value = tensor === 'gamma' || tensor === 'moving_variance' ? 1 : 0;
        expect([...new Set(of(key))]).toEqual([value]);
      }
    }
  });

  it('gives each name a stream of its own, which the other tensors do not change', () => {
    expect(of('a/kernel')).not.toEqual(of('b/kernel'));
    expect(drawWeights({ parameters: parameters.slice(1, 2) }, 7).get('b/kernel')).toEqual(of('b/kernel'));
    expect(drawWeights({ parameters }, 8).get('b/kernel')).not.toEqual(of('b/kernel'));
    expect(() => drawWeights({ parameters }, -1)).toThrow(UsageError);
  });
});
