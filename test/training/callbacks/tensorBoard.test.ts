/** The TensorBoard callback: names, steps and values against tf_keras', and that a training does not feel it. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import type { Callback, EpochInfo, TrainingContext } from '../../../src/training/callbacks/callback.js';
import {
  type EventRun,
  type EventSink,
  TensorBoard,
  type TensorBoardOptions,
} from '../../../src/training/callbacks/tensorBoard.js';
import { histogramBuckets } from '../../../src/training/tensorboard/histogram.js';
import golden from '../../golden/training/tensorboard/tensorboard.json' with { type: 'json' };
import {
  hyperparametersOf,
  type ReadEvent,
  type ReadValue,
  readEvents,
  statusOf,
} from '../../support/files/eventFile.js';
import { recordedSource } from '../../support/networks/tinyNet.js';
import { refused } from '../../support/refused.js';
import { TinyTraining } from './tinyTraining.js';

class Kept implements EventSink {
  readonly parts: [run: EventRun, bytes: Buffer][] = [];
  /** How much there was at every flush. */
  readonly flushed: number[] = [];

  write(run: EventRun, records: Uint8Array): void {
    this.parts.push([run, Buffer.from(records)]);
  }

  flush(): void {
    this.flushed.push(this.parts.length);
  }

  events(run: EventRun): ReadEvent[] {
    return readEvents(Buffer.concat(this.parts.filter(([own]) => own === run).map(([, bytes]) => bytes)));
  }

  /** Steps and values under each tag. */
  tags(run: EventRun): Map<string, [step: number, value: ReadValue][]> {
    const tags = new Map<string, [number, ReadValue][]>();
    for (const { step, values } of this.events(run)) {
      for (const value of values) tags.set(value.tag, [...(tags.get(value.tag) ?? []), [step, value]]);
    }
    return tags;
  }
}

/** What tf_keras' callback saw, seen by one of ours. */
async function replayKeras(callback: Callback): Promise<void> {
  const { stepLogs, epochLogs, stepsPerEpoch: steps, rates } = golden.keras;
  const tensor = (key: string, trainable = true) => ({ key, trainable });
  const weights = new Map([
    ['logits/kernel', Float32Array.of(1, 2)],
    ['logits/bias', Float32Array.of(3)],
  ]);
  const model = {
    network: { parameters: [tensor('logits/kernel'), tensor('logits/bias')] },
    exportWeights: async () => weights,
    gradients: async () => new Map(),
  };
  const training = { model, stepsPerEpoch: steps } as unknown as TrainingContext;
  const epochs = epochLogs.length;
  await callback.onTrainBegin?.(training);
  for (const [epoch, logs] of epochLogs.entries()) {
    for (let step = 0; step < steps; step++) {
      const { loss: meanLoss } = stepLogs[epoch * steps + step];
      const numbers = { loss: 7, meanLoss, learningRate: rates[epoch], images: 4, imagesPerSecond: 1 };
      await callback.onStep?.({ epoch, epochs, step, steps, ...numbers, waitMs: 0, stepMs: 0 }, training);
    }
    const info: EpochInfo = { epoch, epochs, steps, logs, imagesPerSecond: 1, seconds: 1, validationMs: 0 };
    await callback.onEpoch?.(info, training);
  }
  await callback.onTrainEnd?.(training);
}

const OURS = ['step_loss', 'batch_lr'];

describe("TensorBoard's runs, tags, steps and values", () => {
  it.each(['train', 'validation'] as const)('are those of tf_keras: %s', async (run) => {
    const sink = new Kept();
    await replayKeras(new TensorBoard({ sink, histogramEvery: 1 }));
    const found = [...sink.tags(run)].filter(([tag]) => !OURS.includes(tag));
    const wanted: Record<string, { plugin: string; steps: number[]; values?: number[]; shape?: number[] }> =
      golden.keras.runs[run];
    expect(found.map(([tag]) => tag).sort()).toEqual(Object.keys(wanted).sort());
    for (const [tag, all] of found) {
      const { plugin, steps, values, shape } = wanted[tag];
      expect([tag, all.map(([step]) => step)]).toEqual([tag, steps]);
      for (const [i, [, value]] of all.entries()) {
        expect(value.plugin).toBe(plugin);
        if (values) expect(value.numbers).toEqual([values[i]]);
        if (shape) expect(value.shape).toEqual(shape);
      }
    }
  });

  it('are of every so many steps and epochs', async () => {
    const sink = new Kept();
    await replayKeras(new TensorBoard({ sink, stepEvery: 2, histogramEvery: 2 }));
    const stepsOf = (tag: string) =>
      sink
        .tags('train')
        .get(tag)
        ?.map(([step]) => step);
    expect(stepsOf('step_loss')).toEqual([2, 4, 6]);
    expect(stepsOf('logits/bias_0/histogram')).toEqual([0]);
    const none = new Kept();
    await replayKeras(new TensorBoard({ sink: none, stepEvery: 0 }));
    expect([...none.tags('train').keys()]).toEqual(['epoch_loss', 'epoch_lr']);
  });
});

const tiny = new TinyTraining();

/** Two epochs of two steps, and what is left. */
async function trained(callbacks: Callback[]) {
  await tiny.reset();
  const history = await tiny.run({ epochs: 2, validation: recordedSource([2]).source, callbacks });
  const { stepLoss, epochs } = history;
  return { stepLoss, logs: epochs.map((info) => info.logs), weights: await tiny.model.exportWeights() };
}

describe('TensorBoard in a training', () => {
  it('changes no bit of it', async () => {
    const board = new TensorBoard({ sink: new Kept(), histogramEvery: 1 });
    expect(await trained([board])).toEqual(await trained([]));
    expect(board.spent.scalars).toBeGreaterThan(0);
    expect(board.spent.histograms).toBeGreaterThan(0);
  });

  it('has histograms of the weights after the epoch and of the gradients of its last step', async () => {
    const sink = new Kept();
    const seen: [Map<string, Float32Array>, Map<string, Float32Array>][] = [];
    // What the last step of the epoch left, before the validation.
    const look: Callback = {
      onStep: async ({ step, steps }, { model }) => {
        if (step + 1 === steps) seen.push([await model.exportWeights(), await model.gradients()]);
      },
    };
    await trained([look, new TensorBoard({ sink, histogramEvery: 1 })]);
    const tags = sink.tags('train');
    for (const { key, trainable } of tiny.model.network.parameters) {
      const names: [string, 0 | 1][] = [[`${key}_0/histogram`, 0]];
      if (trainable) names.push([`${key}_0_grad/histogram`, 1]);
      else expect(tags.has(`${key}_0_grad/histogram`)).toBe(false);
      for (const [name, which] of names) {
        const found = tags.get(name)!.map(([step, { numbers }]) => [step, numbers]);
        const wanted = seen.map((both, epoch) => [epoch, [...histogramBuckets(both[which].get(key)!)]]);
        expect(found).toEqual(wanted);
      }
    }
  });

  it('has no gradients of an epoch whose steps were taken before the training went on', async () => {
    const sink = new Kept();
    const board = new TensorBoard({ sink, histogramEvery: 1 });
    await tiny.reset();
    const training = { model: tiny.model, stepsPerEpoch: 2 } as unknown as TrainingContext;
    const numbers = { imagesPerSecond: 1, seconds: 1, validationMs: 0 };
    await board.onTrainBegin();
    await board.onEpoch({ epoch: 0, epochs: 2, steps: 2, logs: { loss: 1, lr: 1 }, ...numbers }, training);
    const tags = [...sink.tags('train').keys()].filter((tag) => tag.endsWith('/histogram'));
    expect(tags).toEqual(tiny.model.network.parameters.map(({ key }) => `${key}_0/histogram`));
  });

  it('says hyperparameters, texts and how it ended, and flushes with every epoch', async () => {
    const sink = new Kept();
    const hyperparameters = { learning_rate: 0.01, nesterov: false, optimizer: 'sgd' };
    await trained([new TensorBoard({ sink, hyperparameters, texts: { command: '`train`' } })]);
    const values = sink.events('').flatMap((event) => event.values);
    expect(values.map(({ tag }) => tag)).toEqual([
      '_hparams_/session_start_info',
      'command',
      '_hparams_/session_end_info',
    ]);
    expect(hyperparametersOf(values[0])).toEqual(hyperparameters);
    expect(values[1].strings.map(String)).toEqual(['`train`']);
    expect(statusOf(values[2])).toBe(1);
    const { parts, flushed } = sink;
    expect(flushed.length).toBe(4);
    expect(flushed.at(-1)).toBe(parts.length);
    for (const run of ['', 'train', 'validation'] as const) {
      const versions = sink.events(run).map(({ version }) => version);
      expect(versions[0]).toBe('brain.Event:1');
      expect(versions.slice(1).every((version) => version === undefined)).toBe(true);
    }
  });

  it('has pictures, made of what the validation gave', async () => {
    const sink = new Kept();
    const given: unknown[] = [];
    const pictures: TensorBoardOptions['pictures'] = async ({ epoch }, validation) => {
      given.push([epoch, validation?.probabilities.length, validation?.classes]);
      return [{ run: 'validation', tag: 'roc', width: 3, height: 2, png: Uint8Array.of(epoch) }];
    };
    await trained([new TensorBoard({ sink, pictures, pictureEvery: 1 })]);
    expect(given).toEqual([0, 1].map((epoch) => [epoch, 4, ['one', 'two']]));
    const roc = sink.tags('validation').get('roc')!;
    expect(roc.map(([step, { strings }]) => [step, ...strings.map((s) => [...s])])).toEqual([
      [0, [51], [50], [0]],
      [1, [51], [50], [1]],
    ]);
  });

  it('says that a training failed where it is told, and only once', async () => {
    const sink = new Kept();
    const board = new TensorBoard({ sink });
    const stop = { onEpoch: () => Promise.reject(new Error('no more')) };
    await expect(trained([board, stop])).rejects.toThrow('no more');
    await board.end('failure');
    await board.end('success');
    const ends = sink
      .events('')
      .flatMap(({ values }) => values.filter(({ tag }) => tag.endsWith('end_info')));
    expect(ends.map(statusOf)).toEqual([2]);
  });
});

describe('a sink that fails', () => {
  const full: EventSink = {
    write: () => {
      throw new Error('the disk is full');
    },
  };

  it('ends the training', async () => {
    await expect(trained([new TensorBoard({ sink: full })])).rejects.toThrow('the disk is full');
  });

  it('is reported once where somebody wants to know, and the training goes on', async () => {
    const said: string[] = [];
    const board = new TensorBoard({ sink: full, onFailure: ({ message }) => void said.push(message) });
    expect((await trained([board])).stepLoss.length).toBe(4);
    expect(said).toEqual(['the disk is full']);
  });
});

describe('the options of TensorBoard', () => {
  const sink = new Kept();
  it.each([
    [{}, 'sink'],
    [{ sink: {} }, 'sink.write'],
    [{ sink: { write: () => {}, flush: 3 } }, 'sink.flush'],
    [{ sink, stepEvery: -1 }, 'stepEvery'],
    [{ sink, histogramEvery: 0.5 }, 'histogramEvery'],
    [{ sink, pictureEvery: '1' }, 'pictureEvery'],
    [{ sink, hyperparameters: { a: null } }, 'hyperparameters.a'],
    [{ sink, texts: { a: 3 } }, 'texts.a'],
    [{ sink, logDir: 'x' }, 'logDir'],
  ])('are refused by name: %o', (options, word) =>
    refused(
      () => new TensorBoard(options as unknown as TensorBoardOptions),
      UsageError,
      new RegExp(word.replace('.', '\\.')),
    ),
  );
});
