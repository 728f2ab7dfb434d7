import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { benchModel } from '../../../bench/model/benchModel.js';
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
