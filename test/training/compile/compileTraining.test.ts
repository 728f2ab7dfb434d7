/** The first `compile` of a model, which loads what makes trainings, is like any other. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { adam } from '../../../src/training/optimizers/index.js';
import { TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const create = () => DenseNet.create(gpu, { config: TINY, seed: 1 });
const batch = tinyBatch(1);

/** The losses of two steps of a model that is compiled and waited for before them. */
async function wanted(): Promise<number[]> {
  const model = await create();
  await model.compile(TINY_LOSS);
  const losses = [await model.trainStep(batch), await model.trainStep(batch)];
  model.dispose();
  return losses;
}

describe('the first compile of a model', () => {
  it('keeps its place before calls that come behind it', async () => {
    const model = await create();
    const calls = [model.compile(TINY_LOSS), model.trainStep(batch), model.trainStep(batch)] as const;
    const [, ...losses] = await Promise.all(calls);
    expect(losses).toEqual(await wanted());
    model.dispose();
  });

  it('goes by the options as they were', async () => {
    const [model, other] = [await create(), await create()];
    await other.compile(TINY_LOSS);
    await other.trainStep(batch);
    const { slots, ...state } = await other.exportOptimizer();
    const given = {
      posWeights: Float32Array.from(TINY_LOSS.posWeights),
      negWeights: [...TINY_LOSS.negWeights],
      optimizer: { ...state, slots },
      freeze: ['conv1/conv'],
    };
    await other.compile({ ...given, optimizer: { ...state, slots } });
    const compiled = model.compile(given);
    given.posWeights.fill(7);
    given.negWeights.fill(7);
    given.freeze.push('predictions');
    given.optimizer.iterations = 99;
    await compiled;
    expect(model.steps).toBe(1);
    await model.importWeights(await other.exportWeights());
    expect(await model.trainStep(batch)).toBe(await other.trainStep(batch));
    expect([...(await model.exportWeights())]).toEqual([...(await other.exportWeights())]);
    for (const each of [model, other]) each.dispose();
  });

  it('leaves alone what else stands in the options, as callbacks and sources of fit do', async () => {
    const model = await create();
    const callback: Record<string, unknown> = { onStep: () => {} };
    callback.page = { callback };
    const options = { ...TINY_LOSS, epochs: 1, callbacks: [callback] };
    await model.compile(options);
    expect(await model.trainStep(batch)).toBe((await wanted())[0]);
    model.dispose();
  });

  it('is refused at once where its options make no sense, and another one works', async () => {
    const model = await create();
    await expect(
      model.compile({ ...TINY_LOSS, optimizer: adam({ beta1: 0.8 }), learningRate: 1 }),
    ).rejects.toThrow(UsageError);
    await expect(model.compile({ posWeights: [1], negWeights: [1, 1] })).rejects.toThrow(/posWeights has 1/);
    await expect(model.trainStep(batch)).rejects.toThrow(/Call compile\(\) before training/);
    await model.compile(TINY_LOSS);
    expect(await model.trainStep(batch)).toBe((await wanted())[0]);
    model.dispose();
  });
});
