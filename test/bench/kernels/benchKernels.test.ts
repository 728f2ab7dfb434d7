/** The benches on the adapter at hand, with a network of two layers. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchKernels, operationsOf } from '../../../bench/kernels/benchKernels.js';
import { benchModel } from '../../../bench/model/benchModel.js';
import { benchScaling } from '../../../bench/model/scaling.js';
import { measurePeaks } from '../../../bench/peaks/measurePeaks.js';
import { UsageError } from '../../../src/core/errors.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';

const config = densenetConfig('densenet121', { blocks: [1, 1], classes: 3 });
const PEAKS = { gflops: 10, gbs: 2 };

let gpu: Gpu;
beforeAll(async () => {
  ({ gpu } = await openNodeGpu());
});
afterAll(() => gpu.dispose());

describe('peaks', () => {
  it('are measured with every kernel, and free what they used', async () => {
    const before = gpu.allocatedBytes;
    const space = { threads: 1024, workgroups: [8], megabytes: [1, 2] };
    const peaks = await measurePeaks(gpu, { space });
    expect(gpu.allocatedBytes).toBe(before);
    expect(peaks.fma).toHaveLength(10);
    expect(peaks.copy.map(({ bytes, vectors }) => [bytes / 2 ** 20, vectors])).toEqual([
      [1, 4],
      [1, 16],
      [2, 4],
      [2, 16],
    ]);
    expect(peaks.gflops).toBe(Math.max(...peaks.fma.map(({ gflops }) => gflops)));
    expect(peaks.gflops).toBeGreaterThan(0);
    expect(peaks.gbs).toBe(Math.max(...peaks.copy.slice(2).map(({ gbs }) => gbs)));
  });
});

describe('bench kernels', () => {
  it('checks and times each variant on the shapes of the step', async () => {
    const before = gpu.allocatedBytes;
    const report = await benchKernels(gpu, {
      kind: 'train',
      batch: 2,
      size: 32,
      config,
      peaks: PEAKS,
      op: 'conv.backwardData',
      repeats: 2,
    });
    expect(gpu.allocatedBytes).toBe(before);
    expect(report.failed).toEqual([]);
    expect(report.checks).toBeGreaterThan(5);
    expect(new Set(report.rows.map(({ op }) => op))).toEqual(new Set(['conv.backwardData']));
    // Two bottlenecks, two growth convolutions, one transition; nothing flows on into the image.
    const chosen = report.rows.filter((row) => row.chosen);
    expect(chosen.reduce((sum, { count }) => sum + count, 0)).toBe(5);
    const naive = report.rows.filter(({ variant }) => variant === 'naive');
    expect(naive.reduce((sum, { count }) => sum + count, 0)).toBe(5);
    expect(report.rows.every(({ ms, gflops, ofPeak }) => ms > 0 && gflops > 0 && ofPeak > 0)).toBe(true);
    const shapes = new Set(report.rows.map(({ shape }) => shape));
    expect(report.rows.filter(({ fastest }) => fastest)).toHaveLength(shapes.size);
    expect(report.timeline).toHaveLength(report.dispatches);
    expect(report.step.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
  });

  it('does not time a variant that gives wrong numbers', async () => {
    gpu.broken.add('dense.forward.tiled');
    try {
      const report = await benchKernels(gpu, {
        kind: 'predict',
        batch: 1,
        size: 32,
        config,
        peaks: PEAKS,
        op: 'dense.forward',
        repeats: 1,
      });
      expect(report.rows.map(({ variant }) => variant)).toEqual(['naive']);
    } finally {
      gpu.broken.delete('dense.forward.tiled');
    }
  });

  it('races what no step holds, and times Adam on all parameters', async () => {
    const options = { kind: 'train', batch: 1, size: 32, config, peaks: PEAKS, repeats: 1 } as const;
    const adam = await benchKernels(gpu, { ...options, op: 'adam.step' });
    expect(adam.rows.some(({ variant, chosen }) => variant === 'vec4' && chosen)).toBe(true);
    const resize = await benchKernels(gpu, { ...options, op: 'resize' });
    expect(resize.rows.map(({ op }) => op)).toContain('resize.bilinear');
    expect(resize.rows.every(({ count }) => count === 0)).toBe(true);
  });

  it('knows operations and groups of them', () => {
    expect(operationsOf('conv')).toEqual(['conv.forward', 'conv.backwardData', 'conv.backwardWeights']);
    expect(operationsOf('conv.forward')).toEqual(['conv.forward']);
    expect(() => operationsOf('con')).toThrow(UsageError);
  });
});

describe('bench model', () => {
  it.each(['predict', 'train'] as const)('measures %s', async (kind) => {
    const row = await benchModel(gpu, { kind, batch: 2, size: 32, config, peaks: PEAKS, samples: 3 });
    expect(row.samples).toHaveLength(3);
    expect(row.imagesPerSecond).toBeCloseTo(2000 / row.ms, 9);
    expect(row.firstMs).toBeGreaterThan(row.compileMs);
    expect(row.pipelines).toBeGreaterThan(3);
    expect(row.dispatches).toBeGreaterThan(row.pipelines);
    expect(row.planBytesAnImage).toBe(row.planBytes / 2);
    expect(row.allBytes).toBeGreaterThan(row.planBytes);
  });
});

describe('the growth', () => {
  it('is measured along batch and size, within time and memory', async () => {
    const options = {
      config,
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
