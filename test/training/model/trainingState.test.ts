/** A training between two steps: groups of batches, what waits for an update, and how it goes on elsewhere. */
import { expect, it } from 'vitest';
import { NonFiniteError, UsageError, WeightsError } from '../../../src/core/errors.js';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Batch } from '../../../src/training/batch.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import { sgd } from '../../../src/training/optimizers/index.js';
import type { OptimizerState } from '../../../src/training/optimizers/state.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { recordedSource, TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';

const gpu = await testGpu();
const START = generatedWeights(TINY, 3);
const OPTIMIZER = sgd({ learningRate: 0.1, momentum: 0.9 });

async function tiny(weights = START): Promise<DenseNet> {
  return DenseNet.create(gpu, { config: TINY, weights });
}

const kernels = (weights: WeightMap) => [...weights].filter(([key]) => !key.includes('/moving'));

it('averages the gradients of batches of any size by their images, each with statistics of its own', async () => {
  const model = await tiny();
  const sizes = [2, 1, 3];
  const each: WeightMap[] = [];
  for (const [i, size] of sizes.entries()) {
    await model.importWeights(START);
    await model.compile({ ...TINY_LOSS, optimizer: OPTIMIZER });
    await model.trainStep(tinyBatch(i, size));
    each.push(await model.gradients());
  }
  await model.importWeights(START);
  await model.compile({ ...TINY_LOSS, optimizer: OPTIMIZER, accumulate: 3 });
  for (const [i, size] of sizes.entries()) {
    expect(kernels(await model.exportWeights())).toEqual(kernels(START));
    expect(model.steps).toBe(0);
    await model.trainStep(tinyBatch(i, size));
  }
  expect(model.steps).toBe(1);
  for (const [key, mean] of await model.gradients()) {
    const want = Float64Array.from(mean, (_, at) =>
      each.reduce((sum, gradients, i) => sum + (sizes[i] * gradients.get(key)![at]) / 6, 0),
    );
    expect(worstDifference(mean, want, TOLERANCE.f32).ratio).toBeLessThan(1);
  }
  expect(kernels(await model.exportWeights())).not.toEqual(kernels(START));
  await model.dispose();
});

it('ends a group early when asked to, and an epoch of fit with an update', async () => {
  const model = await tiny();
  await model.compile({ ...TINY_LOSS, optimizer: OPTIMIZER, accumulate: 3 });
  for (const endsGroup of [false, true, false]) await model.trainStep(tinyBatch(0), { endsGroup });
  expect(model.steps).toBe(1);
  expect((await model.exportOptimizer()).group).toEqual({ batches: 1, images: 2 });
  await expect(model.trainStep(tinyBatch(0), { endsGroup: 1 as unknown as boolean })).rejects.toThrow(
    /endsGroup is 1/,
  );

  await model.compile({ ...TINY_LOSS, optimizer: OPTIMIZER });
  const { source } = recordedSource([2, 2, 1, 2, 2]);
  const updates: number[] = [];
  const callbacks = [{ onStep: () => void updates.push(model.steps) }];
  await trainModel(model, source, {
    ...TINY_LOSS,
    optimizer: OPTIMIZER,
    epochs: 2,
    accumulate: 2,
    callbacks,
  });
  expect(updates).toEqual([0, 1, 1, 2, 3, 3, 4, 4, 5, 6]);

  // Stopped inside a group it waits, and the next training goes on with it.
  const stop = [
    { onStep: (_: unknown, training: { stop(reason: string): void }) => training.stop('enough') },
  ];
  await trainModel(model, source, { epochs: 1, callbacks: stop });
  expect(model.steps).toBe(6);
  expect((await model.exportOptimizer()).group).toEqual({ batches: 1, images: 2 });
  await model.goOn({ accumulate: 4 });
  expect((await model.exportOptimizer()).group).toBeUndefined();
  await model.trainStep(tinyBatch(0));
  expect((await model.exportOptimizer()).group).toEqual({ batches: 1, images: 2 });
  await model.importWeights(START);
  expect((await model.exportOptimizer()).group).toBeUndefined();
  await model.dispose();
});

it('goes on bit for bit from a state inside a group', async () => {
  const options = { ...TINY_LOSS, accumulate: 3, ema: 0.5, clipNorm: 0.1 };
  const model = await tiny();
  await model.compile({ ...options, optimizer: OPTIMIZER });
  const steps = async (on: DenseNet, from: number, to: number) => {
    const losses: number[] = [];
    for (let i = from; i < to; i++) losses.push(await on.trainStep(tinyBatch(i)));
    return losses;
  };
  await steps(model, 0, 5);
  const [network, state] = [await model.exportWeights(), await model.exportOptimizer()];
  expect(state).toMatchObject({ iterations: 1, group: { batches: 2, images: 4 } });
  const after = async (on: DenseNet) => [
    await steps(on, 5, 9),
    await on.exportWeights(),
    await on.exportOptimizer(),
  ];
  const want = await after(model);
  const other = await tiny(network);
  await other.compile({ ...options, optimizer: state });
  expect(await other.exportOptimizer()).toEqual(state);
  expect(await after(other)).toEqual(want);

  await expect(other.compile({ ...options, accumulate: 1, optimizer: state })).rejects.toThrow(UsageError);
  const wrong = async (changes: Partial<OptimizerState>, message: RegExp) => {
    const damaged = other.compile({ ...options, optimizer: { ...state, ...changes } });
    await expect(damaged).rejects.toThrow(message);
    await expect(damaged).rejects.toThrow(WeightsError);
  };
  await wrong({ group: undefined }, /slots.accumulated and no group/);
  await wrong({ group: { batches: 3, images: 2 } }, /a group of 3 batches and 2 images/);
  await wrong({ group: { batches: 0, images: 0 } }, /a group of 0 batches/);
  const { accumulated: _, ...slots } = state.slots;
  await wrong({ slots }, /group and no slots.accumulated/);
  expect(await other.exportOptimizer()).toEqual(want[2]);
  for (const one of [model, other]) await one.dispose();
});

it('keeps a group as it was when one of its batches is refused', async () => {
  const model = await tiny();
  const huge = { posWeights: [3e38, 3e38], negWeights: [3e38, 3e38] };
  await model.compile({ ...TINY_LOSS, optimizer: OPTIMIZER, accumulate: 2 });
  await model.trainStep(tinyBatch(0));
  const held = async () => [await model.exportWeights(), await model.exportOptimizer()];
  const before = await held();
  await model.goOn(huge);
  const inf: Batch = tinyBatch(1);
  await expect(model.trainStep(inf)).rejects.toThrow(NonFiniteError);
  expect(await held()).toEqual(before);
  await model.goOn(TINY_LOSS);
  await model.trainStep(tinyBatch(1));
  const want = [await model.gradients(), ...(await held())];

  await model.importWeights(START);
  await model.compile({ ...TINY_LOSS, optimizer: OPTIMIZER, accumulate: 2 });
  for (const i of [0, 1]) await model.trainStep(tinyBatch(i));
  expect([await model.gradients(), ...(await held())]).toEqual(want);
  await model.dispose();
});
