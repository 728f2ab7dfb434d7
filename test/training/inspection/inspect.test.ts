/** The maps of an inspection against PyTorch's, and against what a training step makes of the same batch. */
import { describe, expect, it } from 'vitest';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import { type DenseNetConfig, densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import type { Batch } from '../../../src/training/batch.js';
import type { InspectedMap, InspectOptions } from '../../../src/training/inspection/inspect.js';
import { weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';
import { BOUND, golden } from '../../support/golden/parity.js';
import { type GoldenTensor, sketchDistance } from '../../support/golden/sketch.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { generatedBatch, generatedLossWeights, generatedWeights } from '../../support/networks/generated.js';
import { TINY, TINY_LOSS, tinyBatch, tinyFloats } from '../../support/networks/tinyNet.js';

interface Activations {
  network: { blocks: number[]; growth: number; bottleneck: number; stem: number; classes: number };
  cases: {
    seed: number;
    count: number;
    size: number;
    unknown: boolean;
    loss: number;
    maps: Record<string, GoldenTensor>;
  }[];
}

const gpu = await testGpu();

const TRAINING = { mode: 'training', gradients: true } as const;
const ONLY_LOSS: InspectOptions = { mode: 'training', only: ({ kind }) => kind === 'loss' };

async function inspected(model: DenseNet, batch: Batch, options: InspectOptions = TRAINING) {
  const maps = new Map<string, InspectedMap>();
  await model.inspect(
    batch,
    (map) => {
      const id = `${map.kind} ${map.name}`;
      expect(maps.has(id), id).toBe(false);
      expect(map.values, id).toHaveLength(map.shape.reduce((a, b) => a * b, 1));
      maps.set(id, map);
    },
    options,
  );
  return maps;
}

const lossOf = (maps: ReadonlyMap<string, InspectedMap>) => maps.get('loss loss')!.values[0];

describe('a training pass map by map', () => {
  const { network, cases } = golden<Activations>('network/activations.json');
  const { growth: growthRate, stem: stemChannels, ...rest } = network;
  const config = densenetConfig('densenet121', { ...rest, growthRate, stemChannels });

  it.each(cases)('is what PyTorch gives: seed $seed', async ({ seed, count, size, unknown, loss, maps }) => {
    const { classes } = config;
    const model = await DenseNet.create(gpu, { config, weights: generatedWeights(config, seed) });
    const batch = generatedBatch(seed, count, size, classes);
    if (unknown) batch.labels[classes] = Number.NaN;
    await model.compile({
      loss: weightedCrossEntropy({ ...generatedLossWeights(classes), unknownLabels: unknown }),
    });
    const got = await inspected(model, batch);
    await model.dispose();
    expect(Math.abs(lossOf(got) - loss)).toBeLessThan(BOUND.loss * loss);
    const compared = [...got.keys()].filter((id) => !id.startsWith('loss'));
    expect(compared.sort()).toEqual(Object.keys(maps).sort());
    for (const id of compared) {
      const { shape, values: all } = got.get(id)!;
      // Of zeros in a window the pool's gradient goes to one or another.
      const read = got.get('relu conv1/relu')!.values;
      const values = id === 'gradient of relu conv1/relu' ? all.map((v, i) => (read[i] > 0 ? v : 0)) : all;
      const wanted = maps[id];
      expect(
        shape.filter((n) => n !== 1),
        id,
      ).toEqual(wanted.shape.filter((n) => n !== 1));
      const bound = id.startsWith('gradient') ? BOUND.gradient : BOUND.map;
      // What cancels is small beside what it is the sum of.
      expect(sketchDistance(values, wanted), id).toBeLessThan(bound * Math.max(wanted.norm, 1e-2));
    }
  });
});

const plain: Partial<DenseNetConfig> = { bottleneck: 0, stem: 'cifar' };

describe.each<[string, Partial<DenseNetConfig>]>([
  ['a network with bottlenecks', {}],
  ['one without', plain],
  ['one with norms per block', { ...plain, norms: 'block' }],
])('%s', (_, changes) => {
  it('has in inspection the loss and gradients of the next step, to the bit, and is as before', async () => {
    const model = await DenseNet.create(gpu, { config: { ...TINY, ...changes }, seed: 1 });
    await model.compile({ ...TINY_LOSS, accumulate: 2 });
    await model.trainStep(tinyBatch(9));
    const state = async () => [
      await model.exportWeights(),
      await model.exportOptimizer(),
      await model.gradients(),
      model.steps,
    ];
    const before = await state();
    const batch = tinyBatch(1);
    const maps = await inspected(model, batch);
    expect(await state()).toEqual(before);

    await model.compile(TINY_LOSS);
    expect(await model.trainStep(batch)).toBe(lossOf(maps));
    const gradients = await model.gradients();
    const own = [...maps.values()].filter(({ kind }) => kind === 'gradient of weights');
    expect(own.map(({ name }) => name).sort()).toEqual([...gradients.keys()].sort());
    for (const { name, values, shape } of own) {
      expect(values, name).toEqual(gradients.get(name));
      expect(shape).toEqual(model.network.parameters.find(({ key }) => key === name)!.shape);
    }
    const after = await model.exportWeights();
    for (const { name, kind, statistics } of maps.values()) {
      if (kind !== 'batchnorm') continue;
      expect(statistics!.by).toBe('batch');
      expect(statistics!.next!.movingMean).toEqual(after.get(`${name}/moving_mean`));
      expect(statistics!.next!.movingVariance).toEqual(after.get(`${name}/moving_variance`));
    }
    const { dispatches } = await model.planOf('train', batch.count, batch.height);
    for (const { dispatch, kernel, constants, beside, kind, name } of maps.values()) {
      if (dispatch === null) {
        expect(beside || kind === 'concat' || kind === 'input', `${kind} ${name}`).toBe(true);
        continue;
      }
      expect(dispatches[dispatch].kernel.name).toBe(kernel);
      expect({ ...dispatches[dispatch].constants }).toEqual(constants);
    }
    await model.dispose();
  });

  it('adds up at a concatenation what its readers pass back', async () => {
    const model = await DenseNet.create(gpu, { config: { ...TINY, ...changes, blocks: [2, 1] }, seed: 2 });
    await model.compile(TINY_LOSS);
    const maps = await inspected(model, tinyBatch(3));
    await model.dispose();
    const sums = [...maps.values()].filter(({ addends }) => addends);
    expect(sums.length).toBeGreaterThanOrEqual(3);
    for (const { name, values, shape, addends } of sums) {
      // Where its channels lie among those of the block: behind what was there.
      const appended = [...maps.values()].find(
        (map) => map.kind === 'concat' && map.name.startsWith(name.replace(/_[12]_conv$/, '_concat')),
      );
      const channels = shape[3];
      const from = appended ? appended.shape[3] - channels : 0;
      const total = new Float64Array(values.length);
      for (const addend of addends!) {
        const part = [...maps.values()].find(
          (map) => map.name === addend && map.kind.startsWith('gradient through'),
        )!;
        const wide = part.shape[3];
        for (let i = 0; i < total.length; i++) {
          total[i] += part.values[Math.floor(i / channels) * wide + from + (i % channels)];
        }
      }
      const far = Math.hypot(...total.map((v, i) => v - values[i]));
      expect(far / Math.hypot(...total), name).toBeLessThan(BOUND.gradient);
    }
  });
});

describe('an inspection', () => {
  it('in inference has maps, statistics and probabilities of predict, and needs no labels', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const { labels: _, ...batch } = tinyBatch(4);
    const maps = await inspected(model, batch as Batch, {});
    expect(maps.get('probabilities probabilities')!.values).toEqual(await model.predict(batch as Batch));
    expect([...maps.keys()].slice(0, 3)).toEqual(['input input_1', 'conv conv1/conv', 'batchnorm conv1/bn']);
    const { values, statistics, shape } = maps.get('batchnorm conv1/bn')!;
    const x = maps.get('conv conv1/conv')!.values;
    const { by, mean, variance, gamma, beta, epsilon, next } = statistics!;
    expect([by, next, shape[3]]).toEqual(['moving', undefined, 8]);
    const want = x.map((v, i) => {
      const c = i % 8;
      return (gamma[c] * (v - mean[c])) / Math.sqrt(variance[c] + epsilon) + beta[c];
    });
    expect(worstDifference(values, want, TOLERANCE.f32).ratio).toBeLessThanOrEqual(1);
    expect(maps.get('relu conv1/relu')!.values).toEqual(values.map((v) => Math.max(0, v)));
    await model.dispose();
  });

  it('leaves out the gradients of frozen layers, and of what lies in front of the first that learns', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await model.compile({ ...TINY_LOSS, freeze: ['conv1', 'conv2', 'pool2', 'bn'] });
    const maps = await inspected(model, tinyBatch(1));
    const learning = [...maps.values()].filter(({ kind }) => kind === 'gradient of weights');
    expect(new Set(learning.map(({ name }) => name.split('/')[0]))).toEqual(
      new Set(['dense_1', ...['0_bn', '1_bn', '1_conv', '2_conv'].map((part) => `conv3_block1_${part}`)]),
    );
    expect(maps.get('batchnorm bn')!.statistics).toMatchObject({ by: 'moving' });
    expect(maps.get('batchnorm conv3_block1_0_bn')!.statistics).toMatchObject({ by: 'batch' });
    expect(await model.trainStep(tinyBatch(1))).toBe(lossOf(maps));
    const gradients = await model.gradients();
    for (const { name, values } of learning) expect(values, name).toEqual(gradients.get(name));
    expect([...maps.keys()].some((id) => /^gradient.* (conv[12]|input)/.test(id))).toBe(false);
    await model.dispose();
  });

  it.each<[string, Partial<DenseNetConfig>, string]>([
    ['7x7 of stride 2', {}, 'strided'],
    ['3x3 of stride 1', plain, 'naive'],
  ])('ends in the gradient of the input, by a %s: finite differences', async (_, changes, variant) => {
    const config = { ...TINY, ...changes };
    const weights = new Map(initialWeights(config, 3));
    // No ReLU but the last opens or closes: a difference across 0 says nothing of a slope.
    const betas = [...weights.keys()].filter((key) => key.endsWith('/beta') && key !== 'bn/beta');
    for (const key of betas)
      weights.set(
        key,
        weights.get(key)!.map(() => 8),
      );
    const model = await DenseNet.create(gpu, { config, weights });
    await model.compile(TINY_LOSS);
    const batch = tinyFloats(2, 4);
    const [id, { values, kernel, shape, file, beside }] = [...(await inspected(model, batch))].at(-1)!;
    expect([id, shape, beside]).toEqual(['gradient of input input_1', [4, 16, 16, 3], true]);
    expect(kernel).toBe(`conv.backwardData.${variant}`);
    expect(file).toBe(`src/shaders/conv/backwardData/backwardData.${variant}.wgsl`);
    const lossAt = async (x: Float32Array) => lossOf(await inspected(model, { ...batch, x }, ONLY_LOSS));
    const slope = async (way: (i: number) => number) => {
      const [up, down] = [1, -1].map((sign) => batch.x.map((v, i) => v + sign * way(i)));
      return ((await lossAt(up)) - (await lossAt(down))) / 2;
    };
    // Along the gradient itself the loss rises by its length.
    const length = Math.hypot(...values);
    const step = 0.01;
    const along = (await slope((i) => (step * values[i]) / length)) / step;
    expect(Math.abs(along - length)).toBeLessThan(0.02 * length);
    // Corners, which other taps reach than the middle does.
    for (const pixel of [0, 15, 240, 255, 256 + 119]) {
      const at = 3 * pixel + 1;
      const difference = (await slope((i) => (i === at ? step : 0))) / step;
      expect(Math.abs(difference - values[at]), `x[${at}]`).toBeLessThan(4e-5 + 0.03 * Math.abs(values[at]));
    }
    await model.dispose();
  });

  it('reads what is asked for alone, and with other weights than the model has', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await model.compile(TINY_LOSS);
    const only: InspectOptions['only'] = ({ kind }) => kind === 'loss' || kind === 'dense';
    const maps = await inspected(model, tinyBatch(1), { mode: 'training', only });
    expect([...maps.keys()]).toEqual(['dense dense_1', 'loss loss']);
    const bias = Float32Array.of(3, 3);
    const weights = new Map([['dense_1/bias', bias]]);
    const changed = inspected(model, tinyBatch(1), { mode: 'training', only, weights });
    bias.fill(7);
    const moved = (await changed).get('dense dense_1')!.values;
    const stay = maps.get('dense dense_1')!.values;
    moved.forEach((z, i) => {
      expect(z).toBeCloseTo(stay[i] + 3, 5);
    });
    expect(await model.trainStep(tinyBatch(1))).toBe(lossOf(maps));
    await model.dispose();
  });

  it('says how far it is, and ends by its signal', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const told: string[] = [];
    const controller = new AbortController();
    const inspecting = model.inspect(tinyBatch(1), () => {}, {
      signal: controller.signal,
      onProgress: ({ phase, done, total, note }) => {
        if (phase !== 'inspect') return;
        told.push(`${done} ${note}`);
        if (done === 2) controller.abort(new Error('enough'));
        expect(total).toBeGreaterThan(20);
      },
    });
    await expect(inspecting).rejects.toThrow('enough');
    expect(told).toEqual(['0 input_1', '1 conv1/conv', '2 conv1/bn']);
    await model.dispose();
  });

  it('goes by the weights that are trained where the network is an average of them', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await model.compile({ ...TINY_LOSS, ema: 0.9, learningRate: 0.1 });
    await model.trainStep(tinyBatch(2));
    await model.trainStep(tinyBatch(3));
    const p = await model.predict(tinyBatch(1));
    const maps = await inspected(model, tinyBatch(1));
    expect(await model.predict(tinyBatch(1))).toEqual(p);
    expect(await model.trainStep(tinyBatch(1))).toBe(lossOf(maps));
    await model.dispose();
  });

  const wrong = (value: unknown) => value as InspectOptions;
  it.each<[string, InspectOptions, RegExp]>([
    ['a mode that there is not', wrong({ mode: 'train' }), /mode is 'train'/],
    ['gradients in inference', { gradients: true }, /no gradients in inference.*mode: 'training'/],
    ['gradients in words', wrong({ ...TRAINING, gradients: 'yes' }), /gradients is 'yes'/],
    ['no function', wrong({ only: 'conv' }), /only is 'conv'/],
    ['a misspelt option', wrong({ gradient: true }), /options of inspect have no 'gradient'/],
    ['no options', wrong(null), /options.*null/],
    ['training before compile', { mode: 'training' }, /Call compile\(\) before inspecting a training pass/],
    ['no numbers', { weights: new Map([['dense_1/bias', (() => 1) as never]]) }, /weights: dense_1\/bias is/],
    ['no map of weights', wrong({ weights: {} }), /weights is .*must be a Map/],
    [
      'a tensor that there is not',
      { weights: new Map([['conv9/kernel', new Float32Array(1)]]) },
      /conv9\/kernel/,
    ],
    [
      'too few numbers',
      { weights: new Map([['dense_1/bias', new Float32Array(1)]]) },
      /1 numbers where tiny wants 2/,
    ],
  ])('refuses %s', async (_, options, message) => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await expect(model.inspect(tinyBatch(1), () => {}, options)).rejects.toThrow(message);
    await model.dispose();
  });

  it('refuses unknown labels where the loss does, and hands over numbers that are not finite', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await model.compile(TINY_LOSS);
    const unknown = tinyBatch(1);
    unknown.labels[0] = Number.NaN;
    await expect(inspected(model, unknown)).rejects.toThrow(/A label of image 1\.0 is NaN/);
    const weights = new Map([['dense_1/kernel', new Float32Array(32).fill(Number.POSITIVE_INFINITY)]]);
    expect(lossOf(await inspected(model, tinyBatch(1), { mode: 'training', weights }))).toSatisfy(
      (v: number) => !Number.isFinite(v),
    );
    await model.dispose();
  });
});
