/** A second fit goes on where the first one stopped, as Keras' does. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { type FitOptions, fit as trainModel } from '../../../src/training/fit.js';
import { weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const create = () => DenseNet.create(gpu, { config: TINY, seed: 4 });
const all: FitOptions = { ...TINY_LOSS, epochs: 1, learningRate: 0.003, beta1: 0.8, epsilon: 1e-5 };

/** Losses of every step, and all that the model is afterwards. */
async function trained(work: (model: DenseNet) => Promise<number[]>) {
  const model = await create();
  const losses = await work(model);
  const result = { losses, weights: await model.exportWeights(), adam: await model.exportOptimizer() };
  await model.dispose();
  return result;
}

const losses = async (model: DenseNet, options: FitOptions) =>
  (await trainModel(model, tinySource(), options)).stepLoss;

describe('fit on a model that was trained', () => {
  it('gives in two times n epochs what it gives in one of 2n, bit for bit', async () => {
    const once = await trained((model) => losses(model, { ...all, epochs: 4 }));
    const twice = await trained(async (model) => [
      ...(await losses(model, { ...all, epochs: 2 })),
      ...(await losses(model, { ...all, epochs: 2 })),
    ]);
    expect(twice).toEqual(once);
    expect(once.adam.iterations).toBe(8);
    // With other trainings between them, and with settings left out the second time.
    const more = await trained(async (model) => {
      const first = await losses(model, { ...all, epochs: 3 });
      await model.predict(tinyBatch(1));
      return [...first, ...(await losses(model, { ...TINY_LOSS, epochs: 1 }))];
    });
    expect(more).toEqual(once);
  });

  it('goes on after compile and trainStep with the settings that they had', async () => {
    const { epochs: _, ...settings } = all;
    const steps = await trained(async (model) => {
      await model.compile(settings);
      const taken: number[] = [];
      for (let i = 0; i < 4; i++) taken.push(await model.trainStep(await tinySource().getBatch(i % 2)));
      return taken;
    });
    const mixed = await trained(async (model) => {
      await model.compile(settings);
      const taken: number[] = [];
      for (let i = 0; i < 2; i++) taken.push(await model.trainStep(await tinySource().getBatch(i)));
      return [...taken, ...(await losses(model, { ...TINY_LOSS, epochs: 1 }))];
    });
    expect(mixed).toEqual(steps);
  });

  it('starts afresh behind compile, or from a state that it is given', async () => {
    const first = await trained((model) => losses(model, all));
    const model = await create();
    await losses(model, all);
    const state = await model.exportOptimizer();
    const weights = await model.exportWeights();
    await model.compile(all);
    expect(model.steps).toBe(0);
    await model.importWeights(initialWeights(TINY, 4));
    expect(await losses(model, all)).toEqual(first.losses);
    // From a state: as if the first training had gone on.
    await model.importWeights(weights);
    const onwards = await losses(model, { ...TINY_LOSS, epochs: 1, epsilon: 1e-5, optimizer: state });
    const whole = await trained((other) => losses(other, { ...all, epochs: 2 }));
    expect(onwards).toEqual(whole.losses.slice(2));
    await model.dispose();
  });

  it('takes over what is given, and keeps the moments', async () => {
    const model = await create();
    await losses(model, all);
    const before = await model.exportOptimizer();
    const posWeights = [0.1, 0.2];
    const history = await trainModel(model, tinySource(), {
      ...TINY_LOSS,
      posWeights,
      epochs: 1,
      learningRate: 1e-30,
      validation: tinySource(1),
    });
    const after = await model.exportOptimizer();
    expect(after.iterations).toBe(before.iterations + 2);
    expect(after.settings).toEqual({ ...before.settings, learningRate: 1e-30 });
    // The validation counts by the weights and the epsilon that hold.
    const batch = tinyBatch(40);
    const p = await model.predict(batch);
    const rule = weightedCrossEntropy({ ...TINY_LOSS, posWeights, epsilon: 1e-5 });
    expect(history.epochs[0].logs.val_loss).toBe(rule.value(p, batch.labels));
    await model.dispose();
  });

  it('leaves all as it was where its signal is aborted beforehand', async () => {
    const model = await create();
    await losses(model, all);
    const before = await model.exportOptimizer();
    const signal = AbortSignal.abort(new Error('mine'));
    await expect(trainModel(model, tinySource(), { ...all, beta1: 0.1, signal })).rejects.toThrow('mine');
    expect(await model.exportOptimizer()).toEqual(before);
    await model.dispose();
  });

  it('leaves all as it was where the options are refused', async () => {
    const model = await create();
    await losses(model, all);
    const before = await model.exportOptimizer();
    await expect(trainModel(model, tinySource(), { ...all, posWeights: [1] })).rejects.toThrow(/posWeights/);
    expect(await model.exportOptimizer()).toEqual(before);
    await model.dispose();
  });
});
