/** Small networks, whole: the GPU's forward, gradients and update against float64 plain loops. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MT19937 } from '../../src/core/mt19937.js';
import { type DenseNetConfig, densenetConfig, outputShapes } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { movingVarianceFactor } from '../../src/shaders/batchnorm/batchnorm.js';
import type { Dense } from '../../src/shaders/checkCase.js';
import type { FloatBatch, Labelled } from '../../src/training/batch.js';
import {
  type Numbers,
  referenceForward,
  referenceLoss,
  toFloat64,
} from '../support/networks/referenceNet.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

/** Channels that are multiples of 16 take the fast variants; odd ones the naive. */
const NETWORKS: [string, DenseNetConfig][] = [
  [
    'channels of 16',
    densenetConfig('densenet121', {
      name: 'small',
      blocks: [2, 2],
      growthRate: 16,
      bottleneck: 2,
      stemChannels: 16,
      classes: 3,
    }),
  ],
  [
    'odd channels',
    densenetConfig('densenet121', {
      name: 'odd',
      blocks: [1, 2, 1],
      growthRate: 5,
      bottleneck: 3,
      stemChannels: 7,
      classes: 4,
    }),
  ],
  [
    'no bottleneck',
    densenetConfig('densenet121', {
      name: 'plain',
      blocks: [2, 2],
      growthRate: 12,
      bottleneck: 0,
      stem: 'cifar',
      stemChannels: 16,
      classes: 3,
    }),
  ],
  [
    'no bottleneck, odd channels, behind the ImageNet stem',
    densenetConfig('densenet121', {
      name: 'plain odd',
      blocks: [1, 2],
      growthRate: 5,
      bottleneck: 0,
      stemChannels: 7,
      classes: 3,
    }),
  ],
  [
    'a bottleneck behind the CIFAR stem',
    densenetConfig('densenet121', {
      name: 'cifar',
      blocks: [1, 2],
      growthRate: 8,
      bottleneck: 2,
      stem: 'cifar',
      stemChannels: 12,
      classes: 3,
    }),
  ],
  [
    'a batch norm per block',
    densenetConfig('densenet40-12', {
      name: 'few norms',
      blocks: [2, 2, 1],
      classes: 3,
      activation: 'sigmoid',
    }),
  ],
  [
    'a batch norm per block, odd channels',
    densenetConfig('densenet40-12', {
      name: 'few norms odd',
      blocks: [1, 2],
      growthRate: 5,
      stemChannels: 7,
      compression: 0.5,
      classes: 4,
      activation: 'sigmoid',
    }),
  ],
];
/** Side of the images: without the ImageNet stem's two halvings 8 px do. */
const sideOf = (config: DenseNetConfig) => (config.stem === 'imagenet' ? 32 : 8);
const COUNT = 3;

/** Weights away from their initial ones and zeros, so that no term of a formula vanishes. */
function randomWeights(config: DenseNetConfig, seed: number) {
  const random = new MT19937(seed);
  const weights = initialWeights(config, seed);
  for (const [key, values] of weights) {
    const [low, high] = key.endsWith('gamma') || key.endsWith('moving_variance') ? [0.5, 1.5] : [-0.3, 0.3];
    if (!key.endsWith('kernel'))
      for (let i = 0; i < values.length; i++) values[i] = random.uniform(low, high);
  }
  return weights;
}

function randomBatch(config: DenseNetConfig, seed: number, count = COUNT): Labelled<FloatBatch> {
  const random = new MT19937(seed);
  const side = sideOf(config);
  return {
    count,
    height: side,
    width: side,
    x: Float32Array.from({ length: count * side * side * 3 }, () => random.uniform(-2, 2)),
    labels: Float32Array.from({ length: count * config.classes }, () => (random.random() < 0.4 ? 1 : 0)),
    files: Array.from({ length: count }, (_, i) => `image ${i}`),
  };
}

function lossWeights(classes: number) {
  const posWeights = Array.from({ length: classes }, (_, i) => 0.9 - 0.1 * i);
  return { posWeights, negWeights: posWeights.map((w) => 1 - w) };
}

const asDense = (batch: Labelled<FloatBatch>): Dense => ({
  shape: [batch.count, batch.height, batch.width, 3],
  data: Float64Array.from(batch.x),
});

function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++) {
    if (!(Math.abs(got[i] - want[i]) <= tolerance)) expect(`[${i}] ${got[i]}`).toBe(`[${i}] ${want[i]}`);
  }
}

describe.each(NETWORKS)('a network with %s', (_, config) => {
  it('predicts what the reference predicts, for whole and partial batches', async () => {
    const weights = randomWeights(config, 1);
    const model = await DenseNet.create(gpu, { config, weights });
    for (const count of [3, 1, 2]) {
      const batch = randomBatch(config, 2 + count, count);
      const want = referenceForward(config, toFloat64(weights), asDense(batch), false).probabilities;
      expectClose(await model.predict(batch), want, 1e-5);
    }
    model.dispose();
  });

  it.each([
    ['batch statistics', false],
    ['moving averages in all norms, which are frozen', true],
  ])(
    'has the loss and the gradients that finite differences of the reference give: %s',
    async (_, frozen) => {
      const weights = randomWeights(config, 3);
      const model = await DenseNet.create(gpu, { config, weights });
      const loss = lossWeights(config.classes);
      await model.compile({ ...loss, freeze: frozen ? ['*bn'] : [] });
      const batch = randomBatch(config, 4);
      const image = asDense(batch);
      const got = await model.trainStep(batch);
      const exact = toFloat64(weights);
      expect(got).toBeCloseTo(referenceLoss(config, exact, image, batch.labels, loss, !frozen), 5);

      const gradients = await model.gradients();
      const random = new MT19937(5);
      for (const [key, gradient] of gradients) {
        if (frozen && /(gamma|beta)$/.test(key)) {
          expect(gradient.every((g) => g === 0)).toBe(true);
          continue;
        }
        // The derivative along a random direction sees every element of the tensor.
        const direction = Float64Array.from(gradient, () => random.uniform(-1, 1));
        const slope = directional(exact, key, direction, (w) =>
          referenceLoss(config, w, image, batch.labels, loss, !frozen),
        );
        const dot = gradient.reduce((sum, g, i) => sum + g * direction[i], 0);
        const scale = Math.sqrt(gradient.reduce((sum, g) => sum + g * g, 0));
        expect(scale, `${key} has a gradient`).toBeGreaterThan(0);
        if (!(Math.abs(dot - slope) <= 1e-5 + 2e-3 * scale)) expect(`${key} ${dot}`).toBe(`${key} ${slope}`);
      }
      const moved = [...(await model.exportWeights())].filter(([key]) => key.includes('/moving_'));
      for (const [key, values] of moved) {
        const stay = values.every((v, i) => v === weights.get(key)![i]);
        expect(stay, key).toBe(frozen);
      }
      model.dispose();
    },
  );

  it('takes the Adam step and moves the averages as Keras does', async () => {
    const weights = randomWeights(config, 6);
    const model = await DenseNet.create(gpu, { config, weights });
    await model.compile({ ...lossWeights(config.classes), learningRate: 0.01 });
    const batch = randomBatch(config, 7);
    await model.trainStep(batch);
    const gradients = await model.gradients();
    const after = await model.exportWeights();
    const rate = (0.01 * Math.sqrt(1 - 0.999)) / (1 - 0.9);
    for (const [key, gradient] of gradients) {
      const before = weights.get(key)!;
      const want = before.map((w, i) => {
        const g = gradient[i];
        return w - (rate * 0.1 * g) / (Math.sqrt(0.001 * g * g) + 1e-7);
      });
      expectClose(after.get(key)!, want, 2e-6);
    }
    const { stats } = referenceForward(config, toFloat64(weights), asDense(batch), true);
    for (const [name, { data }] of stats) {
      const c = data.length / 2;
      const pixels = countPixels(config, name);
      const factor = movingVarianceFactor('keras2.3', pixels, config.bnEpsilon);
      const step = (tensor: string, values: Float64Array, k: number) => {
        const before = weights.get(`${name}/${tensor}`)!;
        const want = Float64Array.from(values, (v, i) => before[i] - (before[i] - v * k) * 0.01);
        expectClose(after.get(`${name}/${tensor}`)!, want, 1e-5);
      };
      step('moving_mean', data.subarray(0, c), 1);
      step('moving_variance', data.subarray(c), factor);
    }
    model.dispose();
  });
});

/** (f(w + h d) - f(w - h d)) / 2h along `direction` of one tensor. */
function directional(
  weights: Numbers,
  key: string,
  direction: Float64Array,
  f: (w: Numbers) => number,
): number {
  const h = 1e-6;
  const moved = (sign: number) => {
    const copy = new Map(weights);
    copy.set(
      key,
      weights.get(key)!.map((v, i) => v + sign * h * direction[i]),
    );
    return f(copy);
  };
  return (moved(1) - moved(-1)) / (2 * h);
}

/** Pixels of a batch behind a batch norm. */
function countPixels(config: DenseNetConfig, name: string): number {
  const { height, width } = outputShapes(config, sideOf(config)).get(name)!;
  return COUNT * height * width;
}

describe('a model on the GPU', () => {
  const [, config] = NETWORKS[0];
  const options = { ...lossWeights(config.classes), learningRate: 0.003 };

  const lossCurve = async (variants: Record<string, string> = {}) => {
    const model = await DenseNet.create(gpu, { config, seed: 11, variants });
    await model.compile(options);
    const losses: number[] = [];
    for (let i = 0; i < 6; i++) losses.push(await model.trainStep(randomBatch(config, 20 + (i % 2))));
    const p = await model.predict(randomBatch(config, 30));
    const { dispatches } = await model.planOf('train', COUNT, sideOf(config));
    model.dispose();
    return { losses, p, kernels: dispatches.map(({ kernel }) => kernel) };
  };

  it('trains: the loss falls, and two runs give the same bits', async () => {
    const first = await lossCurve();
    const second = await lossCurve();
    expect(second.losses).toEqual(first.losses);
    expect(second.p).toEqual(first.p);
    expect(first.losses[5]).toBeLessThan(first.losses[1]);
  });

  it('gives the same numbers with the naive kernels', async () => {
    const fast = await lossCurve();
    const naive = await lossCurve(Object.fromEntries(fast.kernels.map(({ op }) => [op, 'naive'])));
    expect(new Set(naive.kernels.map(({ variant }) => variant))).toEqual(new Set(['naive']));
    expect(new Set(fast.kernels.map(({ variant }) => variant)).size).toBeGreaterThan(1);
    expectClose(naive.losses, fast.losses, 2e-3);
    expectClose(naive.losses.slice(0, 1), fast.losses.slice(0, 1), 1e-6);
  });

  it('frees everything, and its memory is flat over steps', async () => {
    const before = gpu.allocatedBytes;
    const model = await DenseNet.create(gpu, { config, seed: 1 });
    await model.compile(options);
    await model.trainStep(randomBatch(config, 1));
    await model.predict(randomBatch(config, 1));
    const during = gpu.allocatedBytes;
    for (let i = 0; i < 5; i++) {
      await model.trainStep(randomBatch(config, i));
      await model.predict(randomBatch(config, i));
    }
    expect(gpu.allocatedBytes).toBe(during);
    model.dispose();
    expect(gpu.allocatedBytes).toBe(before);
    await expect(model.predict(randomBatch(config, 1))).rejects.toThrow(/disposed/);
  });

  it('keeps its weights when a batch overflows, and names the layer', async () => {
    const weights = randomWeights(config, 8);
    weights.get('conv3_block1_1_conv/kernel')!.fill(3e38);
    const model = await DenseNet.create(gpu, { config, weights });
    await model.compile(options);
    await expect(model.trainStep(randomBatch(config, 9))).rejects.toThrow(/conv3_block1_1_conv/);
    const after = await model.exportWeights();
    for (const [key, values] of weights) {
      if (!key.includes('moving')) expect(after.get(key)).toEqual(values);
      else expect(after.get(key)!.every(Number.isFinite), key).toBe(true);
    }
    model.dispose();
  });

  it('refuses what it cannot do, in one line, and goes on', async () => {
    const model = await DenseNet.create(gpu, { config, seed: 1 });
    const batch = randomBatch(config, 1);
    await expect(model.trainStep(batch)).rejects.toThrow(/compile/);
    await expect(model.predict({ ...batch, height: 36 })).rejects.toThrow(/multiple of 8/);
    const holed = { ...batch, x: batch.x.slice() };
    holed.x[batch.x.length / COUNT + 5] = Number.NaN;
    await expect(model.predict(holed)).rejects.toThrow(/image 1/);
    await expect(model.gradcam(batch, [0])).rejects.toThrow(/one image/);
    await expect(model.gradcam(randomBatch(config, 1, 1), [3])).rejects.toThrow(/no class 3/);
    await model.compile(options);
    await expect(model.trainStep({ ...batch, labels: batch.labels.map(() => 0.5) })).rejects.toThrow(
      /not 0 or 1/,
    );
    expect(Number.isFinite(await model.trainStep(batch))).toBe(true);
    const short = await model.exportWeights();
    short.delete('conv1/conv/kernel');
    await expect(model.importWeights(short)).rejects.toThrow(/conv1\/conv\/kernel/);
    model.dispose();
  });

  it('runs on a device that the host hands in, and leaves that device alone', async () => {
    const own = await openNodeGpu({ quiet: true });
    const borrowed = Gpu.borrow(own.gpu.device);
    const model = await DenseNet.create(borrowed, { config, seed: 11 });
    const p = await model.predict(randomBatch(config, 30));
    expect(p.every((v) => v > 0 && v < 1)).toBe(true);
    model.dispose();
    borrowed.dispose();
    expect(own.gpu.device.queue).toBeDefined();
    await own.gpu.idle();
    own.gpu.dispose();
  });
});
