/** What is said to fit, and not to fit, is what plans really bind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../../src/core/errors.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { densenetNetwork } from '../../../src/densenet/network.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import * as kernels from '../../../src/shaders/trainingKernels.js';
import { largestTensor, leastBytes, requireRoom } from '../../../src/training/model/memoryEstimate.js';
import { Parameters } from '../../../src/training/model/parameters.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const network = densenetNetwork(densenetConfig('densenet121'));
const shape = (count: number, side: number) => ({ count, height: side, width: side });

/** Bytes of the largest tensor of images or maps that a pass binds, and of the whole arena. Nothing is built. */
function recorded(mode: 'predict' | 'train', count: number, side: number) {
  const parameters = new Parameters(gpu, network);
  const plan = new PlanBuilder(gpu, mode);
  const dlogits = plan.tensor('dlogits', [count, 1, 1, network.classes]);
  const affine = plan.tensor('affine', [1, 1, 2, 1024]);
  const image = plan.tensor('image', [count, side, side, 3]);
  try {
    const training = { kind: 'training', kernels, rule: 'keras3' } as const;
    const inference = { kind: 'inference', affine: () => affine } as const;
    const forward = network.record(plan, parameters, image, mode === 'train' ? training : inference);
    if (mode === 'train') forward.recordBackward(dlogits);
    const { dispatches, bytes } = plan.soFar;
    const storages = dispatches.flatMap((d) => Object.values(d.tensors).map(({ storage }) => storage));
    return { largest: Math.max(...storages.map((s) => (s.whole ?? s).bytes)), bytes };
  } finally {
    parameters.dispose();
  }
}

function refusal(mode: 'predict' | 'train', count: number, side: number, memory?: number): OutOfMemoryError {
  try {
    requireRoom(gpu, network, mode, shape(count, side), memory);
  } catch (error) {
    if (error instanceof OutOfMemoryError) return error;
    throw error;
  }
  throw new Error('It fits.');
}

describe('room on the adapter', () => {
  const limit = () =>
    Math.min(gpu.device.limits.maxBufferSize, gpu.device.limits.maxStorageBufferBindingSize);

  it('knows the largest tensor of a batch', () => {
    // Above this size the maps are larger than the weights.
    const { largest, bytes } = recorded('predict', 2, 256);
    expect(largestTensor(network, shape(2, 256))).toBe(largest);
    expect(leastBytes(network, 'predict', shape(2, 256))).toBeLessThanOrEqual(bytes);
    const training = recorded('train', 2, 256);
    const least = leastBytes(network, 'train', shape(2, 256));
    expect(least).toBeLessThanOrEqual(training.bytes);
    expect(least).toBeGreaterThan(training.bytes / 3);
  });

  it('names the largest image that fits, and that one can be recorded', () => {
    const error = refusal('train', 8, 16384);
    expect(error.message).toMatch(/8 images of 16384 x 16384 pixels .*conv1\/conv would take 137 GB/);
    const [, together, alone] = /batches of 8 may have (\d+) x \d+ pixels; single images (\d+) x/
      .exec(error.message)!
      .map(Number);
    for (const [count, side] of [
      [8, together],
      [1, alone],
    ]) {
      expect(() => requireRoom(gpu, network, 'train', shape(count, side))).not.toThrow();
      expect(recorded('train', count, side).largest).toBeLessThanOrEqual(limit());
      expect(refusal('train', count, side + 32).message).toContain(`${side} x ${side}`);
    }
  });

  it('counts the memory that there is', () => {
    expect(refusal('train', 4, 64, 2 ** 20).message).toMatch(/there are 1\.05 MB of memory/);
    expect(refusal('predict', 4096, 1440).message).toMatch(/batches of 4096 may have|Give smaller batches/);
    expect(() => requireRoom(gpu, network, 'train', shape(4, 64), 2 ** 30)).not.toThrow();
    expect(() => recorded('train', 512, 2048)).toThrow(OutOfMemoryError);
  });
});
