/** The training loop: where its source goes on, its validation, its aborts. */
import { describe, expect, it } from 'vitest';
import { DataError, NonFiniteError, UsageError } from '../../src/core/errors.js';
import type { BatchSource } from '../../src/training/batch.js';
import { type FitOptions, fit as trainModel } from '../../src/training/fit.js';
import { binaryCrossEntropy } from '../../src/training/losses/binaryCrossEntropy.js';
import { weightedCrossEntropy } from '../../src/training/losses/weightedCrossEntropy.js';
import { recordedSource, TINY_LOSS } from '../support/networks/tinyNet.js';
import { refused } from '../support/refused.js';
import { diary, TinyTraining } from './callbacks/tinyTraining.js';

const tiny = new TinyTraining();
const train: TinyTraining['run'] = (...args) => tiny.run(...args);
const untyped = trainModel as (...args: unknown[]) => Promise<unknown>;
const OPTIONS = { ...TINY_LOSS, epochs: 1 };
const SOURCE = recordedSource().source;

describe('the source', () => {
  it('goes on in an epoch where the last one stopped', async () => {
    const { source, asked } = recordedSource([2, 2, 1]);
    const history = await train({ epochs: 3, stepsPerEpoch: 2 }, source);
    expect(asked).toEqual([0, 1, 2, 'end', 0, 1, 2]);
    expect(history.images).toBe(2 + 2 + 1 + 2 + 2 + 1);
  });

  it('begins again within an epoch that is longer than it', async () => {
    const { source, asked } = recordedSource();
    await train({ epochs: 2, stepsPerEpoch: 3 }, source);
    expect(asked).toEqual([0, 1, 'end', 0, 1, 'end', 0, 1]);
  });

  it('is not told of an end that nobody trains behind', async () => {
    const { source, asked } = recordedSource();
    await train({ epochs: 1 }, source);
    expect(asked).toEqual([0, 1]);
  });

  it('of the validation is read from its beginning each time, up to validationSteps', async () => {
    const validation = recordedSource([2, 2, 2]);
    const cut = { epochs: 2, stepsPerEpoch: 1, validation: validation.source };
    await train({ ...cut, validationSteps: 2 });
    expect(validation.asked.splice(0)).toEqual([0, 1, 0, 1]);
    await train({ ...cut, epochs: 1, validationSteps: 9 });
    expect(validation.asked).toEqual([0, 1, 2]);
  });
});

describe('the validation loss', () => {
  const rule = weightedCrossEntropy(TINY_LOSS);
  /** Loss of each batch of the source by the model as it is. */
  async function losses(source: BatchSource): Promise<number[]> {
    const found: number[] = [];
    for (let i = 0; i < source.length; i++) {
      const batch = await source.getBatch(i);
      found.push(rule.value(await tiny.model.predict(batch), batch.labels!));
    }
    return found;
  }

  it('weighs each batch by its images; Keras 2.3.1 reports the last batch alone', async () => {
    const validation = recordedSource([2, 2, 1]).source;
    const right = await train({ stepsPerEpoch: 1, validation });
    const [a, b, c] = await losses(validation);
    expect(right.epochs[0].logs.val_loss).toBe((a * 2 + b * 2 + c) / 5);
    expect(right.epochs[0].logs.val_loss).not.toBe((a + b + c) / 3);
    await tiny.reset();
    const old = await train({ stepsPerEpoch: 1, validation, keras231ValLoss: true });
    expect(old.epochs[0].logs.val_loss).toBe(c);
    await tiny.reset();
    const part = await train({ stepsPerEpoch: 1, validation, validationSteps: 2 });
    expect(part.epochs[0].logs.val_loss).toBe((a * 2 + b * 2) / 4);
  });

  it('that is not finite ends the training', async () => {
    const loss = { ...rule, value: () => Number.NaN };
    const options = { loss, epochs: 1, validation: recordedSource().source };
    const training = trainModel(tiny.model, recordedSource().source, options);
    await expect(training).rejects.toThrow(new NonFiniteError('The validation loss is NaN.'));
  });

  it('of outputs that are not finite says that it was the validation, and which epoch', async () => {
    const validation = recordedSource([2]).source;
    const getBatch = async (i: number) => ({ ...(await validation.getBatch(i)), files: ['a.png', 'b.png'] });
    const moved = {
      async onStep() {
        // As a training that diverges: the step is finite, what inference makes of its averages is not.
        const weights = await tiny.model.exportWeights();
        for (const key of weights.keys()) {
          if (key.endsWith('/moving_variance')) weights.get(key)!.fill(1e-30);
          if (key.endsWith('/gamma')) weights.get(key)!.fill(1e30);
        }
        await tiny.model.importWeights(weights);
      },
    };
    const options = {
      stepsPerEpoch: 1,
      validation: { ...validation, length: 1, getBatch },
      callbacks: [moved],
    };
    await expect(train(options)).rejects.toThrow(
      /^Validation after epoch 1: Output 0 for a\.png is .* the training diverged: use a smaller learning rate/,
    );
  });

  it('is none where no label is known', async () => {
    const { source } = recordedSource([2]);
    const getBatch = async (i: number) => {
      const batch = await source.getBatch(i);
      return { ...batch, labels: new Float32Array(batch.labels!.length).fill(Number.NaN) };
    };
    const loss = weightedCrossEntropy({ ...TINY_LOSS, unknownLabels: true });
    const options = { loss, epochs: 1, validation: { ...source, length: 1, getBatch } };
    const training = trainModel(tiny.model, recordedSource().source, options);
    await expect(training).rejects.toThrow(
      new DataError('No label of the validation images is known.', 'Leave out validation, or give some.'),
    );
  });
});

describe('an abort', () => {
  it.each(['onTrainBegin', 'onStep', 'onValidationStep', 'onEpoch'] as const)(
    'in %s ends the training before the next batch',
    async (hook) => {
      const abort = new AbortController();
      const lines: string[] = [];
      const callbacks = [{ [hook]: () => abort.abort(new Error('mine')) }, diary('later', lines)];
      const asked = { train: recordedSource(), valid: recordedSource() };
      const { signal } = abort;
      const validation = asked.valid.source;
      await expect(train({ validation, signal, callbacks }, asked.train.source)).rejects.toThrow('mine');
      const order = ['begin', 'step 0.0', 'step 0.1', 'validation 0.0', 'validation 0.1', 'epoch 0'];
      const reached = { onTrainBegin: 1, onStep: 2, onValidationStep: 4, onEpoch: 6 }[hook];
      expect(lines).toEqual(order.slice(0, reached).map((line) => `later ${line}`));
      const batches = { onTrainBegin: [0, 0], onStep: [1, 0], onValidationStep: [2, 1], onEpoch: [2, 2] }[
        hook
      ];
      expect([asked.train.asked.length, asked.valid.asked.length]).toEqual(batches);
      expect((await train({})).stepLoss).toHaveLength(2);
    },
  );

  it('while a batch is loaded does not wait for it, and takes no step', async () => {
    const abort = new AbortController();
    const { source } = recordedSource();
    let late = (_: unknown) => {};
    const getBatch = () => {
      setTimeout(() => abort.abort(new Error('mine')));
      return new Promise<never>((_, reject) => {
        late = reject;
      });
    };
    await expect(train({ signal: abort.signal }, { ...source, getBatch })).rejects.toThrow('mine');
    expect(tiny.model.steps).toBe(0);
    // Nobody hears of it any more.
    late(new Error('too late'));
    expect((await train({}, source)).stepLoss).toHaveLength(2);
  });
});

describe('the arguments', () => {
  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['no model', /first argument of fit is an Object.*DenseNet\.create/, () => untyped({}, {}, OPTIONS)],
    ['no signal', /signal is an AbortController/, () => train({ signal: new AbortController() as never })],
    [
      'no end of an epoch',
      /onEpochEnd is undefined/,
      () => train({}, { ...SOURCE, onEpochEnd: undefined as never }),
    ],
  ])('are refused: %s', async (_, message, work) => {
    await refused(work, UsageError, message);
  });

  it('are copied: what becomes of the object changes nothing', async () => {
    const validation = recordedSource([2]);
    const options: FitOptions = { ...OPTIONS, validation: validation.source };
    options.callbacks = [{ onStep: () => void Object.assign(options, { validation: undefined }) }];
    const { epochs } = await trainModel(tiny.model, SOURCE, options);
    expect(epochs[0].logs.val_loss).toBeGreaterThan(0);
    expect(validation.asked).toEqual([0]);
  });
});

describe('two trainings of one model at once', () => {
  it('are refused, as the second would exchange loss and optimizer of the first; not one after the other', async () => {
    const alone = await train({});
    await tiny.reset();
    const second = () => trainModel(tiny.model, SOURCE, { loss: binaryCrossEntropy(), epochs: 1 });
    const first = train({ callbacks: [{ onStep: () => refused(second, UsageError, /in another fit/) }] });
    await refused(second, UsageError, /in another fit/);
    expect((await first).stepLoss).toEqual(alone.stepLoss);
    const failing = { ...SOURCE, getBatch: () => Promise.reject(new Error('mine')) };
    await expect(train({}, failing)).rejects.toThrow('mine');
    expect((await second()).stepLoss).toHaveLength(2);
  });
});
