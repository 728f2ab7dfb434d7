/** Optimizers as options: made, checked, described, changed between steps and exchanged for another. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { adam, adamw, OPTIMIZERS, sgd } from '../../../src/training/optimizers/index.js';
import { complete, describeOptimizer, type Optimizer } from '../../../src/training/optimizers/optimizer.js';
import { TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';
import { refused } from '../../support/refused.js';

let gpu: Gpu;
let model: DenseNet;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
  model = await DenseNet.create(gpu, { config: TINY, seed: 3 });
});
afterAll(async () => {
  await model.dispose();
  gpu.dispose();
});

describe('an optimizer', () => {
  it('is made of settings that are checked and copied', async () => {
    const wrong: [() => unknown, RegExp][] = [
      [() => sgd({ momentum: 1.5 }), /momentum is 1\.5, it must be from 0 to 1/],
      [() => sgd({ nesterov: 1 as never }), /nesterov is 1, it must be true or false/],
      [() => sgd({ learningRate: -1 }), /learningRate is -1/],
      [() => sgd({ beta1: 0.9 } as never), /SGD has no setting 'beta1'.*learningRate, momentum, nesterov/],
      [() => adam({ momentum: 0.9 } as never), /Adam has no setting 'momentum'/],
      [() => adam({ epsilon: 0 }), /epsilon is 0/],
      [() => adamw({ weightDecay: Number.NaN }), /weightDecay is NaN/],
      [() => adamw({ decayAll: 'yes' as never }), /decayAll is 'yes'/],
      [() => sgd(0.1 as never), /settings of SGD is 0\.1, it must be an object/],
      [() => adam(null as never), /settings of Adam is null, it must be an object/],
    ];
    for (const [make, message] of wrong) await refused(async () => make(), UsageError, message);
    const settings = { momentum: 0.9, learningRate: undefined };
    const made = sgd(settings);
    settings.momentum = 0.1;
    expect(made.settings).toEqual({ momentum: 0.9 });
    expect(complete(made.kind, made.settings).settings).toEqual({
      learningRate: 0.01,
      momentum: 0.9,
      nesterov: false,
    });
  });

  it('is described by its rate and whatever is not as by default', () => {
    const words = ({ kind, settings }: Optimizer) => describeOptimizer(complete(kind, settings));
    expect(words(adam())).toBe('Adam with learning rate 0.001');
    expect(words(sgd({ momentum: 0.9, nesterov: true }))).toBe(
      'SGD with learning rate 0.01, momentum 0.9, nesterov',
    );
    expect(words(adamw({ learningRate: 1e-4, weightDecay: 0.1 }))).toBe(
      'AdamW with learning rate 0.0001, weight decay 0.1',
    );
  });

  it('of each kind has a name, a title and slots of its own', () => {
    expect(OPTIMIZERS.map(({ name }) => name)).toEqual(['adam', 'sgd', 'adamw']);
    for (const kind of OPTIMIZERS) {
      expect(Object.keys(kind.slots)).not.toContain('w');
      for (const { what } of Object.values(kind.slots)) expect(what).toContain(kind.title);
    }
  });
});

describe('compile and fit', () => {
  it('refuse an optimizer beside settings of one, and what is none', async () => {
    await model.compile(TINY_LOSS);
    const wrong: [object, RegExp][] = [
      [{ optimizer: sgd(), learningRate: 0.1 }, /optimizer is there and learningRate too.*sgd\(\{/],
      [{ optimizer: 'sgd' }, /optimizer is 'sgd', it must be an object/],
      [{ optimizer: { kind: 'sgd' } }, /kind 'sgd'.*adam\(\{/],
      [{ optimizer: { kind: OPTIMIZERS[1] } }, /optimizer: settings of SGD is undefined/],
      [
        { optimizer: { kind: { record() {} }, settings: {} } },
        /kind: name is undefined, it must be a string/,
      ],
      ...['settings', 'slots', 'hyper', 'boundsAfter', 'updated'].map((field): [object, RegExp] => [
        { optimizer: { kind: { ...OPTIMIZERS[1], [field]: undefined }, settings: {} } },
        new RegExp(`kind: ${field} is undefined`),
      ]),
      [
        { optimizer: { kind: { ...OPTIMIZERS[1], settings: {} }, settings: {} } },
        /settings: learningRate: check is undefined/,
      ],
    ];
    for (const [options, message] of wrong) {
      await refused(() => model.compile({ ...TINY_LOSS, ...options }), UsageError, message);
      await refused(() => model.goOn({ ...TINY_LOSS, ...options }), UsageError, message);
    }
    expect((await model.exportOptimizer()).optimizer).toBe('adam');
  });

  it("take Adam's shorthand for the optimizer at hand, where that has such settings", async () => {
    await model.compile({ ...TINY_LOSS, optimizer: sgd({ momentum: 0.5 }) });
    await model.trainStep(tinyBatch(0));
    await model.goOn({ ...TINY_LOSS, learningRate: 0.2 });
    const { settings, iterations } = await model.exportOptimizer();
    expect([settings, iterations]).toEqual([{ learningRate: 0.2, momentum: 0.5, nesterov: false }, 1]);
    await refused(() => model.goOn({ ...TINY_LOSS, beta1: 0.9 }), UsageError, /SGD has no setting 'beta1'/);
    const state = await model.exportOptimizer();
    const compiling = () => model.compile({ ...TINY_LOSS, adamEpsilon: 1e-6, optimizer: state });
    await refused(compiling, UsageError, /SGD has no setting 'epsilon'/);
  });

  it('take a setting of a state that is undefined for one that it does not say', async () => {
    await model.compile({ ...TINY_LOSS, optimizer: sgd({ learningRate: 0.5, momentum: 0.5 }) });
    const state = await model.exportOptimizer();
    const settings = { momentum: 0.25, learningRate: undefined as never };
    await model.compile({ ...TINY_LOSS, optimizer: { ...state, settings } });
    expect(model.learningRate).toBe(0.01);
    expect((await model.exportOptimizer()).settings.momentum).toBe(0.25);
  });

  it('change settings between steps without a new plan, and keep the state', async () => {
    await model.compile({ ...TINY_LOSS, optimizer: sgd({ momentum: 0.5 }) });
    await model.trainStep(tinyBatch(0));
    const plan = await model.planOf('train', 2, 16);
    model.setLearningRate(0);
    expect(model.learningRate).toBe(0);
    const before = await model.exportOptimizer();
    await model.goOn({ ...TINY_LOSS, optimizer: sgd({ momentum: 0, nesterov: true }) });
    expect(await model.exportOptimizer()).toEqual({
      ...before,
      settings: { learningRate: 0, momentum: 0, nesterov: true },
    });
    const weights = await model.exportWeights();
    await model.trainStep(tinyBatch(0));
    expect(await model.planOf('train', 2, 16)).toBe(plan);
    for (const { key } of model.network.parameters.filter(({ trainable }) => trainable)) {
      expect((await model.exportWeights()).get(key)).toEqual(weights.get(key));
    }
  });

  it('start another kind afresh and free what the first one kept', async () => {
    await model.compile({ ...TINY_LOSS, optimizer: adam() });
    await model.trainStep(tinyBatch(0));
    const bytes = gpu.allocatedBytes;
    await model.goOn({ ...TINY_LOSS, optimizer: sgd() });
    expect(model.steps).toBe(0);
    await model.trainStep(tinyBatch(0));
    expect(gpu.allocatedBytes).toBeLessThan(bytes);
    const { slots } = await model.exportOptimizer();
    expect(Object.keys(slots)).toEqual(['velocity']);
  });
});
