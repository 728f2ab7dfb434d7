import { describe, expect, it } from 'vitest';
import { benchKernels } from '../../../bench/kernels/benchKernels.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { PEAKS, TWO_LAYERS } from '../twoLayers.js';

const gpu = await testGpu();

const ONE_IMAGE = {
  kind: 'train',
  batch: 1,
  size: 32,
  config: TWO_LAYERS,
  peaks: PEAKS,
  repeats: 1,
} as const;

describe('bench kernels', () => {
  it('checks and times each variant on the shapes of the step', async () => {
    const before = gpu.allocatedBytes;
    const report = await benchKernels(gpu, {
      kind: 'train',
      batch: 2,
      size: 32,
      config: TWO_LAYERS,
      peaks: PEAKS,
      ops: ['conv.backwardData'],
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

  it('times one part of the network alone, and says which there are', async () => {
    const report = await benchKernels(gpu, { ...ONE_IMAGE, ops: ['dense', 'conv.forward'], part: 'head' });
    expect(report.part).toBe('head');
    expect(new Set(report.rows.map(({ op }) => op))).toEqual(
      new Set(['dense.forward', 'dense.backwardData', 'dense.backwardWeights']),
    );
    expect(report.rows.some(({ variant }) => variant === 'naive')).toBe(true);
    expect(new Set(report.timeline.map(({ label }) => label))).toContain('bn');
    expect(report.timeline).toHaveLength(report.dispatches);
    expect(report.timeline.every(({ label }) => !label.startsWith('conv'))).toBe(true);
    await expect(benchKernels(gpu, { ...ONE_IMAGE, part: 'tail' })).rejects.toThrow(
      'densenet121 has no part "tail". Its parts are stem, dense block 1, transition 1, dense block 2, head, ',
    );
  });

  it('does not time a variant that gives wrong numbers', async () => {
    gpu.broken.add('dense.forward.tiled');
    try {
      const report = await benchKernels(gpu, {
        kind: 'predict',
        batch: 1,
        size: 32,
        config: TWO_LAYERS,
        peaks: PEAKS,
        ops: ['dense.forward'],
        repeats: 1,
      });
      expect(report.rows.map(({ variant }) => variant)).toEqual(['naive']);
    } finally {
      gpu.broken.delete('dense.forward.tiled');
    }
  });

  it('races what no step holds, and times Adam on all parameters', async () => {
    const adam = await benchKernels(gpu, { ...ONE_IMAGE, ops: ['adam.step'] });
    expect(adam.rows.some(({ variant, chosen }) => variant === 'vec4' && chosen)).toBe(true);
    const resize = await benchKernels(gpu, { ...ONE_IMAGE, ops: ['resize'] });
    expect(resize.rows.map(({ op }) => op)).toContain('resize.bilinear');
    expect(resize.rows.every(({ count }) => count === 0)).toBe(true);
  });
});
