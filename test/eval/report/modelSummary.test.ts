import { describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { modelSummary } from '../../../src/eval/report/modelSummary.js';

describe('the summary of a network', () => {
  it('tabulates the network', () => {
    const model = modelSummary(densenetConfig('densenet121'), 320, 'seed 1');
    expect(model.parameters.total).toBe(7051854);
    expect(model.layers).toBe(429);
    expect(model.stages.map((s) => s.output[0])).toEqual([80, 80, 40, 40, 20, 20, 10, 10, 1]);
    expect(model.stages.reduce((sum, s) => sum + s.parameters, 0)).toBe(7051854);
    expect(model.macs / 1e9).toBeCloseTo(5.782, 3);
  });

  it('describes networks of other shapes as they are', () => {
    const details = (name: 'densenet121' | 'densenet40-12', size: number) =>
      modelSummary(densenetConfig(name), size, 'seed 1').stages.map((s) => s.detail);
    expect(details('densenet121', 64).slice(0, 3)).toEqual([
      '7×7/2 convolution, batch norm, ReLU, 3×3/2 max pool',
      '6 × (1×1 to 128, 3×3 to 32 channels)',
      '1×1 convolution, 2×2/2 average pool',
    ]);
    expect(details('densenet121', 64).at(-1)).toBe(
      'batch norm, ReLU, global average pool, dense, 14 sigmoids',
    );
    expect(details('densenet40-12', 32).slice(0, 3)).toEqual([
      '3×3 convolution, batch norm',
      '12 × (3×3 to 12 channels)',
      '1×1 convolution, 2×2/2 average pool, batch norm',
    ]);
    expect(details('densenet40-12', 32).at(-1)).toBe('ReLU, global average pool, dense, softmax of 10');
  });
});
