/** A training that goes on from a checkpoint, wherever it was stopped: the same bits, one history. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { MT19937 } from '../../src/core/mt19937.js';
import type { StateValue } from '../../src/core/stateValue.js';
import type { BatchSource } from '../../src/training/batch.js';
import type { Callback } from '../../src/training/callbacks/callback.js';
import { EarlyStopping } from '../../src/training/callbacks/earlyStopping.js';
import type { History } from '../../src/training/callbacks/history.js';
import { LearningRateSchedule } from '../../src/training/callbacks/learningRateSchedule.js';
import { TrainingProgress } from '../../src/training/callbacks/progress.js';
import type { Checkpoint } from '../../src/training/checkpoint.js';
import { type FitOptions, fit as trainModel } from '../../src/training/fit.js';
import { focal } from '../../src/training/losses/focal.js';
import { adam } from '../../src/training/optimizers/adam.js';
import { adamw } from '../../src/training/optimizers/adamw.js';
import { sgd } from '../../src/training/optimizers/sgd.js';
import { TINY_LOSS, tinyBatch, tinySource } from '../support/networks/tinyNet.js';
import { TinyTraining } from './callbacks/tinyTraining.js';

const tiny = new TinyTraining();

/** Batches by random numbers that go on from epoch to epoch. */
class DrawnSource implements BatchSource {
  readonly length = 2;
  readonly samples = 4;
  readonly batchSize = 2;
  readonly labels = ['one', 'two'];
  private readonly rng = new MT19937(5);
  private shift = 0;

  getBatch = async (i: number) => tinyBatch(40 + i + this.shift + Math.floor(9 * this.rng.random()));
  onEpochEnd = () => {
    this.shift = this.rng.choice(50);
  };

  state(): StateValue {
    const { key, position } = this.rng.getState();
    return { key, position, shift: this.shift };
  }

  restore(state: StateValue): void {
    const { key, position, shift } = state as { key: Uint32Array; position: number; shift: number };
    this.rng.setState({ key, position });
    this.shift = shift;
  }
}

/** In place of those of TINY_LOSS. */
const NO_WEIGHTS = { posWeights: undefined, negWeights: undefined };
const EPOCHS = 3;
const STEPS = 3;

/** Three epochs of three steps over two batches, with all that has a state. */
function options(more: Partial<FitOptions>): FitOptions {
  const falling = new LearningRateSchedule((i, rate) => rate * (1 - 0.05 * i), { per: 'step' });
  const callbacks: Callback[] = [falling, new EarlyStopping({ patience: 2, restoreBestWeights: true })];
  return {
    ...TINY_LOSS,
    epochs: EPOCHS,
    stepsPerEpoch: STEPS,
    validation: tinySource(),
    callbacks: [...callbacks, ...(more.callbacks ?? [])],
    ...(({ callbacks: _, ...rest }) => rest)(more),
  };
}

/** What a training left, without its times. */
async function left({ stepLoss, epochs, images, stopReason }: History) {
  const kept = epochs.map(({ epoch, steps, logs }) => ({ epoch, steps, logs }));
  const weights = await tiny.model.exportWeights();
  return {
    stepLoss,
    epochs: kept,
    images,
    stopReason,
    weights,
    optimizer: await tiny.model.exportOptimizer(),
  };
}

/** Trains to the end, aborted behind so many calls of a hook; each part begins with a new source and new callbacks. */
async function inParts(hook: 'onStep' | 'onValidationStep', every: number, more: Partial<FitOptions>) {
  let resume: Checkpoint | undefined;
  for (let parts = 1; ; parts++) {
    await tiny.reset();
    const { signal, stop } = stopping(every);
    const checkpoint = {
      save: (saved: Checkpoint) => {
        resume = saved;
      },
    };
    const callbacks = [{ [hook]: stop }];
    const running = trainModel(
      tiny.model,
      new DrawnSource(),
      options({ ...more, callbacks, checkpoint, resume, signal }),
    );
    const history = await running.catch((error: unknown) => {
      if (error === signal.reason) return null;
      throw error;
    });
    if (history) return { parts, ...(await left(history)) };
  }
}

function stopping(after: number) {
  const controller = new AbortController();
  let calls = 0;
  const stop = () => {
    if (++calls === after) controller.abort();
  };
  return { signal: controller.signal, stop };
}

async function inOneGo(more: Partial<FitOptions> = {}) {
  await tiny.reset();
  return left(await trainModel(tiny.model, new DrawnSource(), options(more)));
}

describe('a training that was aborted goes on with the same bits', () => {
  it.each([1, 2, 4])('behind every step %i', async (every) => {
    const { parts, ...whole } = await inParts('onStep', every, {});
    expect(parts).toBeGreaterThan(2);
    expect(whole).toEqual(await inOneGo());
  });

  it('where a callback stopped it, and it was killed before the epoch was closed', async () => {
    for (const steps of [1, STEPS]) {
      const stopsBehind = (): Callback => ({
        onStep: ({ epoch, step }, training) => {
          if (epoch === 1 && step + 1 === steps) training.stop('enough');
        },
      });
      const whole = await inOneGo({ callbacks: [stopsBehind()] });
      expect(whole.epochs.map((epoch) => epoch.steps)).toEqual([STEPS, steps]);
      await tiny.reset();
      let resume: Checkpoint | undefined;
      const killed = new Error('killed');
      const checkpoint = {
        everySteps: 1,
        save: (saved: Checkpoint) => {
          resume = saved;
          if (saved.training.stopReason !== null) throw killed;
        },
      };
      const running = options({ callbacks: [stopsBehind()], checkpoint });
      await expect(trainModel(tiny.model, new DrawnSource(), running)).rejects.toBe(killed);
      await tiny.reset();
      const again = options({ callbacks: [stopsBehind()], resume });
      expect(await left(await trainModel(tiny.model, new DrawnSource(), again))).toEqual(whole);
    }
  });

  it('in a validation, which is made again', async () => {
    const { parts, ...whole } = await inParts('onValidationStep', 3, {});
    expect(parts).toBe(3);
    expect(whole).toEqual(await inOneGo());
  });

  it.each([
    { optimizer: sgd({ learningRate: 0.01, momentum: 0.9, nesterov: true }) },
    { optimizer: adamw({ learningRate: 0.01, weightDecay: 0.1 }) },
    { optimizer: adam({ learningRate: 0.01 }), accumulate: 2, ema: 0.9, clipNorm: 0.1 },
    { optimizer: adam({ learningRate: 0.01 }), ema: 0.9, emaOverwrite: 3, clipVariableNorm: 0.1 },
    {
      optimizer: adam({ learningRate: 0.01 }),
      freeze: ['conv1', 'conv2'],
      rateOf: { head: 2 },
      accumulate: 2,
    },
  ])('with $optimizer.kind.name and what else there is', async (how) => {
    const { parts: _, ...whole } = await inParts('onStep', 2, how);
    expect(whole).toEqual(await inOneGo(how));
  });
});

describe('checkpoints', () => {
  it('come after every epoch and every so many steps, the same ones in a training that went on', async () => {
    const seen = async (resume?: Checkpoint) => {
      const places: string[] = [];
      const all: Checkpoint[] = [];
      await tiny.reset();
      const save = (saved: Checkpoint) => {
        const { epoch, step } = saved.training;
        places.push(`${epoch}.${step}`);
        all.push(saved);
      };
      await trainModel(
        tiny.model,
        new DrawnSource(),
        options({ checkpoint: { everySteps: 2, save }, resume }),
      );
      return { places, all };
    };
    const whole = await seen();
    expect(whole.places).toEqual(['0.2', '1.0', '1.1', '1.3', '2.0', '2.2', '3.0']);
    const rest = await seen(whole.all[2]);
    expect(rest.places).toEqual(whole.places.slice(3));
    const untimed = ({ training, ...saved }: Checkpoint) => {
      const { ms: _, callbacks, ...position } = training;
      return { ...saved, ...position, stopping: callbacks.EarlyStopping };
    };
    expect(untimed(rest.all[3])).toEqual(untimed(whole.all[6]));
  });

  it('of a training that is over go on with more epochs, as if these had been asked for at once', async () => {
    await tiny.reset();
    let last: Checkpoint | undefined;
    const save = (saved: Checkpoint) => {
      last = saved;
    };
    const plain = { ...TINY_LOSS, stepsPerEpoch: STEPS };
    await trainModel(tiny.model, new DrawnSource(), { ...plain, epochs: 1, checkpoint: { save } });
    await tiny.reset();
    const all = await left(
      await trainModel(tiny.model, new DrawnSource(), { ...plain, epochs: 2, resume: last }),
    );
    await tiny.reset();
    expect(all).toEqual(await left(await trainModel(tiny.model, new DrawnSource(), { ...plain, epochs: 2 })));
  });

  it('are shown where the training goes on', async () => {
    const lines: string[] = [];
    const sink = {
      progress: (title: string) => {
        lines.push(title);
        return { update: (done: number) => lines.push(`${done}`) };
      },
      say: (line: string) => lines.push(line),
    };
    let third: Checkpoint | undefined;
    let closed: Checkpoint | undefined;
    const save = (saved: Checkpoint) => {
      if (saved.training.epoch !== 1) return;
      if (saved.training.step === 1) third = saved;
      if (saved.training.step === 0) closed = saved;
    };
    await trainModel(tiny.model, new DrawnSource(), options({ checkpoint: { everySteps: 1, save } }));
    await trainModel(
      tiny.model,
      new DrawnSource(),
      options({ resume: third, callbacks: [new TrainingProgress(sink)] }),
    );
    expect(lines.splice(0).slice(0, 5)).toEqual([
      'Resumed at epoch 2, step 1 of 3',
      'Epoch 2/3',
      '1',
      '2',
      '3',
    ]);
    const ended = async ({ training, ...rest }: Checkpoint) => {
      const resume = { ...rest, training: { ...training, stopReason: 'enough' } };
      const callbacks = [new TrainingProgress(sink)];
      return trainModel(tiny.model, new DrawnSource(), options({ resume, callbacks }));
    };
    const history = await ended(closed!);
    expect(lines.splice(0)).toEqual([
      'The training was over after 1 epoch: there is nothing left to train',
      'Stopped: enough',
    ]);
    expect([history.epochs.length, history.stopReason]).toEqual([1, 'enough']);
    // Of an epoch that was stopped and not closed the history is to know.
    const { epochs } = await ended(third!);
    expect(lines).toEqual([
      'Resumed at epoch 2, step 1 of 3',
      expect.stringMatching(/^Epoch 2\/3: loss [\d.]+, [\d.]+ s$/),
      'Stopped: enough',
    ]);
    expect(epochs.map(({ steps }) => steps)).toEqual([3, 1]);
  });
});

describe('what makes no sense is refused', () => {
  let saved: Checkpoint;
  const going = async (more: Partial<FitOptions>, source: BatchSource = new DrawnSource()) => {
    await tiny.reset();
    const save = (one: Checkpoint) => {
      saved ??= one;
    };
    await trainModel(tiny.model, new DrawnSource(), options({ epochs: 1, checkpoint: { save } }));
    return trainModel(tiny.model, source, options({ resume: saved, ...more }));
  };
  const wrong = (training: object) => ({
    resume: { ...saved, training: { ...saved.training, ...training } },
  });

  it.each<[string, () => Partial<FitOptions>, string]>([
    ['other steps', () => ({ stepsPerEpoch: 2 }), 'stepsPerEpoch is 2; the training had 3.'],
    ['fewer epochs', () => ({ ...wrong({ epoch: 4 }) }), 'epochs is 3; the training has had 4.'],
    ['another optimizer', () => ({ optimizer: sgd() }), 'had the optimizer adam, not sgd.'],
    [
      'another loss',
      () => ({ ...NO_WEIGHTS, loss: focal({ gamma: 1 }) }),
      'The loss is "focal"; the training had "weighted".',
    ],
    [
      'the loss with other settings',
      () => ({ labelSmoothing: 0.1 }),
      'The loss weighted is {"epsilon":1e-7,"labelSmoothing":0.1}; the training had {"epsilon":1e-7,',
    ],
    ['another clipping', () => ({ clipValue: 0.5 }), 'clipValue is 0.5; the training had off.'],
    ['other groups of batches', () => ({ accumulate: 2 }), 'accumulate is 2; the training had 1.'],
    [
      'another rule',
      () => ({ movingVarianceRule: 'keras3' as const }),
      'movingVarianceRule is "keras3"; the training',
    ],
    ['no loss', () => NO_WEIGHTS, 'There is no loss to train by.'],
    ['other frozen layers', () => ({ freeze: ['conv1'] }), 'freeze is ["conv1"]; the training had [].'],
    ['a foreign callback', () => wrong({ callbacks: { Other: 1 } }), 'the state of a callback Other'],
    ['another batch', () => wrong({ batch: 7 }), 'stood behind batch 7 of its source; this one has 2.'],
    ['no number', () => wrong({ weightedLoss: Number.NaN }), 'weightedLoss'],
    ['no field', () => ({ resume: {} as Checkpoint }), 'resume'],
    ['no save', () => ({ checkpoint: {} as FitOptions['checkpoint'] }), 'checkpoint.save'],
    ['no count', () => ({ checkpoint: { everySteps: 0, save: () => {} } }), 'checkpoint.everySteps'],
  ])('%s', async (_, more, message) => {
    await going({});
    const training = going(more());
    await expect(training).rejects.toThrow(UsageError);
    await expect(training).rejects.toThrow(message);
  });

  it('but not class weights of other labels', async () => {
    const history = await going({ posWeights: [0.7, 0.5] });
    expect(history.epochs.length).toBe(EPOCHS);
  });

  it('before the weights are replaced', async () => {
    await going({});
    await tiny.reset();
    const before = await tiny.model.exportWeights();
    const training = trainModel(tiny.model, new DrawnSource(), options({ resume: saved, optimizer: sgd() }));
    await expect(training).rejects.toThrow('had the optimizer adam, not sgd.');
    expect(await tiny.model.exportWeights()).toEqual(before);
    expect(saved.weights).not.toEqual(before);
  });

  it('a source without a state', async () => {
    await expect(going({}, tinySource())).rejects.toThrow('The training source has no restore');
  });
});
