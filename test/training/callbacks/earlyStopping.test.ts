import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import type { TrainingContext } from '../../../src/training/callbacks/callback.js';
import { EarlyStopping, type EarlyStoppingOptions } from '../../../src/training/callbacks/earlyStopping.js';
import type { Model } from '../../../src/training/model/model.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { recordedSource } from '../../support/networks/tinyNet.js';
import { refused } from '../../support/refused.js';
import { on, TinyTraining } from './tinyTraining.js';

type Case = [options: EarlyStoppingOptions, series: number[], stopped: number | null, weights: number];

/**
 * What the classes of real Keras decide for a series of val_loss: the epoch, from 0, after which they stop, as 2.3.1
 * and 3.15.1 agree on; and the epoch whose weights 3.15.1 leaves with restore_best_weights. The last ten are random.
 */
const OF_KERAS: Case[] = [
  [{ patience: 0 }, [1, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99], 2, 1],
  [{ patience: 1 }, [1, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99], 2, 1],
  [{ patience: 2 }, [1, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99], 3, 1],
  [{ patience: 3 }, [1, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99], 4, 1],
  [{ patience: 9 }, [1, 0.9, 0.95, 0.96, 0.97, 0.98, 0.99], null, 1],
  [{ patience: 2, minDelta: 0.1 }, [1, 0.95, 0.85, 0.8, 0.75, 0.74, 0.73], 4, 2],
  [{ patience: 2, minDelta: 0.25 }, [1, 0.75, 0.5, 0.25, 0], null, 4],
  [{ patience: 1, minDelta: 0.25 }, [1, 0.75, 0.74], 1, 0],
  [{ patience: 2, mode: 'max' }, [0.5, 0.6, 0.6, 0.55, 0.7], 3, 1],
  [{ patience: 3, mode: 'max' }, [0.5, 0.6, 0.6, 0.55, 0.7, 0.69, 0.69, 0.69, 0.69], 7, 4],
  [{ patience: 3, mode: 'max', minDelta: 0.1 }, [0.5, 0.625, 0.65, 0.75, 0.75, 0.85, 0.8, 0.8], 6, 3],
  [{ patience: 2 }, [1, NaN, 0.9, NaN, NaN, 0.8], 4, 2],
  [{ patience: 1 }, [0.3, 0.3], 1, 0],
  [{ patience: 3, baseline: 0.5 }, [1, 0.8, 0.9, 0.4, 0.45, 0.46, 0.47, 0.3], 2, 1],
  [{ patience: 4, baseline: 0.5 }, [1, 0.8, 0.9, 0.4, 0.45, 0.46, 0.47, 0.48, 0.3], 7, 3],
  [{ patience: 2, mode: 'max', baseline: 0.5 }, [0.4, 0.6, 0.55, 0.6, 0.7], 3, 1],
  [{ patience: 3 }, [0.55, 1.0, 0.8, 0.0, 0.7, 0.35, 1.0, 0.05, 0.25, 0.15, 0.55, 0.75], 6, 3],
  [
    { patience: 2, minDelta: 0.125 },
    [0.85, 0.15, 0.9, 0.35, 0.0, 0.3, 0.65, 0.4, 0.25, 0.6, 0.25, 0.1],
    3,
    1,
  ],
  [{ patience: 2, mode: 'max' }, [0.95, 0.95, 0.7, 0.2, 0.2, 0.0, 0.0, 0.3, 0.3, 0.25, 0.25, 0.45], 2, 0],
  [{ patience: 3 }, [0.3, 0.85, 1.0, 0.3, 0.25, 0.3, 0.6, 0.45, 0.0, 0.55, 0.65, 0.25], 3, 0],
  [
    { patience: 2, minDelta: 0.125 },
    [0.1, 0.5, 0.45, 0.95, 0.9, 0.0, 0.95, 0.5, 0.1, 0.45, 0.55, 0.45],
    2,
    0,
  ],
  [{ patience: 4, mode: 'max' }, [0.5, 0.25, 0.75, 0.75, 0.25, 0.05, 0.4, 0.0, 0.55, 0.6, 0.0, 0.85], 6, 2],
  [{ patience: 4 }, [0.55, 0.6, 0.9, 0.0, 0.7, 0.05, 0.25, 0.95, 0.3, 0.15, 0.35, 0.7], 7, 3],
  [{ patience: 3, minDelta: 0.125 }, [0.8, 0.4, 0.7, 0.15, 0.9, 0.55, 0.45, 0.05, 0.65, 0.1, 0.3, 0.5], 6, 3],
  [{ patience: 3, mode: 'max' }, [0.2, 0.5, 0.4, 0.85, 0.1, 0.45, 0.5, 0.45, 0.25, 0.1, 1.0, 0.2], 6, 3],
  [{ patience: 3 }, [0.75, 0.25, 0.05, 0.1, 0.95, 0.85, 0.6, 0.05, 0.35, 0.95, 0.55, 0.4], 5, 2],
];

/** Below a baseline 3.15.1 also waits while the epochs get better; 2.3.1, whose rule is the one here, does not. */
const BASELINE: Case[] = [
  [{ patience: 2, baseline: 0.5 }, [0.7, 0.6, 0.55, 0.54], 1, 1],
  [{ patience: 0, baseline: 0.5 }, [0.7, 0.4], 0, 0],
];

/** A training of which nothing is real but its numbers; its weights in an epoch are that epoch's number. */
async function watch(stopping: EarlyStopping, series: readonly number[], monitor = 'val_loss') {
  let epoch = 0;
  let weights = 0;
  const model: Pick<Model, 'exportWeights' | 'importWeights'> = {
    exportWeights: async () => new Map([['epoch', Float32Array.of(epoch)]]),
    importWeights: async (given: WeightMap) => {
      weights = given.get('epoch')![0];
    },
  };
  const reasons: string[] = [];
  const training = {
    model,
    stepsPerEpoch: 2,
    validationSteps: 1,
    stop: (reason: string) => void reasons.push(reason),
  };
  const context = training as unknown as TrainingContext;
  stopping.onTrainBegin(context);
  for (; epoch < series.length && reasons.length === 0; epoch++) {
    weights = epoch;
    const logs = { loss: 9, lr: 1, [monitor]: series[epoch] };
    const info = {
      epoch,
      epochs: series.length,
      steps: 2,
      logs,
      imagesPerSecond: 1,
      seconds: 1,
      validationMs: 1,
    };
    await stopping.onEpoch(info, context);
  }
  await stopping.onTrainEnd(context);
  return { stopped: reasons.length > 0 ? epoch - 1 : null, weights, reasons };
}

describe('EarlyStopping', () => {
  it.each([...OF_KERAS, ...BASELINE])(
    '%j on %j stops as Keras does',
    async (options, series, stopped, best) => {
      const stopping = new EarlyStopping(options);
      const last = stopped ?? series.length - 1;
      for (let use = 0; use < 2; use++) {
        // Used again it begins anew.
        expect(await watch(stopping, series)).toMatchObject({ stopped, weights: last });
        expect([stopping.stoppedEpoch, stopping.bestEpoch]).toEqual([stopped, best]);
        expect(stopping.best).toBe(series[best]);
      }
      const restoring = new EarlyStopping({ ...options, restoreBestWeights: true });
      expect(await watch(restoring, series)).toMatchObject({ stopped, weights: best });
      expect(restoring.bestWeights?.get('epoch')).toEqual(Float32Array.of(best));
    },
  );

  it('says why', async () => {
    const { reasons } = await watch(new EarlyStopping({ patience: 2 }), [1, 0.9123456789, 0.95, 0.96]);
    expect(reasons).toEqual(['val_loss did not improve for 2 epochs; the best was 0.912346 in epoch 2']);
    const none = await watch(new EarlyStopping({ patience: 1 }), [Number.NaN]);
    expect(none.reasons).toEqual(['val_loss did not improve for 1 epoch']);
  });

  it.each([
    ['val_acc', [0.5, 0.6, 0.5], 2],
    ['accuracy', [0.5, 0.4, 0.3], 1],
    ['val_auc', [0.5, 0.6, 0.7, 0.6], 3],
    ['val_mae', [0.5, 0.6], 1],
  ] as const)('takes by the name %s whether more is better', async (monitor, series, stopped) => {
    const stopping = new EarlyStopping({ monitor, patience: 1 });
    expect(await watch(stopping, series, monitor)).toMatchObject({ stopped });
  });

  it('refuses what makes no sense', async () => {
    const wrong: [object, RegExp][] = [
      [{ patience: -1 }, /patience is -1/],
      [{ patience: 1.5 }, /patience is 1.5/],
      [{ minDelta: -0.1 }, /minDelta is -0.1/],
      [{ mode: 'most' }, /mode is 'most'.*auto or min or max/],
      [{ baseline: Number.NaN }, /baseline is NaN/],
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
    const other = [new EarlyStopping({ monitor: 'val_auc' })];
    await refused(
      () => tiny.run({ callbacks: other, validation: recordedSource([2]).source }, source),
      UsageError,
      /watches val_auc, which the logs do not have; they have loss, lr, val_loss\./,
    );
  });
});
