/** Options, configurations and weights: each wrong one is named in a typed error, and the model goes on as before. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../src/core/errors.js';
import { type DenseNetConfig, densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { fit as train } from '../../src/training/fit.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import type { TrainingOptions } from '../../src/training/trainingOptions.js';
import { generatedWeights } from '../support/networks/generated.js';
import { changed, TINY, TINY_COUNT, TINY_LOSS, tinyBatch } from '../support/networks/tinyNet.js';
import { refused, type Wrong } from '../support/refused.js';

let gpu: Gpu;
let weights: WeightMap;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
  weights = generatedWeights(TINY, 3);
});
afterAll(() => gpu.dispose());

const create = () => DenseNet.create(gpu, { config: TINY, weights });

const NUMBERS: [string, unknown[]][] = [
  ['learningRate', [Number.NaN, Number.POSITIVE_INFINITY, -1, 1e39, '0.1', null]],
  ['beta1', [Number.NaN, 1, 2, -0.1, 1 - 1e-12, '0.9']],
  ['beta2', [Number.NaN, 1, 2, -0.1, 1 - 1e-12, Number.POSITIVE_INFINITY]],
  ['adamEpsilon', [Number.NaN, 0, -1e-7, Number.POSITIVE_INFINITY, 1e-60]],
  ['epsilon', [Number.NaN, 0, -1e-7, Number.POSITIVE_INFINITY, 1e-60, '1e-7']],
  ['movingVarianceRule', ['keras', 3, null]],
  [
    'posWeights',
    [
      undefined,
      null,
      0.5,
      'abc',
      [1],
      [1, -1],
      [1, Number.NaN],
      [1, Number.POSITIVE_INFINITY],
      [1, 1e39],
      ['1', '2'],
      Array(2),
    ],
  ],
  ['negWeights', [undefined, [], [1, -2], [1, 2, 3]]],
];

describe('training options', () => {
  const wrong = NUMBERS.flatMap(([field, values]) => values.map((value) => [field, value] as const));

  it('are refused by compile and fit alike, naming the field, and all is as before', async () => {
    const model = await create();
    await model.compile({ ...TINY_LOSS, learningRate: 0.01 });
    const source = {
      length: 1,
      samples: TINY_COUNT,
      batchSize: TINY_COUNT,
      labels: ['a', 'b', 'c'],
      getBatch: async () => tinyBatch(0),
      onEpochEnd() {},
    };
    for (const [field, value] of wrong) {
      const options = { ...TINY_LOSS, [field]: value } as TrainingOptions;
      const message = new RegExp(`${field}.* is |${field} has`);
      await refused(() => model.compile(options), UsageError, message);
      await refused(() => train(model, source, { ...options, epochs: 1 }), UsageError, message);
    }
    for (const field of ['epochs', 'stepsPerEpoch', 'validationSteps']) {
      for (const value of [0, -1, 1.5, Number.NaN, '2', Number.POSITIVE_INFINITY]) {
        const options = { ...TINY_LOSS, epochs: 1, [field]: value };
        await refused(() => train(model, source, options), UsageError, new RegExp(`${field} is `));
      }
    }
    await refused(() => train(model, source, undefined as never), UsageError, /options of fit/);
    await refused(() => model.compile(undefined as never), UsageError, /training options/);
    expect((await model.exportOptimizer()).settings.learningRate).toBe(0.01);
    model.dispose();
  });

  it('are refused by setLearningRate and in an imported state', async () => {
    const model = await create();
    await model.compile(TINY_LOSS);
    for (const rate of NUMBERS[0][1]) {
      await refused(() => model.setLearningRate(rate as number), UsageError, /learningRate is /);
    }
    const optimizer = await model.exportOptimizer();
    const { slots } = optimizer;
    for (const [field, values] of NUMBERS.slice(0, 4)) {
      for (const value of values) {
        if (value === undefined) continue;
        const name = field === 'adamEpsilon' ? 'epsilon' : field;
        const settings = { ...optimizer.settings, [name]: value as number };
        await refused(
          () => model.compile({ ...TINY_LOSS, optimizer: { ...optimizer, settings } }),
          UsageError,
          new RegExp(`Adam's state: ${name} is`),
        );
      }
    }
    for (const iterations of [-1, 0.5, Number.NaN, '3']) {
      await refused(
        () => model.compile({ ...TINY_LOSS, optimizer: { ...optimizer, iterations: iterations as number } }),
        WeightsError,
        /updates/,
      );
    }
    await refused(
      () =>
        model.compile({ ...TINY_LOSS, optimizer: { ...optimizer, slots: { ...slots, m: {} as WeightMap } } }),
      WeightsError,
      /m is an Object/,
    );
    const doubles = new Map(slots.v).set('bn/gamma', new Float64Array(12) as unknown as Float32Array);
    await refused(
      () => model.compile({ ...TINY_LOSS, optimizer: { ...optimizer, slots: { ...slots, v: doubles } } }),
      WeightsError,
      /v of bn\/gamma is a Float64Array/,
    );
    model.dispose();
  });

  it('are copied at once', async () => {
    const [a, b] = [await create(), await create()];
    await a.compile(TINY_LOSS);
    const options = { posWeights: [...TINY_LOSS.posWeights], negWeights: [...TINY_LOSS.negWeights] };
    const compiled = b.compile(options);
    options.posWeights.fill(9);
    await compiled;
    options.negWeights.fill(9);
    expect(await b.trainStep(tinyBatch(0))).toBe(await a.trainStep(tinyBatch(0)));
    for (const model of [a, b]) model.dispose();
  });
});

describe('gradients', () => {
  it('are there after a step, and not before one', async () => {
    const model = await create();
    await refused(() => model.gradients(), UsageError, /no gradients before a training step/);
    await model.compile(TINY_LOSS);
    await refused(() => model.gradients(), UsageError, /no gradients/);
    await refused(() => model.trainStep(changed(tinyBatch(0), { labels: undefined })), UsageError, /labels/);
    await refused(() => model.gradients(), UsageError, /no gradients/);
    await model.trainStep(tinyBatch(0));
    expect((await model.gradients()).size).toBeGreaterThan(10);
    await model.compile(TINY_LOSS);
    await refused(() => model.gradients(), UsageError, /no gradients/);
    model.dispose();
  });
});

describe('a configuration', () => {
  const own = { ...TINY, blocks: [...TINY.blocks] };

  it("is the model's own, and frozen", async () => {
    const mine = { ...own, blocks: [...own.blocks] };
    const model = await DenseNet.create(gpu, { config: mine, weights });
    mine.classes = 5;
    mine.blocks.push(7);
    expect(model.config).toEqual(TINY);
    expect(() => Object.assign(model.config, { classes: 5 })).toThrow(TypeError);
    expect(() => (model.config.blocks as number[]).push(1)).toThrow(TypeError);
    expect((await model.predict(tinyBatch(0))).length).toBe(TINY_COUNT * 2);
    model.dispose();
  });

  it.each<[Wrong, RegExp]>([
    [{ classes: 0 }, /classes is 0/],
    [{ classes: 2.5 }, /classes is 2.5/],
    [{ classes: '3' }, /classes is '3'/],
    [{ classes: 1e9 }, /classes is 1000000000/],
    [{ growthRate: Number.NaN }, /growthRate is NaN/],
    [{ inputChannels: 0 }, /inputChannels is 0/],
    [{ bottleneck: -1 }, /bottleneck is -1/],
    [{ blocks: [] }, /blocks are \[\]/],
    [{ blocks: [1, '2'] }, /blocks\[1\] is '2'/],
    [{ blocks: 6 }, /blocks is 6/],
    [{ blocks: [1e9] }, /blocks are \[1000000000\]/],
    [{ blocks: Array(40).fill(1) }, /40 blocks/],
    [{ compression: 0 }, /compression is 0/],
    [{ compression: 1.5 }, /compression is 1.5/],
    [{ compression: 0.001 }, /leaves no channel behind block 1/],
    [{ activation: 'relu' }, /activation is 'relu'/],
    [{ bnEpsilon: 0 }, /bnEpsilon is 0/],
    [{ bnEpsilon: -1e-5 }, /bnEpsilon is -0.00001/],
    [{ bnEpsilon: 1e-50 }, /bnEpsilon is 1e-50/],
    [{ bnMomentum: 1.01 }, /bnMomentum is 1.01/],
    [{ bnMomentum: Number.NaN }, /bnMomentum is NaN/],
    [{ name: 5 }, /name is 5/],
    [{ growth_rate: 12 }, /no field 'growth_rate'.*growthRate/],
    [{ nbClasses: 3 }, /no field 'nbClasses'.*classes/],
  ])('%j is refused by densenetConfig and DenseNet.create', async (wrong, message) => {
    await refused(() => densenetConfig('densenet121', wrong), UsageError, message);
    await refused(
      () => DenseNet.create(gpu, { config: { ...own, ...wrong } as DenseNetConfig }),
      UsageError,
      message,
    );
  });

  it('leaves what is undefined as it is, and refuses what is no name', async () => {
    expect(densenetConfig('densenet121', { classes: undefined })).toEqual(densenetConfig('densenet121'));
    for (const name of ['densenet', '', 'toString', undefined]) {
      await refused(() => densenetConfig(name as 'densenet121'), UsageError, /There is no network/);
    }
  });
});

describe('weights', () => {
  it('are refused where they are no Float32Arrays, and copied at once', async () => {
    const model = await create();
    const want = await model.predict(tinyBatch(0));
    const other = (key: string, values: unknown) => new Map(weights).set(key, values as Float32Array);
    const gamma = weights.get('bn/gamma')!;
    await refused(() => model.importWeights({} as WeightMap), WeightsError, /weights are an Object/);
    await refused(
      () => model.importWeights(other('bn/gamma', Float64Array.from(gamma))),
      WeightsError,
      /bn\/gamma is a Float64Array/,
    );
    await refused(
      () => model.importWeights(other('bn/gamma', [...gamma])),
      WeightsError,
      /bn\/gamma is an Array/,
    );
    const variance = weights.get('bn/moving_variance')!.map((v) => -v);
    await refused(
      () => model.importWeights(other('bn/moving_variance', variance)),
      WeightsError,
      /never negative/,
    );
    expect(await model.predict(tinyBatch(0))).toEqual(want);
    const copy = new Map([...weights].map(([key, values]) => [key, values.slice()]));
    const importing = model.importWeights(copy);
    for (const values of copy.values()) values.fill(Number.NaN);
    copy.clear();
    await importing;
    expect(await model.predict(tinyBatch(0))).toEqual(want);
    model.dispose();
  });
});
