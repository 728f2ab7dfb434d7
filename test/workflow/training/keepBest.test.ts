import { describe, expect, it, vi } from 'vitest';
import { weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { KeepBest } from '../../../src/workflow/training/keepBest.js';
import { recordedSource, TINY_LOSS } from '../../support/networks/tinyNet.js';
import { TinyTraining } from '../../training/callbacks/tinyTraining.js';

const tiny = new TinyTraining();
/** Of positive labels alone: the larger the probabilities, the less. */
const WEIGHTS = { posWeights: TINY_LOSS.posWeights, negWeights: [0, 0] };

/** Trains with validation losses that go by these probabilities: of the start, then of each epoch. */
async function train(probabilities: number[]) {
  const { model } = tiny;
  const recorded = recordedSource([2]).source;
  const batch = await recorded.getBatch(0);
  const source = { ...recorded, samples: 2, length: 1, getBatch: async () => batch, onEpochEnd: () => {} };
  const weights: WeightMap[] = [await model.exportWeights()];
  const predict = vi.spyOn(model, 'predict');
  predict.mockImplementation(async () =>
    new Float32Array(4).fill(probabilities[started ? weights.length : 0]),
  );
  let started = false;
  const keeper = new KeepBest(source, weightedCrossEntropy(WEIGHTS));
  await tiny.run({
    ...WEIGHTS,
    epochs: probabilities.length - 1,
    validation: source,
    callbacks: [
      keeper,
      {
        onTrainBegin: () => {
          started = true;
        },
        onEpoch: async () => void weights.push(await model.exportWeights()),
      },
    ],
  });
  predict.mockRestore();
  return { keeper, weights, left: await model.exportWeights() };
}

describe('KeepBest', () => {
  it('gives back the weights of before where no epoch was better', async () => {
    const { keeper, weights, left } = await train([0.6, 0.5, 0.4]);
    expect(keeper.bestEpoch).toBe(0);
    expect(keeper.startLoss).toBeGreaterThan(0);
    expect(left).toEqual(weights[0]);
    expect(left).not.toEqual(weights[2]);
  });

  it('gives back those of the best epoch', async () => {
    const { keeper, weights, left } = await train([0.3, 0.6, 0.5]);
    expect(keeper.bestEpoch).toBe(1);
    expect(left).toEqual(weights[1]);
  });

  it('leaves those of the last where it was the best', async () => {
    const { keeper, weights, left } = await train([0.3, 0.4, 0.5]);
    expect(keeper.bestEpoch).toBe(2);
    expect(left).toEqual(weights[2]);
  });
});
