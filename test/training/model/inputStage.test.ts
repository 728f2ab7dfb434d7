/**
 * Networks of one input channel. A network of three channels that reads a gray image sees the same number three
 * times, so its stem's kernels act as their sum over the channels: a network of one channel with that sum as its
 * stem must give the same probabilities, loss, gradients and maps.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import { type DenseNetConfig, densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { Normalisation, PixelBatch } from '../../../src/training/batch.js';
import { generatedWeights } from '../../support/networks/generated.js';

const STEM = 'conv1/conv/kernel';
const SIZE = 32;
const COUNT = 3;

/** Stem channels of 16 take the fast kernels, 7 the naive ones. */
function config(inputChannels: number, stemChannels = 16): DenseNetConfig {
  return densenetConfig('densenet121', {
    name: `${inputChannels} channels`,
    blocks: [2, 1],
    growthRate: 16,
    bottleneck: 2,
    stemChannels,
    inputChannels,
    classes: 3,
  });
}

function pixelBatch(channels: 1 | 3, count: number, normalisation: Normalisation): PixelBatch {
  const random = new MT19937(5);
  return {
    count,
    height: SIZE,
    width: SIZE,
    channels,
    pixels: Uint8Array.from({ length: count * SIZE * SIZE * channels }, () => random.random() * 256),
    normalisation,
    labels: Float32Array.from({ length: count * 3 }, (_, i) => i % 2),
    files: Array.from({ length: count }, (_, i) => `image ${i}`),
  };
}

/** [7,7,3,c] summed over the three channels. */
function summed(kernel: Float32Array, stemChannels: number): Float32Array {
  return Float32Array.from({ length: kernel.length / 3 }, (_, i) => {
    const [position, out] = [Math.floor(i / stemChannels), i % stemChannels];
    const at = (c: number) => kernel[(position * 3 + c) * stemChannels + out];
    return at(0) + at(1) + at(2);
  });
}

/** Largest difference over the largest value. */
function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let [worst, scale] = [0, 0];
  for (let i = 0; i < a.length; i++) {
    worst = Math.max(worst, Number.isNaN(a[i]) ? Number.POSITIVE_INFINITY : Math.abs(a[i] - b[i]));
    scale = Math.max(scale, Math.abs(b[i]));
  }
  return worst / scale;
}

const SAMPLEWISE: Normalisation = { kind: 'samplewise', epsilon: 1e-6 };
const GRAY_MEAN: Normalisation = {
  kind: 'featurewise',
  mean: [120, 120, 120],
  std: [60, 60, 60],
  epsilon: 0,
};

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe.each([16, 7])('a network of one input channel, %i behind its stem', (stemChannels) => {
  const [three, one] = [config(3, stemChannels), config(1, stemChannels)];

  async function pair() {
    const weights = generatedWeights(three, 1);
    const gray = new Map(weights).set(STEM, summed(weights.get(STEM)!, stemChannels));
    return [
      await DenseNet.create(gpu, { config: three, weights }),
      await DenseNet.create(gpu, { config: one, weights: gray }),
    ];
  }

  it.each([SAMPLEWISE, GRAY_MEAN])('predicts and explains gray pixels ($kind)', async (normalisation) => {
    const [rgb, gray] = await pair();
    const batch = pixelBatch(1, COUNT, normalisation);
    expect(distance(await gray.predict(batch), await rgb.predict(batch))).toBeLessThan(1e-5);
    const single = pixelBatch(1, 1, normalisation);
    const [[want], [got]] = [await rgb.gradcam(single, [1]), await gray.gradcam(single, [1])];
    expect(want.empty).toBe(false);
    expect(distance(got.map, want.map)).toBeLessThan(1e-4);
    rgb.dispose();
    gray.dispose();
  });

  it('has the loss and the gradients, its stem the mean of the three', async () => {
    const [rgb, gray] = await pair();
    const batch = pixelBatch(1, COUNT, SAMPLEWISE);
    const loss = { posWeights: [0.9, 0.8, 0.7], negWeights: [0.1, 0.2, 0.3] };
    const runs = [];
    for (const model of [rgb, gray]) {
      await model.compile(loss);
      runs.push({ loss: await model.trainStep(batch), gradients: await model.gradients() });
    }
    const [want, got] = runs;
    expect(got.loss).toBeCloseTo(want.loss, 5);
    for (const [key, gradient] of want.gradients) {
      const wanted = key === STEM ? summed(gradient, stemChannels).map((v) => v / 3) : gradient;
      expect(distance(got.gradients.get(key)!, wanted), key).toBeLessThan(2e-4);
    }
    rgb.dispose();
    gray.dispose();
  });

  it('reads the first of three channels', async () => {
    const [rgb, gray] = await pair();
    const { channels: _, pixels, normalisation, ...rest } = pixelBatch(3, 2, SAMPLEWISE);
    const first = pixels.filter((_v, i) => i % 3 === 0);
    expect(await gray.predict({ ...rest, channels: 3, pixels, normalisation })).toEqual(
      await gray.predict({ ...rest, channels: 1, pixels: first, normalisation }),
    );
    const scaled = (values: Uint8Array) => Float32Array.from(values, (v) => v / 128 - 1);
    expect(await gray.predict({ ...rest, x: scaled(pixels) })).toEqual(
      await gray.predict({ ...rest, x: scaled(first) }),
    );
    rgb.dispose();
    gray.dispose();
  });
});

describe('a network of other than one or three channels', () => {
  it('takes x[b,h,w,channels] and refuses pixels', async () => {
    const model = await DenseNet.create(gpu, { config: config(2), seed: 1 });
    const { pixels: _, channels: __, normalisation: ___, ...rest } = pixelBatch(1, 1, SAMPLEWISE);
    const x = Float32Array.from({ length: SIZE * SIZE * 2 }, (_v, i) => Math.sin(i));
    expect((await model.predict({ ...rest, x })).length).toBe(3);
    await expect(model.predict({ ...rest, x: x.subarray(1) })).rejects.toThrow(
      /x\[b,h,w,2\] holds 2047 values/,
    );
    await expect(model.predict(pixelBatch(1, 1, SAMPLEWISE))).rejects.toThrow(/2 channels .* Normalise them/);
    model.dispose();
  });
});
