import { describe, expect, it } from 'vitest';
import { GpuError } from '../../../src/core/errors.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import { profilePlan } from '../../../src/engine/timing/profile.js';
import { SLICES } from '../../../src/shaders/reduce/reduce.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();

describe('a plan', () => {
  const record = (slices: number) => {
    const builder = new PlanBuilder(gpu, 'test');
    const x = builder.tensor('x', [3, 1, 1, 1000]);
    const y = builder.tensor('y', [1, 1, 1, 1000]);
    builder.add({
      kernel: SLICES.naive,
      label: 'sum',
      params: { count: 1000, slices, layerSize: 1000, layerStep: 0, layerGrowth: 0 },
      tensors: { x, y },
      workgroups: [16, 1, 1],
      shape: '3 x 1000',
      flops: 3000,
      bytes: 16000,
    });
    return builder;
  };

  it('owns its buffers until it is disposed', async () => {
    const before = gpu.allocatedBytes;
    const plan = await record(3).build();
    expect(gpu.allocatedBytes - before).toBe(plan.bytes);
    expect(plan.bytes).toBeGreaterThanOrEqual(16000);
    plan.dispose();
    expect(gpu.allocatedBytes).toBe(before);
  });

  it('does nothing any more once it is disposed, and says so', async () => {
    const before = gpu.allocatedBytes;
    const plan = await record(3).build();
    const profile = profilePlan(gpu, plan, { repeats: 20 });
    plan.dispose();
    expect(() => plan.run()).toThrow(/The plan test was disposed/);
    await expect(profile).rejects.toThrow(GpuError);
    expect(gpu.allocatedBytes).toBe(before);
  });

  it('that nobody wants any more is given up while it compiles', async () => {
    const before = gpu.allocatedBytes;
    const abort = new AbortController();
    const build = record(3).build({
      onProgress: () => abort.abort(new Error('no more')),
      signal: abort.signal,
    });
    await expect(build).rejects.toThrow('no more');
    await expect(record(3).build({ signal: abort.signal })).rejects.toThrow('no more');
    expect(gpu.allocatedBytes).toBe(before);
  });

  it('that fails after its buffers were made leaves none behind', async () => {
    const before = gpu.allocatedBytes;
    await expect(record(Number.NaN).build()).rejects.toThrow(/wants the parameter slices, got NaN/);
    expect(gpu.allocatedBytes).toBe(before);
  });
});
