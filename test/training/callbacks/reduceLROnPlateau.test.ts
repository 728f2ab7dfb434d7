import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import {
  ReduceLROnPlateau,
  type ReduceLROnPlateauOptions,
} from '../../../src/training/callbacks/reduceLROnPlateau.js';
import { refused } from '../../support/refused.js';
import { logsOf, recorded, replay } from './replay.js';
import { on, TinyTraining } from './tinyTraining.js';

describe('ReduceLROnPlateau', () => {
  it.each(recorded.reduceLROnPlateau)(
    '$options on $series sets the rates of tf_keras 2.21',
    async ({ options, series, rates, logged }) => {
      const reduce = new ReduceLROnPlateau(options as ReduceLROnPlateauOptions);
      const anew = () => new ReduceLROnPlateau(options as ReduceLROnPlateauOptions);
      // Used again it begins anew; another one goes on from its state.
      for (const one of [reduce, reduce, anew]) {
        const found = await replay(one, logsOf(series, options.monitor));
        // Keras' rate is a float32.
        expect(worstDifference(found.rates, rates, TOLERANCE.f32Small).ratio).toBeLessThanOrEqual(1);
        expect(worstDifference(found.logged, logged, TOLERANCE.f32Small).ratio).toBeLessThanOrEqual(1);
      }
    },
  );

  it('says each fall, and none where the rate is at its least', async () => {
    const said: string[] = [];
    const say = (line: string) => void said.push(line);
    const reduce = new ReduceLROnPlateau({ patience: 2, factor: 0.25, minLr: 2e-4, say });
    await replay(reduce, logsOf([1, 1, 1, 1, 1, 1, 1, 1]));
    expect(said).toEqual([
      'Epoch 3: val_loss did not improve for 2 epochs; the learning rate falls from 0.001 to 0.00025',
      'Epoch 5: val_loss did not improve for 2 epochs; the learning rate falls from 0.00025 to 0.0002',
    ]);
  });

  it('refuses what makes no sense', async () => {
    const wrong: [object, RegExp][] = [
      [{ factor: 1 }, /factor is 1, it must be from 0 to below 1/],
      [{ patience: -1 }, /patience is -1/],
      [{ cooldown: 0.5 }, /cooldown is 0.5/],
      [{ minDelta: -1 }, /minDelta is -1/],
      [{ minLr: Number.NaN }, /minLr is NaN/],
      [{ mode: 'up' }, /mode is 'up'/],
      [{ monitor: '' }, /monitor is ''/],
      [{ say: true }, /say is true/],
      [{ min_lr: 0.1 }, /have no 'min_lr'.*minLr/],
    ];
    for (const [options, message] of wrong) {
      await refused(() => new ReduceLROnPlateau(options), UsageError, message);
    }
  });
});

describe('ReduceLROnPlateau in a training', () => {
  const tiny = new TinyTraining();

  it('changes what the next steps are made with', async () => {
    const used: number[] = [];
    const callbacks = [
      on('onStep', ({ learningRate }) => void used.push(learningRate)),
      on('onEpoch', ({ logs }) => {
        logs.score = 0.5;
      }),
      new ReduceLROnPlateau({ monitor: 'score', mode: 'max', patience: 1, factor: 0.5 }),
    ];
    const history = await tiny.run({ epochs: 3, callbacks });
    expect(used).toEqual([0.01, 0.01, 0.01, 0.01, 0.005, 0.005]);
    expect(history.epochs.map(({ logs }) => logs.lr)).toEqual([0.01, 0.01, 0.005]);
  });
});
