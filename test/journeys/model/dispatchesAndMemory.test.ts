/** What the planner promises of DenseNet121: few dispatches, little memory, and no growth. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { densenetNetwork } from '../../../src/densenet/network.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import { paperTensor } from '../../../src/engine/plan/tensor.js';
import { sigmoid } from '../../../src/shaders/loss/loss.js';
import { LARGEST_RUNS, largestMagnitudes } from '../../../src/shaders/reduce/reduce.js';
import * as kernels from '../../../src/shaders/trainingKernels.js';
import { weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';
import { Parameters } from '../../../src/training/model/parameters.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

/** Records what a prediction or a training step of DenseNet121 runs, without building it: nothing is allocated. */
function recorded(kind: 'predict' | 'train', batch: number, size: number) {
  const config = densenetConfig('densenet121');
  const network = densenetNetwork(config);
  const parameters = new Parameters(gpu, network);
  const plan = new PlanBuilder(gpu, kind);
  const image = paperTensor('image', [batch, size, size, 3]);
  const [labels, p, dz] = ['labels', 'p', 'dz'].map((name) =>
    paperTensor(name, [batch, 1, 1, config.classes]),
  );
  try {
    if (kind === 'predict') {
      const affine = () => paperTensor('affine', [1, 1, 2, 1024]);
      const { logits } = network.record(plan, parameters, image, { kind: 'inference', affine });
      sigmoid(plan, 'sigmoid', { z: logits, p });
    } else {
      const forward = network.record(plan, parameters, image, { kind: 'training', kernels, rule: 'keras3' });
      const half = Array<number>(config.classes).fill(0.5);
      const loss = weightedCrossEntropy({ posWeights: half, negWeights: half });
      const constants = paperTensor('constants', [1, 1, 1, loss.constants!.length]);
      loss.record(plan, 'loss', {
        z: forward.logits,
        labels,
        constants,
        p,
        loss: paperTensor('loss', [1, 1, 1, 1]),
        dz,
      });
      forward.recordBackward(dz);
      for (const name of ['gradients', 'moving averages']) {
        const largest = paperTensor('largest', [1, 1, 1, LARGEST_RUNS[gpu.info.kind]]);
        largestMagnitudes(plan, name, { x: paperTensor(name, [1, 1, 1, 1024]), largest });
      }
    }
    const { dispatches, bytes } = plan.soFar;
    return { dispatches: dispatches.length, bytesPerImage: bytes / batch };
  } finally {
    parameters.dispose();
  }
}

/** By the lanes of a subgroup, SwiftShader's 4 and lavapipe's 8: tiles differ, and with them what is stored. */
const PLANS = [
  { kind: 'predict', batch: 1, size: 224, dispatches: { 4: 127, 8: 127 }, bytes: { 4: 7225344, 8: 7225344 } },
  {
    kind: 'predict',
    batch: 16,
    size: 224,
    dispatches: { 4: 127, 8: 127 },
    bytes: { 4: 7225344, 8: 7225344 },
  },
  { kind: 'train', batch: 4, size: 64, dispatches: { 4: 566, 8: 566 }, bytes: { 4: 2486336, 8: 2486336 } },
  {
    kind: 'train',
    batch: 16,
    size: 224,
    dispatches: { 4: 566, 8: 567 },
    bytes: { 4: 29179920, 8: 35604240 },
  },
] as const;

describe('the plan of DenseNet121', () => {
  it.each(PLANS)(
    '$kind, batch $batch at $size px: dispatches and bytes per image, to the last',
    (expected) => {
      const { kind, batch, size, dispatches, bytes } = expected;
      const plan = recorded(kind, batch, size);
      const lanes = gpu.info.subgroupMaxSize;
      if (gpu.info.kind === 'software' && (lanes === 4 || lanes === 8)) {
        expect(plan).toEqual({ dispatches: dispatches[lanes], bytesPerImage: bytes[lanes] });
      } else {
        // Another adapter has other tiles: no more than these.
        expect(plan.dispatches).toBeGreaterThanOrEqual(dispatches[4]);
        expect(plan.dispatches).toBeLessThanOrEqual(dispatches[8]);
        expect(plan.bytesPerImage).toBeLessThanOrEqual(bytes[8]);
        expect(plan.bytesPerImage).toBeGreaterThan(bytes[4] / 2);
      }
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
