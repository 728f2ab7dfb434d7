/** A step that would leave a number that is not finite is refused, named, and leaves nothing behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NonFiniteError } from '../../../src/core/errors.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { PixelBatch } from '../../../src/training/batch.js';
import type { OptimizerKind } from '../../../src/training/optimizers/optimizer.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import type { TrainingOptions } from '../../../src/training/trainingOptions.js';
import { generatedWeights } from '../../support/networks/generated.js';

const config = densenetConfig('densenet121', {
  name: 'small',
  blocks: [2, 1, 1],
  growthRate: 16,
  bottleneck: 2,
  stemChannels: 16,
  classes: 3,
});
const LOSS = { posWeights: [0.5, 0.6, 0.7], negWeights: [0.5, 0.4, 0.3] };
const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, adamEpsilon: 1e-7 };

function batch(seed: number): PixelBatch {
  return {
    count: 2,
    height: 16,
    width: 16,
    channels: 1,
    pixels: Uint8Array.from({ length: 512 }, (_, i) => (i * 31 + seed * 17 + (i >> 4) * 7) & 255),
    normalisation: { kind: 'samplewise', epsilon: 1e-6 },
    labels: Float32Array.from({ length: 6 }, (_, i) => (i + seed) % 2),
    files: ['first.png', 'second.png'],
  };
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

type Change = (values: Float32Array) => Float32Array;
const times =
  (factor: number): Change =>
  (values) =>
    values.map((v) => v * factor);

function changed(weights: WeightMap, changes: Record<string, Change>): WeightMap {
  const made = new Map(weights);
  for (const [key, change] of Object.entries(changes)) made.set(key, change(made.get(key)!));
  return made;
}

/**
 * A bottleneck whose batch norm gives numbers `scale` times as large, which the next convolution takes back: forward
 * nothing changes, but the gradient of that convolution is `scale` times as large.
 */
const balanced = (scale: number): Record<string, Change> => ({
  'conv2_block1_1_bn/gamma': times(scale),
  'conv2_block1_1_bn/beta': times(scale),
  'conv2_block1_2_conv/kernel': times(1 / scale),
});

interface Case {
  what: string;
  changes: Record<string, Change>;
  options?: Partial<TrainingOptions>;
  message: RegExp;
}

const CASES: Case[] = [
  {
    what: 'a loss that is not finite',
    changes: { 'conv3_block1_1_conv/kernel': (values) => values.map(() => 3e38) },
    message: /loss of step 4 is .* in conv3_block1_1_conv\./,
  },
  {
    what: 'gradients that are infinite behind a finite loss',
    changes: balanced(1e37),
    options: { posWeights: [1e5, 1e5, 1e5], negWeights: [1e5, 1e5, 1e5] },
    message:
      /Step 4 has the finite loss .* the gradient of conv2_block1_2_conv\/kernel holds (-?Infinity|NaN)/,
  },
  {
    what: 'a gradient whose square is infinite',
    changes: balanced(1e24),
    message:
      /Step 4 has the finite loss .* squared gradients of conv2_block1_2_conv\/kernel would be Infinity/,
  },
  {
    what: 'a batch variance that is infinite, which no other number shows',
    changes: { 'conv4_block1_1_conv/kernel': times(7.5e18) },
    message: /Step 4 has the finite loss .* conv4_block1_1_bn\/moving_variance would hold Infinity/,
  },
  {
    what: 'an update that is infinite',
    changes: {},
    options: { learningRate: 3e38, beta1: 0, beta2: 0.5, adamEpsilon: 1e-30 },
    message: /Step 4 has the finite loss .* a weight of .* would be/,
  },
];

/** Everything that a model holds. */
async function state(model: DenseNet) {
  const optimizer = await model.exportOptimizer();
  const predictions = await model.predict(batch(9)).catch((error: Error) => error.message);
  return { weights: await model.exportWeights(), optimizer, predictions };
}

describe.each(CASES)('a step with $what', ({ changes, options, message }) => {
  const start = generatedWeights(config, 5);

  it('is refused with the place, and all is as before it', async () => {
    const model = await DenseNet.create(gpu, { config, weights: start });
    await model.compile({ ...LOSS, ...ADAM });
    for (let i = 0; i < 3; i++) await model.trainStep(batch(i));
    const weights = await model.exportWeights();
    await model.importWeights(changed(weights, changes));
    if (options) await model.compile({ ...LOSS, ...options, optimizer: await model.exportOptimizer() });
    const before = await state(model);

    const error = await model.trainStep(batch(3)).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(NonFiniteError);
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain('as before this step');
    expect(await state(model)).toEqual(before);
    expect(model.steps).toBe(3);
    // Not hidden either: what the refused step computed can be looked at.
    expect((await model.gradients()).size).toBe(before.optimizer.slots.m.size);

    // It goes on as if the refused step had never been.
    await model.importWeights(weights);
    await model.compile({ ...LOSS, ...ADAM, optimizer: await model.exportOptimizer() });
    const other = await DenseNet.create(gpu, { config, weights: start });
    await other.compile({ ...LOSS, ...ADAM });
    for (let i = 0; i < 3; i++) await other.trainStep(batch(i));
    expect(await model.trainStep(batch(4))).toBe(await other.trainStep(batch(4)));
    expect(await state(model)).toEqual(await state(other));
    for (const done of [model, other]) done.dispose();
  });
});

describe('gradients that are not finite', () => {
  it('are refused also where the optimizer would take them', async () => {
    const model = await DenseNet.create(gpu, {
      config,
      weights: changed(generatedWeights(config, 5), balanced(1e37)),
    });
    const careless: OptimizerKind = { ...SGD, boundsAfter: () => ({ w: 1, velocity: 1 }) };
    const settings = { learningRate: 0.1, momentum: 0.9 };
    const large = { posWeights: [1e5, 1e5, 1e5], negWeights: [1e5, 1e5, 1e5] };
    await model.compile({ ...large, optimizer: { kind: careless, settings } });
    const before = await state(model);
    await expect(model.trainStep(batch(3))).rejects.toThrow(
      /Step 1 has the finite loss .* the gradient of conv2_block1_2_conv\/kernel holds/,
    );
    expect(await state(model)).toEqual(before);
    expect(model.steps).toBe(0);
    await model.dispose();
  });
});
