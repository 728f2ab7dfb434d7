/** Hooks of a training: when they are called, and what they may do: stop it, set its learning rate, throw. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Callback, TrainingContext } from '../../../src/training/callbacks/callback.js';
import { History } from '../../../src/training/callbacks/history.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { recordedSource, TINY, tinyBatch } from '../../support/networks/tinyNet.js';
import { diary, on, sleep, TinyTraining } from './tinyTraining.js';

const tiny = new TinyTraining();
const train: TinyTraining['run'] = (...args) => tiny.run(...args);

describe('the hooks', () => {
  it('are called in their order, over steps, validations and epochs', async () => {
    const lines: string[] = [];
    await train({ epochs: 2, validation: recordedSource([2]).source, callbacks: [diary('a', lines)] });
    expect(lines).toEqual([
      'a begin',
      ...['a step 0.0', 'a step 0.1', 'a validation 0.0', 'a epoch 0'],
      ...['a step 1.0', 'a step 1.1', 'a validation 1.0', 'a epoch 1'],
      'a end',
    ]);
  });

  it('are waited for, one callback after the other, in the order of the list', async () => {
    const lines: string[] = [];
    const callbacks = [diary('a', lines, 3), diary('b', lines)];
    await train({ stepsPerEpoch: 1, callbacks }).then(() => lines.push('returned'));
    const each = (line: string) => [`a ${line}`, 'a waited', `b ${line}`];
    expect(lines).toEqual([...['begin', 'step 0.0', 'epoch 0', 'end'].flatMap(each), 'returned']);
  });

  it('get what the training is and what the step and the epoch came to', async () => {
    const seen: unknown[] = [];
    const history = await train({
      epochs: 1,
      validation: recordedSource([2, 2, 2]).source,
      validationSteps: 2,
      callbacks: [
        on(
          'onTrainBegin',
          ({ model: own, epochs, stepsPerEpoch, validationSteps, learningRate, stopReason }) => {
            seen.push([own === tiny.model, epochs, stepsPerEpoch, validationSteps, learningRate, stopReason]);
          },
        ),
        on('onStep', ({ step, steps, loss, meanLoss, images, learningRate, imagesPerSecond }) => {
          seen.push([step, steps, loss, meanLoss, images, learningRate]);
          expect(imagesPerSecond).toBeGreaterThan(0);
        }),
        on('onEpoch', ({ logs, steps, seconds, validationMs }) => {
          seen.push([steps, { ...logs }]);
          expect(seconds).toBeGreaterThan(validationMs / 1000);
          expect(validationMs).toBeGreaterThan(0);
        }),
      ],
    });
    const [first, second] = history.stepLoss;
    const { loss, val_loss } = history.epochs[0].logs;
    expect(loss).toBe((first * 2 + second * 2) / 4);
    expect(seen).toEqual([
      [true, 1, 2, 2, 0.01, null],
      [0, 2, first, first, 2, 0.01],
      [1, 2, second, loss, 2, 0.01],
      [2, { loss, val_loss, lr: 0.01 }],
    ]);
  });

  it('get all predictions of a validation before the epoch is closed, and add to its logs', async () => {
    const seen: unknown[] = [];
    const sizes = [2, 1];
    const { source } = recordedSource(sizes);
    const callbacks = [
      on('onValidation', async ({ epoch, classes, probabilities, labels, logs }, { model }) => {
        seen.push(epoch, classes, Object.keys(logs));
        const batches = sizes.map((size, i) => tinyBatch(40 + i, size));
        const found = await Promise.all(batches.map((batch) => model.predict(batch)));
        expect([...probabilities]).toEqual(found.flatMap((p) => [...p]));
        expect([...labels]).toEqual(batches.flatMap((batch) => [...batch.labels]));
        logs.val_score = 0.5;
      }),
      on('onEpoch', ({ logs }) => void seen.push(logs.val_score)),
    ];
    const history = await tiny.run({ validation: source, callbacks });
    expect(seen).toEqual([0, ['one', 'two'], ['loss', 'lr', 'val_loss'], 0.5]);
    expect(history.epochs[0].logs.val_score).toBe(0.5);
  });

  it('may call the model, which does not wait for itself, and changes nothing', async () => {
    const alone = await train({ epochs: 2 });
    await tiny.reset();
    let calls = 0;
    const predict = async () => {
      expect(await tiny.model.predict(tinyBatch(7))).toHaveLength(4);
      calls++;
    };
    const callbacks: Callback[] = [
      {
        onTrainBegin: predict,
        onStep: predict,
        onValidationStep: predict,
        onEpoch: () => tiny.model.inspect(tinyBatch(7), () => {}).then(predict),
        onTrainEnd: predict,
      },
      // One that does not wait.
      on('onStep', () => void predict()),
    ];
    const watched = await train({ epochs: 2, validation: recordedSource([2]).source, callbacks });
    expect(calls).toBe(1 + 4 + 4 + 2 + 2 + 1);
    expect(watched.stepLoss).toEqual(alone.stepLoss);
  });

  it('are called as methods of their callback', async () => {
    class Counter implements Callback {
      steps = 0;
      onStep() {
        this.steps++;
      }
    }
    const counter = new Counter();
    await train({ epochs: 2, callbacks: [counter] });
    expect(counter.steps).toBe(4);
  });
});

describe('a stop', () => {
  const stopAt = (step: number, lines: string[] = []) => [
    diary('a', lines),
    on('onStep', (info, training) => {
      if (info.epoch === 1 && info.step === step) training.stop('enough');
    }),
    diary('b', lines),
  ];

  it('in a step ends the epoch with what it has, unvalidated; the other hooks are called', async () => {
    const lines: string[] = [];
    const history = await train({
      epochs: 5,
      validation: recordedSource([2]).source,
      callbacks: stopAt(0, lines),
    });
    const ends = ['a step 1.0', 'b step 1.0', 'a epoch 1', 'b epoch 1', 'a end', 'b end'];
    expect(lines.slice(-6)).toEqual(ends);
    expect(history.stopReason).toBe('enough');
    expect(history.stepLoss).toHaveLength(3);
    const [whole, part] = history.epochs;
    expect([whole.steps, part.steps]).toEqual([2, 1]);
    expect(Object.keys(whole.logs).sort()).toEqual(['loss', 'lr', 'val_loss']);
    expect(part.logs).toEqual({ loss: history.stepLoss[2], lr: 0.01 });
    expect(tiny.model.steps).toBe(3);
  });

  it('in the last step of an epoch leaves it whole, with its validation', async () => {
    const history = await train({ epochs: 5, validation: recordedSource([2]).source, callbacks: stopAt(1) });
    expect(history.epochs.map(({ steps }) => steps)).toEqual([2, 2]);
    expect(history.epochs[1].logs.val_loss).toBeGreaterThan(0);
    expect(history.stopReason).toBe('enough');
  });

  it('in a validation step takes effect when the validation is whole', async () => {
    const stop = on('onValidationStep', (_, training) => training.stop('enough'));
    const validation = recordedSource([2, 2]);
    const history = await train({ epochs: 5, validation: validation.source, callbacks: [stop] });
    expect(validation.asked).toEqual([0, 1]);
    expect(history.epochs).toHaveLength(1);
    expect(history.epochs[0].logs.val_loss).toBeGreaterThan(0);
  });

  it('at the end of an epoch ends the training; the first reason is kept', async () => {
    const callbacks = ['first', 'second'].map((reason) =>
      on('onEpoch', ({ epoch }, training) => {
        if (epoch === 1) training.stop(reason);
      }),
    );
    const { source, asked } = recordedSource();
    const history = await train({ epochs: 5, callbacks }, source);
    expect([history.epochs.length, history.stopReason]).toEqual([2, 'first']);
    expect(asked).toEqual([0, 1, 'end', 0, 1]);
  });

  it('before the first step leaves the model as it is', async () => {
    const lines: string[] = [];
    const stop = on('onTrainBegin', (training) => training.stop('not today'));
    const { source, asked } = recordedSource();
    const history = await train({ callbacks: [stop, diary('a', lines)] }, source);
    expect([history.epochs, history.stepLoss, history.stopReason]).toEqual([[], [], 'not today']);
    expect(lines).toEqual(['a begin', 'a end']);
    expect(asked).toEqual([]);
    expect(tiny.model.steps).toBe(0);
  });

  it('may come from outside, while a step runs', async () => {
    let training: TrainingContext | undefined;
    const { source } = recordedSource();
    const stopping = {
      ...source,
      getBatch: async (i: number) => {
        training?.stop('the visitor');
        return source.getBatch(i);
      },
    };
    const taken = on('onTrainBegin', (context) => {
      training = context;
    });
    const history = await train({ epochs: 9, callbacks: [taken] }, stopping);
    expect([history.stepLoss.length, history.stopReason]).toEqual([1, 'the visitor']);
  });

  it('wants a reason', async () => {
    const stop = on('onStep', (_, training) => (training.stop as () => void)());
    await expect(train({ callbacks: [stop] })).rejects.toThrow(/reason to stop is undefined/);
  });
});

describe('the learning rate', () => {
  /** Losses and weights of steps taken one by one with these rates. */
  async function byHand(rates: readonly number[]): Promise<[number[], WeightMap]> {
    await tiny.reset();
    const { source } = recordedSource();
    const losses: number[] = [];
    for (const [i, rate] of rates.entries()) {
      tiny.model.setLearningRate(rate);
      losses.push(await tiny.model.trainStep(await source.getBatch(i % 2)));
    }
    return [losses, await tiny.model.exportWeights()];
  }

  it('that a callback sets holds from the very next step, to the last bit', async () => {
    const set = (rate: number) => (_: unknown, training: TrainingContext) => {
      training.learningRate = rate;
    };
    const callbacks: Callback[] = [
      on('onTrainBegin', (training) => {
        training.learningRate /= 2;
      }),
      on('onStep', (info, training) => {
        if (info.epoch === 0 && info.step === 0) set(0.02)(info, training);
      }),
      on('onEpoch', set(0.003)),
    ];
    const used: number[] = [];
    callbacks.push(on('onStep', ({ learningRate }) => void used.push(learningRate)));
    const history = await train({ epochs: 2, callbacks });
    const rates = [0.005, 0.02, 0.003, 0.003];
    expect(used).toEqual(rates);
    expect(history.epochs.map(({ logs }) => logs.lr)).toEqual([0.02, 0.003]);
    const after = await tiny.model.exportWeights();
    expect([history.stepLoss, after]).toEqual(await byHand(rates));
    expect((await byHand([0.005, 0.005, 0.003, 0.003]))[0]).not.toEqual(history.stepLoss);
  });

  it('that makes no sense is refused where it is set; the one before holds', async () => {
    for (const rate of [-1, Number.NaN, Number.POSITIVE_INFINITY, '1', undefined]) {
      const set = on('onStep', (_, training) => {
        training.learningRate = rate as number;
      });
      await expect(train({ callbacks: [set] })).rejects.toThrow(UsageError);
    }
    expect(tiny.model.learningRate).toBe(0.01);
  });

  it('is not there before compile', async () => {
    const fresh = await DenseNet.create(tiny.gpu, { config: TINY, seed: 4 });
    expect(() => fresh.learningRate).toThrow(/compile/);
    await fresh.dispose();
  });
});

describe('an error', () => {
  const mine = new Error('mine');
  const HOOKS = ['onTrainBegin', 'onStep', 'onValidationStep', 'onEpoch', 'onTrainEnd'] as const;

  it.each(HOOKS)(
    'of %s, thrown or rejected with, is what fit rejects with; the model works on',
    async (hook) => {
      const throws: (() => Promise<void>)[] = [
        () => {
          throw mine;
        },
        () => sleep(1).then(() => Promise.reject(mine)),
      ];
      for (const work of throws) {
        const lines: string[] = [];
        const callbacks = [{ [hook]: work }, diary('later', lines)];
        await expect(train({ validation: recordedSource([2]).source, callbacks })).rejects.toBe(mine);
        // Neither the callbacks behind it nor the training's end are called.
        const order = ['begin', 'step 0.0', 'step 0.1', 'validation 0.0', 'epoch 0', 'end'];
        const reached = order.slice(0, [0, 1, 3, 4, 5][HOOKS.indexOf(hook)]);
        expect(lines).toEqual(reached.map((line) => `later ${line}`));
      }
      expect((await train({})).stepLoss).toHaveLength(2);
    },
  );

  it('of the source ends the training, and a history of one’s own keeps what was', async () => {
    const own = new History();
    const { source } = recordedSource();
    const getBatch = (i: number) => (i === 1 ? Promise.reject(mine) : source.getBatch(i));
    await expect(train({ callbacks: [own] }, { ...source, getBatch })).rejects.toBe(mine);
    expect(own.stepLoss).toHaveLength(1);
    expect(own.epochs).toEqual([]);
    // Used again, it begins anew.
    const history = await train({ callbacks: [own] });
    expect(own).toEqual(history);
  });
});
