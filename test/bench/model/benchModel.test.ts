import { describe, expect, it } from 'vitest';
import { benchModel } from '../../../bench/model/benchModel.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { PEAKS, TWO_LAYERS } from '../twoLayers.js';

const gpu = await testGpu();

describe('bench model', () => {
  it.each(['predict', 'train'] as const)('measures %s', async (kind) => {
    const row = await benchModel(gpu, {
      kind,
      batch: 2,
      size: 32,
      config: TWO_LAYERS,
      peaks: PEAKS,
      samples: 3,
    });
    expect(row.samples).toHaveLength(3);
    expect(row.imagesPerSecond).toBeCloseTo(2000 / row.ms, 9);
    expect(row.firstMs).toBeGreaterThan(row.compileMs);
    expect(row.pipelines).toBeGreaterThan(3);
    expect(row.dispatches).toBeGreaterThan(row.pipelines);
    expect(row.planBytesAnImage).toBe(row.planBytes / 2);
    expect(row.allBytes).toBeGreaterThan(row.planBytes);
    const groups = row.groups!;
    expect(groups.reduce((sum, { count }) => sum + count, 0)).toBe(row.dispatches);
    expect(groups.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
    expect(groups.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['conv.forward 3x3', 'dense.forward']),
    );
  });
});
