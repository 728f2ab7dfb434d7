/** Clipping, accumulation and averages of weights: Keras' and PyTorch's numbers, and what is refused. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { TOLERANCE, type Tolerance, worstDifference } from '../../../src/core/tolerance.js';
import type { FloatBatch, Labelled } from '../../../src/training/batch.js';
import { binaryCrossEntropy } from '../../../src/training/losses/binaryCrossEntropy.js';
import { Model } from '../../../src/training/model/model.js';
import { OPTIMIZERS, sgd } from '../../../src/training/optimizers/index.js';
import { complete, type SettingMap } from '../../../src/training/optimizers/optimizer.js';
import {
  checkUpdates,
  completeUpdates,
  describeUpdates,
  type UpdateSettings,
} from '../../../src/training/updates/updateSettings.js';
import { golden } from '../../support/golden/parity.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { flatWeights, ONE_LAYER, oneLayerBatch, oneLayerWeights } from '../../support/networks/oneLayer.js';

const gpu = await testGpu();

interface Found {
  weights: number[];
  average?: number[];
  finalized?: number[];
}

interface Case {
  optimizer: string;
  settings: SettingMap;
  sizes: number[];
  updates: Partial<UpdateSettings>;
  keras?: Found;
  torch?: Found;
}

const file = golden<{ seed: number; cases: Case[] }>('updates/updates.json');
const ratio = (got: number[], want: number[], near: Tolerance) => worstDifference(got, want, near).ratio;

/** Weights of the training and the network that comes out of it. */
async function train({ optimizer, settings, sizes, updates }: Case) {
  const kind = OPTIMIZERS.find(({ name }) => name === optimizer)!;
  const model = await Model.of(gpu, ONE_LAYER, { weights: oneLayerWeights(file.seed) });
  await model.compile({ loss: binaryCrossEntropy(), optimizer: complete(kind, settings), ...updates });
  for (const [i, size] of sizes.entries()) await model.trainStep(oneLayerBatch(file.seed, i, size));
  const [network, { slots }] = [await model.exportWeights(), await model.exportOptimizer()];
  const { steps } = model;
  await model.dispose();
  return { network: flatWeights(network), trained: slots.trained && flatWeights(slots.trained), steps };
}

describe('updates', () => {
  const title = ({ optimizer, sizes, updates }: Case) =>
    `${optimizer}, batches ${sizes}, ${JSON.stringify(updates)}`;

  it.each(file.cases.map((one) => [title(one), one] as const))(
    "are Keras' and PyTorch's: %s",
    async (_, one) => {
      const { network, trained, steps } = await train(one);
      const { accumulate = 1, ema } = one.updates;
      expect(steps).toBe(one.sizes.length / accumulate);
      const others = [one.keras, one.torch].filter((found) => found !== undefined);
      expect(others.length).toBeGreaterThan(0);
      for (const { weights, average, finalized } of others) {
        expect(ratio(trained ?? network, weights, TOLERANCE.f32)).toBeLessThan(1);
        expect(average !== undefined).toBe(ema !== undefined);
        for (const found of [average, finalized]) {
          if (found) expect(ratio(network, found, TOLERANCE.f32)).toBeLessThan(1);
        }
      }
      const plain = file.cases[0].keras!.weights;
      const moved = ratio(trained ?? network, plain, TOLERANCE.f32);
      const sameWeights = Object.keys(one.updates).every((name) => name === 'ema');
      if (one.optimizer === 'sgd') expect(moved > 100).toBe(!sameWeights);
    },
  );

  it.each([1e25, 1e-25])(
    'clip by a norm whose squares float32 does not hold: %s times the loss',
    async (scale) => {
      const gradients = async (factor: number, clipNorm: number) => {
        const model = await Model.of(gpu, ONE_LAYER, { weights: oneLayerWeights(1) });
        const weights = Array<number>(3).fill(factor);
        await model.compile({
          posWeights: weights,
          negWeights: weights,
          optimizer: sgd({ learningRate: 1e-9 }),
          clipNorm,
        });
        await model.trainStep(oneLayerBatch(file.seed, 0, 3));
        const found = flatWeights(await model.gradients()).map((g) => g / factor);
        await model.dispose();
        return found;
      };
      const free = await gradients(1, Number.POSITIVE_INFINITY);
      const norm = Math.hypot(...free);
      expect(norm).toBeGreaterThan(0.1);
      const want = free.map((g) => (g * 0.01) / norm);
      for (const factor of [1, scale]) {
        expect(ratio(await gradients(factor, 0.01 * factor), want, TOLERANCE.f32Small)).toBeLessThan(10);
      }
      expect(await gradients(1, 2 * norm)).toEqual(free);
    },
  );

  it('of several batches are that of one large batch, however large each is', async () => {
    const sizes = [4, 1, 2];
    const parts = sizes.map((size, i) => oneLayerBatch(file.seed, i, size));
    const together: Labelled<FloatBatch> = {
      ...parts[0],
      count: 7,
      x: Float32Array.from(parts.flatMap(({ x }) => [...x])),
      labels: Float32Array.from(parts.flatMap(({ labels }) => [...labels])),
      files: parts.flatMap(({ files }) => files),
    };
    const trained = async (batches: Labelled<FloatBatch>[]) => {
      const model = await Model.of(gpu, ONE_LAYER, { weights: oneLayerWeights(file.seed) });
      await model.compile({ loss: binaryCrossEntropy(), accumulate: batches.length });
      for (const batch of batches) await model.trainStep(batch);
      const found = [flatWeights(await model.gradients()), flatWeights(await model.exportWeights())];
      await model.dispose();
      return found;
    };
    const [got, want] = [await trained(parts), await trained([together])];
    for (const i of [0, 1]) expect(ratio(got[i], want[i], TOLERANCE.f32Small)).toBeLessThan(10);
  });
});

describe('settings of updates', () => {
  it.each<[Partial<Record<keyof UpdateSettings, unknown>>, RegExp]>([
    [{ clipNorm: 0 }, /clipNorm is 0/],
    [{ clipNorm: -1 }, /clipNorm is -1/],
    [{ clipNorm: Number.NaN }, /clipNorm is NaN/],
    [{ clipNorm: '1' }, /clipNorm is '1'/],
    [{ clipValue: Number.NEGATIVE_INFINITY }, /clipValue is -Infinity/],
    [{ clipValue: 1e39 }, /clipValue is 1e\+39/],
    [{ accumulate: 0 }, /accumulate is 0/],
    [{ accumulate: 1.5 }, /accumulate is 1.5/],
    [{ ema: 1 }, /ema is 1/],
    [{ ema: -0.1 }, /ema is -0.1/],
    [{ ema: 1 - 1e-9 }, /ema is 0.999999999/],
    [{ emaOverwrite: 0 }, /emaOverwrite is 0/],
    [{ emaOverwrite: -2 }, /emaOverwrite is -2/],
    [{ emaOverwrite: 1.5 }, /emaOverwrite is 1.5/],
    [{ emaOverwrite: Number.NaN }, /emaOverwrite is NaN/],
    [{ emaOverwrite: '3' }, /emaOverwrite is '3'/],
    [{ clipVariableNorm: 0 }, /clipVariableNorm is 0/],
    [{ clipVariableNorm: '1' }, /clipVariableNorm is '1'/],
    [{ clipNorm: 1, clipValue: 1 }, /in one way, not by clipNorm and clipValue/],
    [{ clipNorm: 1, clipVariableNorm: 1 }, /in one way, not by clipNorm and clipVariableNorm/],
    [{ clipVariableNorm: 1, clipValue: 1 }, /in one way, not by clipVariableNorm and clipValue/],
  ])('%o is refused', (options, message) => {
    expect(() => checkUpdates(options as Partial<UpdateSettings>)).toThrow(UsageError);
    expect(() => checkUpdates(options as Partial<UpdateSettings>)).toThrow(message);
  });

  it('are off where nothing is said, and what is said before holds', () => {
    const off = completeUpdates({});
    expect(describeUpdates(off)).toEqual([]);
    const on = completeUpdates({ clipNorm: 1, accumulate: 4 }, { ema: 0.999, accumulate: 2 });
    expect(describeUpdates(on)).toEqual([
      'gradients clipped to norm 1',
      '4 batches per update',
      'the network an average of the weights with momentum 0.999',
    ]);
    expect(completeUpdates({ clipNorm: Number.POSITIVE_INFINITY, accumulate: 1, ema: 0 }, on)).toEqual(off);
    expect(() => completeUpdates({ clipValue: 1 }, on)).toThrow(UsageError);
    expect(() => completeUpdates({ emaOverwrite: 5 })).toThrow(/emaOverwrite is 5, and there is no average/);
    expect(() => completeUpdates({ ema: 0 }, { ema: 0.9, emaOverwrite: 5 })).toThrow(UsageError);
    expect(describeUpdates(completeUpdates({ emaOverwrite: 5 }, on)).slice(2)).toEqual([
      'the network an average of the weights with momentum 0.999',
      'going on from it every 5 updates',
    ]);
    expect(() => completeUpdates({ clipVariableNorm: 1 }, on)).toThrow(UsageError);
    expect(describeUpdates(completeUpdates({ clipVariableNorm: 2 }))).toEqual([
      'the gradients of each tensor clipped to norm 2',
    ]);
    expect(describeUpdates(completeUpdates({ clipValue: 0.5 }))).toEqual([
      'gradients clipped at 0.5 either way',
    ]);
  });
});
