import { describe, expect, it, vi } from 'vitest';
import { NonFiniteError } from '../../../src/core/errors.js';
import { EarlyStopping } from '../../../src/training/callbacks/earlyStopping.js';
import { TerminateOnNaN } from '../../../src/training/callbacks/terminateOnNaN.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { refused } from '../../support/refused.js';
import { numberOf, recorded, replay } from './replay.js';
import { diary, on, TinyTraining } from './tinyTraining.js';

describe('TerminateOnNaN', () => {
  it.each(recorded.terminateOnNaN)('on losses $steps stops where that of tf_keras 2.21 does', async (one) => {
    const steps = one.steps.map((losses) => losses.map(numberOf));
    const logs = steps.map(() => ({ loss: 1, lr: 1 }));
    expect((await replay(new TerminateOnNaN(), logs, steps)).stopped).toEqual(one.stopped);
  });
});

describe('TerminateOnNaN in a training', () => {
  const tiny = new TinyTraining();

  /** The model refuses its step `at`, counted from 0 over the training. */
  function refuseStep(at: number): void {
    const { model } = tiny;
    const real = model.trainStep.bind(model);
    let calls = 0;
    vi.spyOn(model, 'trainStep').mockImplementation(async (batch) => {
      if (calls++ === at) throw new NonFiniteError('The loss is NaN.', 'Look at the layer conv1.');
      return real(batch);
    });
  }

  it('closes the epoch with the steps that it had, and ends in good order with the best weights', async () => {
    refuseStep(3);
    const lines: string[] = [];
    const kept: WeightMap[] = [];
    const callbacks = [
      new EarlyStopping({ monitor: 'loss', patience: 5, restoreBestWeights: true }),
      new TerminateOnNaN(),
      diary('d', lines),
      on('onEpoch', async (_, { model }) => void kept.push(await model.exportWeights())),
    ];
    const history = await tiny.run({ epochs: 4, callbacks });
    vi.restoreAllMocks();
    expect(history.stopReason).toBe(
      'step 2 of epoch 2 is not finite and was not taken: The loss is NaN. Look at the layer conv1.',
    );
    expect(lines).toEqual([
      'd begin',
      'd step 0.0',
      'd step 0.1',
      'd epoch 0',
      'd step 1.0',
      'd epoch 1',
      'd end',
    ]);
    expect(history.epochs.map(({ steps }) => steps)).toEqual([2, 1]);
    expect(history.stepLoss).toHaveLength(3);
    expect(await tiny.model.exportWeights()).toEqual(kept[0]);
  });

  it('does not close an epoch of which no step was taken', async () => {
    refuseStep(2);
    const lines: string[] = [];
    const history = await tiny.run({ epochs: 4, callbacks: [new TerminateOnNaN(), diary('d', lines)] });
    vi.restoreAllMocks();
    expect(history.epochs).toHaveLength(1);
    expect(lines.slice(-2)).toEqual(['d epoch 0', 'd end']);
    expect(history.stopReason).toMatch(/^step 1 of epoch 2 is not finite/);
  });

  it('is needed for that: without it fit rejects with the error, though others may look at it', async () => {
    refuseStep(1);
    const seen: unknown[] = [];
    const look = on('onRefusedStep', ({ epoch, step, steps, error }) => {
      seen.push(epoch, step, steps, error.message);
    });
    await refused(() => tiny.run({ epochs: 2, callbacks: [look] }), NonFiniteError, /^The loss is NaN/);
    vi.restoreAllMocks();
    expect(seen).toEqual([0, 1, 2, 'The loss is NaN. Look at the layer conv1.']);
  });
});
