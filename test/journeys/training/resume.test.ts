/** A training that stops and goes on, in memory and through files. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import { densenetConfig, parameterTable } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { readKerasHdf5, writeKerasHdf5 } from '../../../src/densenet/weights/keras/kerasLazy.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { differences } from '../../densenet/weights/keras/h5Fixtures.js';
import { generatedBatch, generatedLossWeights, generatedWeights } from '../../support/networks/generated.js';

const config = densenetConfig('densenet121', {
  name: 'small',
  blocks: [2, 1],
  growthRate: 8,
  bottleneck: 2,
  stemChannels: 16,
  classes: 3,
});
const loss = generatedLossWeights(3);
const settings = { learningRate: 3e-3, beta1: 0.8, beta2: 0.99, epsilon: 1e-6 };
const shorthand = { learningRate: 3e-3, beta1: 0.8, beta2: 0.99, adamEpsilon: 1e-6 };
const batch = (i: number) => generatedBatch(60 + i, 2, 16, 3);

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const create = (weights: WeightMap = generatedWeights(config, 5)) =>
  DenseNet.create(gpu, { config, weights });

async function train(model: DenseNet, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = from; i < to; i++) losses.push(await model.trainStep(batch(i)));
  return losses;
}

/** Three steps with other settings than the defaults; then the state, three more steps and where they led. */
async function reference() {
  const model = await create();
  await model.compile({ ...loss, ...shorthand });
  await train(model, 0, 3);
  const weights = await model.exportWeights();
  const optimizer = await model.exportOptimizer();
  const losses = await train(model, 3, 6);
  const after = await model.exportWeights();
  model.dispose();
  return { weights, optimizer, losses, after };
}

describe('training goes on', () => {
  it('bit for bit from exported weights and optimizer, with the settings that the state brings', async () => {
    const { weights, optimizer, losses, after } = await reference();
    expect(optimizer).toMatchObject({ iterations: 3, settings });
    const model = await create(weights);
    await model.compile({ ...loss, optimizer });
    expect(model.steps).toBe(3);
    expect(await train(model, 3, 6)).toEqual(losses);
    expect(differences(await model.exportWeights(), after)).toEqual([]);
    expect(model.steps).toBe(6);

    // Neither without the moments nor without their count.
    for (const other of [undefined, { ...optimizer, iterations: 0 }]) {
      await model.importWeights(weights);
      await model.compile({ ...loss, ...shorthand, optimizer: other });
      expect(await train(model, 3, 6)).not.toEqual(losses);
    }
    // Settings that are given win over those of the state.
    await model.importWeights(weights);
    await model.compile({ ...loss, learningRate: 1e-6, optimizer });
    expect((await model.exportOptimizer()).settings).toEqual({ ...settings, learningRate: 1e-6 });
    model.dispose();
  });

  it.each(['keras2-model', 'keras3'] as const)('bit for bit through a file of format %s', async (format) => {
    const { weights, optimizer, losses, after } = await reference();
    const bytes = await writeKerasHdf5(weights, config, { format, optimizer });
    const file = await readKerasHdf5(bytes, config, 'x.h5', { optimizer: true });
    const model = await create(file.tensors);
    // Keras 3's weights keep the learning rate only.
    const own = format === 'keras3' ? { ...shorthand, learningRate: undefined } : {};
    await model.compile({ ...loss, ...own, optimizer: file.optimizer });
    expect(await train(model, 3, 6)).toEqual(losses);
    expect(differences(await model.exportWeights(), after)).toEqual([]);
    model.dispose();
  });

  it('also before the first step, where all moments are 0', async () => {
    const model = await create();
    await model.compile(loss);
    const { optimizer, iterations, slots } = await model.exportOptimizer();
    expect(optimizer).toBe('adam');
    expect(iterations).toBe(0);
    const trainable = parameterTable(config).filter((spec) => spec.trainable);
    expect([...slots.m.keys()]).toEqual(trainable.map((spec) => spec.key));
    for (const values of [...slots.m.values(), ...slots.v.values()])
      expect(values.every((x) => x === 0)).toBe(true);
    model.dispose();
  });

  it('as it was after a state that does not fit', async () => {
    const { weights, optimizer, losses } = await reference();
    const model = await create(weights);
    await model.compile({ ...loss, optimizer });
    const spoilt = structuredClone(optimizer);
    spoilt.slots.v.get('bn/gamma')?.fill(Number.NaN, 0, 1);
    await expect(model.compile({ ...loss, optimizer: spoilt })).rejects.toThrow(WeightsError);
    await expect(model.compile({ posWeights: [1], negWeights: [1], optimizer })).rejects.toThrow(UsageError);
    expect(await train(model, 3, 6)).toEqual(losses);
    model.dispose();
  });

  it('only after compile', async () => {
    const model = await create();
    await expect(model.exportOptimizer()).rejects.toThrow(/compile\(\) before exportOptimizer/);
    model.dispose();
  });
});
