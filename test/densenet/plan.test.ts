/** What the planner promises of DenseNet121: few dispatches, little memory, and no growth. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { densenetNetwork } from '../../src/densenet/network.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { fixedTensor, PlanBuilder } from '../../src/engine/plan/plan.js';
import { Parameters } from '../../src/training/model/parameters.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

/** Records a whole pass of DenseNet121 without building it: nothing of the arena is allocated. */
async function recorded(kind: 'predict' | 'train', batch: number, size: number) {
  const config = densenetConfig('densenet121');
  const network = densenetNetwork(config);
  const parameters = new Parameters(gpu, network);
  const plan = new PlanBuilder(gpu, kind);
  const [image, dlogits, affine] = await gpu.guarded('tensors', () => [
    fixedTensor(gpu, 'image', [batch, size, size, 3]),
    fixedTensor(gpu, 'dlogits', [batch, 1, 1, config.classes]),
    fixedTensor(gpu, 'affine', [1, 1, 2, 1024]),
  ]);
  try {
    const mode =
      kind === 'train'
        ? ({ kind: 'training', rule: 'keras3' } as const)
        : ({ kind: 'inference', affine: () => affine } as const);
    const forward = network.record(plan, parameters, image, mode);
    if (kind === 'train') forward.recordBackward(dlogits);
    const { dispatches, bytes } = plan.soFar;
    return { dispatches: dispatches.length, bytesPerImage: bytes / batch };
  } finally {
    parameters.dispose();
    for (const t of [image, dlogits, affine]) gpu.destroyBuffer(t.storage.buffer!);
  }
}

describe('the plan of DenseNet121', () => {
  // The README's numbers: the sigmoid comes on top of a prediction, loss and checks of a training pass. Batch 16 at
  // 224 px has more bottlenecks in a block than one binding of some adapters holds.
  it.each([
    { kind: 'predict', batch: 1, size: 224, dispatches: [126], megabytes: 7.3 },
    { kind: 'predict', batch: 16, size: 224, dispatches: [126], megabytes: 7.3 },
    { kind: 'train', batch: 4, size: 64, dispatches: [562], megabytes: 2.6 },
    { kind: 'train', batch: 16, size: 224, dispatches: [562, 563], megabytes: 36.3 },
  ] as const)(
    '$kind, batch $batch at $size px: $dispatches dispatches, at most $megabytes MB per image',
    async ({ kind, batch, size, dispatches, megabytes }) => {
      const plan = await recorded(kind, batch, size);
      expect(dispatches).toContain(plan.dispatches);
      expect(plan.bytesPerImage).toBeLessThanOrEqual(megabytes * 1e6);
      expect(plan.bytesPerImage).toBeGreaterThan(0.7 * megabytes * 1e6);
    },
  );

  it('takes no more memory after 200 training steps than after the first', async () => {
    const config = densenetConfig('densenet121', {
      name: 'tiny',
      blocks: [1, 1],
      growthRate: 16,
      bottleneck: 1,
    });
    const model = await DenseNet.create(gpu, { config, seed: 1 });
    const count = 2;
    const x = Float32Array.from({ length: count * 16 * 16 * 3 }, (_, i) => Math.sin(i));
    const labels = Float32Array.from({ length: count * config.classes }, (_, i) => i % 2);
    const batch = { count, height: 16, width: 16, x, labels, files: [] };
    try {
      await model.compile({ posWeights: Array(14).fill(0.5), negWeights: Array(14).fill(0.5) });
      await model.trainStep(batch);
      const before = gpu.allocatedBytes;
      const pipelines = gpu.pipelineCount;
      for (let step = 0; step < 199; step++) await model.trainStep(batch);
      expect(gpu.allocatedBytes).toBe(before);
      expect(gpu.pipelineCount).toBe(pipelines);
    } finally {
      model.dispose();
    }
  });
});
