import { describe, expect, it } from 'vitest';
import { measurePeaks } from '../../../bench/peaks/measurePeaks.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();

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
