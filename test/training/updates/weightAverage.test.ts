/** With an average of the weights the network is the average, wherever a model speaks of its network. */
import { expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';

const gpu = await testGpu();
const EMA = 0.75;

async function tiny(weights: WeightMap = generatedWeights(TINY, 3)): Promise<DenseNet> {
  return DenseNet.create(gpu, { config: TINY, weights });
}

async function steps(model: DenseNet, from: number, to: number): Promise<number[]> {
  const losses: number[] = [];
  for (let i = from; i < to; i++) losses.push(await model.trainStep(tinyBatch(i)));
  return losses;
}

const trainable = (weights: WeightMap) => [...weights].filter(([key]) => !key.includes('/moving'));
const moving = (weights: WeightMap) => [...weights].filter(([key]) => key.includes('/moving'));

it('the average predicts and is exported; the training is as without it, to the last bit', async () => {
  const [plain, averaged] = [await tiny(), await tiny()];
  await plain.compile({ ...TINY_LOSS, learningRate: 0.01 });
  await averaged.compile({ ...TINY_LOSS, learningRate: 0.01, ema: EMA });
  const start = await averaged.exportWeights();
  const want = new Map(trainable(start).map(([key]) => [key, new Float64Array()]));
  for (let i = 0; i < 4; i++) {
    expect(await steps(averaged, i, i + 1)).toEqual(await steps(plain, i, i + 1));
    const weights = await plain.exportWeights();
    for (const [key, values] of trainable(weights)) {
      const before = want.get(key)!;
      want.set(
        key,
        Float64Array.from(values, (w, at) => (i === 0 ? w : EMA * before[at] + (1 - EMA) * w)),
      );
    }
    // Inference between steps changes nothing of the training.
    await averaged.predict(tinyBatch(9));
    const network = await averaged.exportWeights();
    for (const [key, values] of trainable(network)) {
      const far = values.map((v, at) => Math.abs(v - want.get(key)![at]));
      expect(Math.max(...far)).toBeLessThan(1e-6);
    }
    // Those of the training passes.
    expect(moving(network)).toEqual(moving(weights));
    const { slots } = await averaged.exportOptimizer();
    expect([...slots.trained]).toEqual(trainable(weights));
  }
  const other = await tiny(await averaged.exportWeights());
  expect(await averaged.predict(tinyBatch(9))).toEqual(await other.predict(tinyBatch(9)));
  expect(await averaged.predict(tinyBatch(9))).not.toEqual(await plain.predict(tinyBatch(9)));
  expect(await averaged.gradcam(tinyBatch(9, 1), [0])).toEqual(await other.gradcam(tinyBatch(9, 1), [0]));
  for (const model of [plain, averaged, other]) await model.dispose();
});

it('a training goes on bit for bit from the network and the state, and not without the state', async () => {
  const model = await tiny();
  await model.compile({ ...TINY_LOSS, ema: EMA });
  await steps(model, 0, 3);
  const [network, state] = [await model.exportWeights(), await model.exportOptimizer()];
  const want = [await steps(model, 3, 6), await model.exportWeights(), await model.exportOptimizer()];

  const other = await tiny(network);
  await other.compile({ ...TINY_LOSS, ema: EMA, optimizer: state });
  expect(await other.exportWeights()).toEqual(network);
  expect([await steps(other, 3, 6), await other.exportWeights(), await other.exportOptimizer()]).toEqual(
    want,
  );

  const { trained: _, ...slots } = state.slots;
  await other.importWeights(network);
  await other.compile({ ...TINY_LOSS, ema: EMA, optimizer: { ...state, slots } });
  expect(await steps(other, 3, 6)).not.toEqual(want[0]);

  const before = await other.exportWeights();
  await expect(other.compile({ ...TINY_LOSS, optimizer: state })).rejects.toThrow(UsageError);
  await expect(other.compile({ ...TINY_LOSS, optimizer: state })).rejects.toThrow(/moving average/);
  expect(await other.exportWeights()).toEqual(before);
  for (const one of [model, other]) await one.dispose();
});

it('weights that are imported replace both, and without an average the network stays what it was', async () => {
  const model = await tiny();
  await model.compile({ ...TINY_LOSS, ema: EMA });
  await steps(model, 0, 2);
  const other = generatedWeights(TINY, 8);
  await model.importWeights(other);
  expect(await model.exportWeights()).toEqual(other);
  expect([...(await model.exportOptimizer()).slots.trained]).toEqual(trainable(other));

  await steps(model, 0, 2);
  const network = await model.exportWeights();
  await model.goOn({ ema: 0 });
  expect(await model.exportWeights()).toEqual(network);
  expect((await model.exportOptimizer()).slots.trained).toBeUndefined();
  const fresh = await tiny(network);
  await fresh.compile({ ...TINY_LOSS, optimizer: await model.exportOptimizer() });
  expect(await steps(model, 2, 4)).toEqual(await steps(fresh, 2, 4));

  await model.goOn({ ema: EMA });
  const { trained } = (await model.exportOptimizer()).slots;
  expect([...trained]).toEqual(trainable(await model.exportWeights()));
  for (const one of [model, fresh]) await one.dispose();
});

it('the weights become the average every so many updates; frozen layers stay what they are', async () => {
  const model = await tiny();
  await model.compile({ ...TINY_LOSS, learningRate: 0.01, ema: EMA, emaOverwrite: 3 });
  const weights = async () => {
    const { trained } = (await model.exportOptimizer()).slots;
    return { trained, network: new Map(trainable(await model.exportWeights())) };
  };
  for (let i = 0; i < 6; i++) {
    await steps(model, i, i + 1);
    const { trained, network } = await weights();
    // The average begins as the weights of the first update.
    if (i % 3 === 2 || i === 0) expect(trained).toEqual(network);
    else expect(trained).not.toEqual(network);
  }
  await steps(model, 6, 8);
  const before = await weights();
  await model.goOn({ freeze: ['conv1'] });
  await steps(model, 8, 9);
  const after = await weights();
  for (const [key, values] of after.network) {
    if (key.startsWith('conv1/')) {
      expect([key, after.trained.get(key)]).toEqual([key, before.trained.get(key)]);
      expect([key, values]).toEqual([key, before.network.get(key)]);
    } else expect([key, after.trained.get(key)]).toEqual([key, values]);
  }
  await model.dispose();
});
