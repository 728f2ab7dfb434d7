import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { EarlyStopping, type EarlyStoppingOptions } from '../../../src/training/callbacks/earlyStopping.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { recordedSource } from '../../support/networks/tinyNet.js';
import { refused } from '../../support/refused.js';
import { logsOf, numberOf, recorded, replay } from './replay.js';
import { on, TinyTraining } from './tinyTraining.js';

describe('EarlyStopping', () => {
  it.each(recorded.earlyStopping)(
    '$options, restoring $restore, on $series stops and leaves weights as tf_keras 2.21 does',
    async ({ options, restore, series, stopped, left, best }) => {
      const stopping = new EarlyStopping({ ...options, restoreBestWeights: restore } as EarlyStoppingOptions);
      for (let use = 0; use < 2; use++) {
        // Used again it begins anew.
        const found = await replay(stopping, logsOf(series, options.monitor));
        expect([found.stopped, found.left]).toEqual([stopped === null ? null : [stopped, null], left]);
        expect(stopping.stoppedEpoch).toBe(stopped);
        expect(stopping.best).toBe(numberOf(best));
        if (restore) expect(stopping.bestEpoch).toBe(stopping.bestWeights ? left : null);
      }
      const anew = () =>
        new EarlyStopping({ ...options, restoreBestWeights: restore } as EarlyStoppingOptions);
      const resumed = await replay(anew, logsOf(series, options.monitor));
      expect([resumed.stopped, resumed.left]).toEqual([stopped === null ? null : [stopped, null], left]);
    },
  );

  it('says why', async () => {
    const reasons = async (options: EarlyStoppingOptions, series: number[]) =>
      (await replay(new EarlyStopping(options), logsOf(series))).reasons;
    expect(await reasons({ patience: 2 }, [1, 0.9123456789, 0.95, 0.96])).toEqual([
      'val_loss did not improve for 2 epochs; the best was 0.912346 in epoch 2',
    ]);
    expect(await reasons({ patience: 1 }, [Number.NaN, Number.NaN])).toEqual([
      'val_loss did not improve for 2 epochs',
    ]);
    expect(await reasons({ patience: 2, baseline: 0.5 }, [0.8, 0.7, 0.75])).toEqual([
      'val_loss did not beat the baseline 0.5 for 3 epochs; the best was 0.7 in epoch 2',
    ]);
  });

  it.each([
    ['val_acc', [0.5, 0.6, 0.5], 2],
    ['accuracy', [0.5, 0.4, 0.3], 1],
    ['val_auc', [0.5, 0.6, 0.7, 0.6], 3],
    ['val_auc_Mass', [0.5, 0.6, 0.7, 0.6], 3],
    ['val_mae', [0.5, 0.6], 1],
  ] as const)('takes by the name %s whether more is better', async (monitor, series, stopped) => {
    const stopping = new EarlyStopping({ monitor, patience: 1 });
    expect((await replay(stopping, logsOf(series, monitor))).stopped).toEqual([stopped, null]);
  });

  it('refuses what makes no sense', async () => {
    const wrong: [object, RegExp][] = [
      [{ patience: -1 }, /patience is -1/],
      [{ patience: 1.5 }, /patience is 1.5/],
      [{ minDelta: -0.1 }, /minDelta is -0.1/],
      [{ mode: 'most' }, /mode is 'most'.*auto or min or max/],
      [{ baseline: Number.NaN }, /baseline is NaN/],
      [{ startFromEpoch: -1 }, /startFromEpoch is -1/],
      [{ monitor: 5 }, /monitor is 5/],
      [{ restoreBestWeights: 'no' }, /restoreBestWeights is 'no'/],
      [{ Patience: 3 }, /have no 'Patience'.*monitor, minDelta, patience/],
    ];
    for (const [options, message] of wrong) {
      await refused(() => new EarlyStopping(options), UsageError, message);
    }
  });
});

describe('EarlyStopping in a training', () => {
  const tiny = new TinyTraining();

  it('ends it, and brings back the best weights to the last bit', async () => {
    const stopping = new EarlyStopping({
      monitor: 'score',
      mode: 'max',
      patience: 2,
      restoreBestWeights: true,
    });
    const kept: WeightMap[] = [];
    const callbacks = [
      on('onEpoch', async ({ epoch, logs }, { model }) => {
        logs.score = [0.1, 0.3, 0.2, 0.3, 0.9][epoch];
        kept.push(await model.exportWeights());
      }),
      stopping,
    ];
    const history = await tiny.run({ epochs: 9, callbacks });
    expect(history.epochs).toHaveLength(4);
    expect(history.stopReason).toBe('score did not improve for 2 epochs; the best was 0.3 in epoch 2');
    expect(await tiny.model.exportWeights()).toEqual(kept[1]);
    expect(kept[3]).not.toEqual(kept[1]);
    // The optimizer is where it was.
    expect(tiny.model.steps).toBe(8);
  });

  it('does not judge an epoch that was cut short', async () => {
    const stopping = new EarlyStopping({ monitor: 'loss', patience: 1 });
    const cut = on('onStep', ({ epoch }, training) => {
      if (epoch === 1) training.stop('enough');
    });
    const history = await tiny.run({ epochs: 3, callbacks: [cut, stopping] });
    expect([history.stopReason, history.epochs[1].steps]).toEqual(['enough', 1]);
    expect([stopping.stoppedEpoch, stopping.bestEpoch]).toEqual([null, 0]);
  });

  it('refuses to watch what is not there: val_loss before the first step, another log at the first epoch', async () => {
    const { source, asked } = recordedSource();
    const callbacks = [new EarlyStopping()];
    await refused(() => tiny.run({ callbacks }, source), UsageError, /val_loss.*no validation/);
    expect(asked).toEqual([]);
    // Any log of a validation, not the loss alone.
    const auc = [new EarlyStopping({ monitor: 'val_auc' })];
    await refused(() => tiny.run({ callbacks: auc }, source), UsageError, /watches val_auc.*no validation/);
    const other = [new EarlyStopping({ monitor: 'val_auc' })];
    await refused(
      () => tiny.run({ callbacks: other, validation: recordedSource([2]).source }, source),
      UsageError,
      /watches val_auc, which the logs do not have; they have loss, lr, val_loss\./,
    );
  });
});
