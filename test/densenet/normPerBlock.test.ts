/** What only networks without bottleneck, with few batch norms or with a softmax do. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NonFiniteError, UsageError } from '../../src/core/errors.js';
import { type DenseNetConfig, densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { Dense } from '../../src/shaders/checkCase.js';
import { gradcamMap, gradcamWeights } from '../../src/shaders/gradcam/gradcam.reference.js';
import { resizeBilinear } from '../../src/shaders/resize/resize.reference.js';
import {
  firstImage,
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
} from '../support/networks/generated.js';
import { referenceForward, toFloat64 } from '../support/networks/referenceNet.js';

const SIZE = 8;
const fewNorms = (overrides: Partial<DenseNetConfig> = {}) =>
  densenetConfig('densenet40-12', { name: 'few norms', blocks: [2, 2], classes: 5, ...overrides });
const softmaxed = fewNorms();
const batch = generatedBatch(7, 3, SIZE, softmaxed.classes);

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const furthest = (got: ArrayLike<number>, want: ArrayLike<number>) =>
  Math.max(...Array.from(want, (v, i) => Math.abs(got[i] - v)));

describe('a network that ends in a softmax', () => {
  const weights = generatedWeights(softmaxed, 3);

  it('predicts probabilities that add up to one, the reference’s', async () => {
    const model = await DenseNet.create(gpu, { config: softmaxed, weights });
    const p = await model.predict(batch);
    model.dispose();
    const image: Dense = { shape: [3, SIZE, SIZE, 3], data: Float64Array.from(batch.x) };
    const { probabilities } = referenceForward(softmaxed, toFloat64(weights), image, false);
    expect(furthest(p, probabilities)).toBeLessThan(1e-5);
    for (let b = 0; b < 3; b++) {
      const sum = p.slice(b * 5, b * 5 + 5).reduce((a, v) => a + v);
      expect(sum).toBeCloseTo(1, 6);
    }
  });

  it('hides no logit that is not finite', async () => {
    const broken = new Map(weights);
    broken.set(
      'dense_1/kernel',
      weights.get('dense_1/kernel')!.map(() => 3e38),
    );
    const model = await DenseNet.create(gpu, { config: softmaxed, weights: broken });
    await expect(model.predict(batch)).rejects.toThrow(NonFiniteError);
    model.dispose();
  });

  it('refuses the weighted loss and the sigmoid’s Grad-CAM', async () => {
    const model = await DenseNet.create(gpu, { config: softmaxed, weights });
    await expect(model.compile(generatedLossWeights(5))).rejects.toThrow(UsageError);
    await expect(model.compile(generatedLossWeights(5))).rejects.toThrow(
      /few norms ends in a softmax.*activation/,
    );
    await expect(model.gradcam(firstImage(batch), [0])).rejects.toThrow(UsageError);
    await expect(model.gradcam(firstImage(batch), [0])).rejects.toThrow(/softmax.*'logit'/);
    model.dispose();
  });

  it('explains a logit by the channels in front of the last ReLU, where there is no batch norm', async () => {
    const model = await DenseNet.create(gpu, { config: softmaxed, weights });
    const image = firstImage(batch);
    const maps = new Map<string, { shape: readonly number[]; values: Float32Array }>();
    await model.inspect(image, ({ name, shape, values }) => {
      maps.set(name, { shape, values });
    });
    const parts = ['pool2_bn', 'conv3_block1_1_conv', 'conv3_block2_1_conv'].map((name) => maps.get(name)!);
    const channels = parts.reduce((sum, { shape }) => sum + shape[3], 0);
    const [, h, w] = parts[0].shape;
    const a: Dense = { shape: [1, h, w, channels], data: new Float64Array(h * w * channels) };
    for (let pixel = 0; pixel < h * w; pixel++) {
      const row = parts.flatMap(({ shape, values }) => [
        ...values.subarray(pixel * shape[3], (pixel + 1) * shape[3]),
      ]);
      a.data.set(row, pixel * channels);
    }
    const unchanged: Dense = {
      shape: [1, 1, 2, channels],
      data: Float64Array.from({ length: 2 * channels }, (_, i) => (i < channels ? 1 : 0)),
    };
    const head: Dense = {
      shape: [1, 1, channels, 5],
      data: Float64Array.from(weights.get('dense_1/kernel')!),
    };
    const p: Dense = { shape: [1, 1, 1, 5], data: Float64Array.from(await model.predict(image)) };
    const classes = [0, 1, 2, 3, 4];
    const cams = await model.gradcam(image, classes, { score: 'logit' });
    model.dispose();
    let drawn = 0;
    for (const [c, cam] of cams.entries()) {
      const alpha = gradcamWeights(a, unchanged, head, p, c, 'logit');
      const whole = resizeBilinear(gradcamMap(a, unchanged, alpha), [1, SIZE, SIZE, 1]).data;
      const peak = Math.max(...whole);
      if (cam.empty) expect(peak).toBeLessThanOrEqual(1e-6);
      else {
        drawn++;
        const scaled = whole.map((v) => Math.max(0, v) / peak);
        expect(furthest(cam.map, scaled)).toBeLessThan(1e-4);
      }
    }
    expect(drawn).toBeGreaterThan(0);
  });
});

const TRAINABLE: [string, DenseNetConfig][] = [
  ['a batch norm per block', fewNorms({ activation: 'sigmoid' })],
  ['no bottleneck', fewNorms({ activation: 'sigmoid', norms: 'layer' })],
];

describe.each(TRAINABLE)('training a network with %s', (_, config) => {
  const options = { ...generatedLossWeights(config.classes), learningRate: 0.01 };

  const losses = async (variants: Record<string, string> = {}) => {
    const model = await DenseNet.create(gpu, { config, seed: 5, variants });
    await model.compile(options);
    const curve: number[] = [];
    for (let i = 0; i < 5; i++) curve.push(await model.trainStep(batch));
    const { dispatches } = await model.planOf('train', batch.count, SIZE);
    model.dispose();
    return { curve, kernels: dispatches.map(({ kernel }) => kernel) };
  };

  it('lowers the loss, the same to the last bit each time, with naive kernels nearly so', async () => {
    const { curve: first, kernels } = await losses();
    expect((await losses()).curve).toEqual(first);
    expect(first[4]).toBeLessThan(first[0]);
    const naive = await losses(Object.fromEntries(kernels.map(({ op }) => [op, 'naive'])));
    expect(new Set(naive.kernels.map(({ variant }) => variant))).toEqual(new Set(['naive']));
    expect(new Set(kernels.map(({ variant }) => variant)).size).toBeGreaterThan(1);
    expect(furthest(naive.curve.slice(0, 1), first.slice(0, 1))).toBeLessThan(1e-6);
    expect(furthest(naive.curve, first)).toBeLessThan(2e-3);
  });

  it('names the layer that overflows and keeps the weights', async () => {
    for (const layer of ['conv2_block2_1_conv', 'pool2_conv', 'conv3_block1_1_conv']) {
      const weights = generatedWeights(config, 8);
      weights.get(`${layer}/kernel`)!.fill(3e38);
      const model = await DenseNet.create(gpu, { config, weights });
      await model.compile(options);
      await expect(model.trainStep(batch)).rejects.toThrow(`are in ${layer}.`);
      const after = await model.exportWeights();
      expect(after.get(`${layer}/kernel`)).toEqual(weights.get(`${layer}/kernel`));
      model.dispose();
    }
  });

  it('frees everything, and its memory is flat over steps', async () => {
    const before = gpu.allocatedBytes;
    const model = await DenseNet.create(gpu, { config, seed: 1 });
    await model.compile(options);
    const step = async () => {
      await model.trainStep(batch);
      await model.predict(batch);
      await model.gradcam(firstImage(batch), [0]);
    };
    await step();
    const during = gpu.allocatedBytes;
    await step();
    expect(gpu.allocatedBytes).toBe(during);
    model.dispose();
    expect(gpu.allocatedBytes).toBe(before);
  });
});
