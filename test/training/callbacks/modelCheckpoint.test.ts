import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import {
  type CheckpointContents,
  ModelCheckpoint,
  type ModelCheckpointOptions,
} from '../../../src/training/callbacks/modelCheckpoint.js';
import { recordedSource, TINY_LOSS, tinySource } from '../../support/networks/tinyNet.js';
import { refused } from '../../support/refused.js';
import { logsOf, numberOf, recorded, replay } from './replay.js';
import { on, TinyTraining } from './tinyTraining.js';

const keepNothing = () => {};

describe('ModelCheckpoint', () => {
  it.each(recorded.modelCheckpoint)(
    '$options as $file keeps what tf_keras 2.21 keeps, by the same names',
    async ({ options, file, monitor, series, steps, saved, best }) => {
      const kept: [string, string][] = [];
      const checkpoint = new ModelCheckpoint({
        ...options,
        file,
        save: (name, { optimizer }) => void kept.push([name, optimizer === null ? 'weights' : 'full']),
      });
      await replay(checkpoint, logsOf(series, monitor), steps ?? undefined);
      expect(kept).toEqual(saved);
      expect(checkpoint.best).toBe(numberOf(best));
      const resumed: string[] = [];
      const anew = () => new ModelCheckpoint({ ...options, file, save: (name) => void resumed.push(name) });
      await replay(anew, logsOf(series, monitor), steps ?? undefined);
      expect(resumed).toEqual(saved.map(([name]) => name));
    },
  );

  it('says what it keeps, and why', async () => {
    const said: string[] = [];
    const options = { file: 'w{epoch}.h5', save: keepNothing, say: (line: string) => void said.push(line) };
    await replay(new ModelCheckpoint({ ...options, saveBestOnly: true }), logsOf([0.75, 0.8, 0.123456789]));
    await replay(new ModelCheckpoint(options), logsOf([1]));
    expect(said).toEqual([
      'Epoch 1: val_loss 0.75 is the best so far, saved w1.h5',
      'Epoch 3: val_loss 0.123457 is the best so far, saved w3.h5',
      'Epoch 1: saved w1.h5',
    ]);
  });

  it('refuses what makes no sense', async () => {
    const wrong: [object, RegExp][] = [
      [{ file: 5 }, /file is 5/],
      [{ file: '{epoch:04x}' }, /':04x' is no format/],
      [{ save: 'best.h5' }, /save is 'best.h5', it must be a function/],
      [{ saveFreq: 0 }, /saveFreq.* is 0/],
      [{ saveFreq: 'batch' }, /saveFreq.* is 'batch'/],
      [{ saveFreq: 5, saveBestOnly: true }, /watches val_loss after 5 steps, which have a loss only/],
      [{ saveBestOnly: 1 }, /saveBestOnly is 1/],
      [{ saveWeightsOnly: 'yes' }, /saveWeightsOnly is 'yes'/],
      [{ initialValueThreshold: 0.5 }, /every epoch is kept.*saveBestOnly: true/],
      [{ saveBestOnly: true, initialValueThreshold: Number.NaN }, /initialValueThreshold is NaN/],
      [{ period: 2 }, /have no 'period'/],
    ];
    for (const [options, message] of wrong) {
      const all = { file: 'a.h5', save: keepNothing, ...options } as ModelCheckpointOptions;
      await refused(() => new ModelCheckpoint(all), UsageError, message);
    }
  });
});

describe('ModelCheckpoint in a training', () => {
  const tiny = new TinyTraining();

  it('keeps weights and optimizer from which the training goes on to the same bits', async () => {
    const kept = new Map<string, CheckpointContents>();
    const checkpoint = new ModelCheckpoint({
      file: '{epoch}-{loss:.2f}',
      save: async (name, contents) => void kept.set(name.slice(0, 1), contents),
    });
    const whole = await tiny.run({ epochs: 3, callbacks: [checkpoint] });
    const last = await tiny.model.exportWeights();
    const { weights, optimizer, epoch, logs } = kept.get('2')!;
    expect([epoch, logs.loss]).toEqual([1, whole.epochs[1].logs.loss]);
    await tiny.reset();
    await tiny.model.importWeights(weights);
    await tiny.model.compile({ ...TINY_LOSS, optimizer: optimizer! });
    const rest = await tiny.run({ epochs: 1 });
    expect(rest.stepLoss).toEqual(whole.stepLoss.slice(4));
    expect(await tiny.model.exportWeights()).toEqual(last);
  });

  it('does not keep an epoch that was cut short', async () => {
    const names: string[] = [];
    const cut = on('onStep', ({ epoch }, training) => {
      if (epoch === 1) training.stop('enough');
    });
    const checkpoint = new ModelCheckpoint({ file: '{epoch}', save: (name) => void names.push(name) });
    await tiny.run({ epochs: 3, callbacks: [cut, checkpoint] });
    expect(names).toEqual(['1']);
  });

  it('refuses before the first step what a training lacks, and fails where saving fails', async () => {
    const { source, asked } = recordedSource();
    const run = (options: Partial<ModelCheckpointOptions>) =>
      tiny.run({ callbacks: [new ModelCheckpoint({ file: 'a', save: keepNothing, ...options })] }, source);
    await refused(
      () => run({ saveBestOnly: true }),
      UsageError,
      /watches val_loss, and this training has no val/,
    );
    await refused(
      () => run({ file: '{val_auc}' }),
      UsageError,
      /wants val_auc.*this training has no validation/,
    );
    expect(asked).toEqual([]);
    await refused(() => run({ file: '{accuracy}' }), UsageError, /wants accuracy.*there is loss, lr/);
    const validated = { validation: tinySource(1) };
    const steps = new ModelCheckpoint({ file: '{val_loss}', save: keepNothing, saveFreq: 1 });
    const call = () => tiny.run({ ...validated, callbacks: [steps] });
    await refused(call, UsageError, /wants val_loss.*after a step there is no validation/);
    const full = new Error('the disk is full');
    await expect(run({ save: () => Promise.reject(full) })).rejects.toBe(full);
  });
});
