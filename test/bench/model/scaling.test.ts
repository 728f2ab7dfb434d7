import { describe, expect, it } from 'vitest';
import { growthLines } from '../../../bench/document/tables.js';
import { benchScaling, fits, type ScalingPoint } from '../../../bench/model/scaling.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { TWO_LAYERS } from '../twoLayers.js';

const gpu = await testGpu();

describe('the growth', () => {
  it('is measured along batch and size, within time and memory', async () => {
    const options = {
      config: TWO_LAYERS,
      size: 32,
      batch: 1,
      batches: [1, 2],
      sizes: [32, 64],
      budgetMs: 60_000,
      maxBytes: 2 ** 30,
    };
    const { series } = await benchScaling(gpu, options);
    expect(series.map(({ kind, along }) => `${kind} ${along}`)).toEqual([
      'predict batch',
      'predict size',
      'train batch',
      'train size',
    ]);
    for (const { points, memory, time } of series) {
      expect(points.every(({ skipped }) => skipped === null)).toBe(true);
      expect(memory.power!.exponent).toBeGreaterThan(0.3);
      expect(time.line).not.toBeNull();
    }
    const bounded = await benchScaling(gpu, { ...options, budgetMs: 1e-9, maxBytes: 1 });
    const reasons = bounded.series.flatMap(({ points }) => points.map(({ skipped }) => skipped));
    expect(reasons.every((reason) => reason?.startsWith('not timed'))).toBe(true);
    const small = await benchScaling(gpu, { ...options, batches: [1, 4096], sizes: [32], maxBytes: 2 ** 24 });
    expect(small.series[0].points[1]).toMatchObject({ timing: null, planBytes: null });
    expect(small.series[0].points[1].skipped).toMatch(/^it would need about [\d.]+ MB$/);
  });
});

describe('fits', () => {
  it('run over the batch, and over the pixels of an image', () => {
    const point = (batch: number, size: number, ms: number, planBytes: number): ScalingPoint => ({
      kind: 'predict',
      batch,
      size,
      timing: { ms, noise: null, samples: [ms] },
      planBytes,
      skipped: null,
    });
    const bySize = fits('size', [
      point(1, 64, 41, 4096),
      point(1, 128, 164, 16384),
      point(1, 256, 656, 65536),
    ]);
    expect(bySize.time.power!.exponent).toBeCloseTo(1, 9);
    expect(bySize.memory.line!.slope).toBeCloseTo(1, 9);
    const untimed: ScalingPoint = {
      ...point(4, 64, 0, 4e6),
      timing: null,
      skipped: 'not timed: the time was up',
    };
    const byBatch = fits('batch', [point(1, 64, 10, 1e6), point(2, 64, 18, 2e6), untimed]);
    expect(byBatch.time.line).toMatchObject({ intercept: 2, slope: 8 });
    expect(byBatch.memory.line!.slope).toBeCloseTo(1e6, 3);
    const series = [{ kind: 'predict' as const, along: 'batch' as const, points: [], ...byBatch }];
    expect(growthLines({ network: 'n', budgetMs: 1, maxBytes: 1, series })[0]).toMatch(
      /^predict, over the batch: time grows with power 0\.85 .* about 2\.00 ms \+ 8\.00 ms per image; memory/,
    );
  });
});
