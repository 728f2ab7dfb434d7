/** What-if and Grad-CAM of the Explorer: changed kernels and weights, sums of channels, their places in the address. */
import { afterAll, describe, expect, it } from 'vitest';
import { shaderTexts } from '../../../scripts/package/shaders.mjs';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { densenetConfig, initialWeights } from '../../../src/index.js';
import { gradientCheck, references } from '../../../src/lab.js';
import type { ShaderTexts } from '../../../web/pages/explorer/debugger/shaderTexts.js';
import { readCam, writeCam } from '../../../web/pages/explorer/gradcam/camPlace.js';
import {
  countsOf,
  gradientsOf,
  growingSums,
  orderOf,
  weightsOf,
} from '../../../web/pages/explorer/gradcam/steps.js';
import {
  BACKWARD_ALONE,
  brokenKernels,
  edited,
  edits,
} from '../../../web/pages/explorer/whatIf/brokenKernels.js';
import {
  changeWords,
  isChanged,
  readChange,
  UNCHANGED,
  writeChange,
} from '../../../web/pages/explorer/whatIf/whatIfPlace.js';
import { withoutChannel } from '../../../web/pages/explorer/whatIf/withoutChannel.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();
const TEXTS = JSON.parse(shaderTexts()) as ShaderTexts;
/** With a transition and a pool, as networks have them. */
const CONFIG = densenetConfig('densenet121', {
  ...{
    name: 'small',
    blocks: [1, 1],
    growthRate: 4,
    bottleneck: 1,
    stemChannels: 4,
    inputChannels: 1,
    classes: 2,
  },
});
const SIDE = 16;
const BATCH = {
  ...{ count: 2, height: SIDE, width: SIDE, channels: 1 as const },
  pixels: Uint8Array.from({ length: 2 * SIDE * SIDE }, (_, i) => (i * 89 + ((i * i) % 31) * 5) % 256),
  normalisation: { kind: 'samplewise', epsilon: 1e-6 } as const,
  labels: Float32Array.of(1, 0, 0, 1),
  files: ['x', 'y'],
};
const LOSS = { posWeights: [0.7, 0.4], negWeights: [0.3, 0.6] };
const weights = initialWeights(CONFIG, 3);
const models: DenseNet[] = [];

async function network(options: Parameters<typeof DenseNet.create>[1] = {}): Promise<DenseNet> {
  const model = await DenseNet.create(gpu, { config: CONFIG, weights, ...options });
  models.push(model);
  return model;
}
afterAll(() => Promise.all(models.map((model) => model.dispose())));

describe('kernels changed on purpose', () => {
  it.each(edits(0.1, true))('$kernel has the lines that are changed', (edit) => {
    const text = edited(TEXTS, edit);
    expect(text).not.toBe(TEXTS[`src/shaders/${edit.file}`]);
    expect(() => edited({}, edit)).toThrow(/has not one line/);
  });

  it('leak forward and backward alike: finite differences of the leaking network', async () => {
    const kernels = await brokenKernels(gpu, TEXTS, 0.3, false);
    const model = await network({ kernels, variants: BACKWARD_ALONE });
    await model.compile(LOSS);
    const usual = await network();
    expect(await model.predict(BATCH)).not.toEqual(await usual.predict(BATCH));
    for (const [key, index] of [
      ['conv1/conv/kernel', 5],
      ['conv2_block1_1_bn/gamma', 1],
      ['pool2_conv/kernel', 3],
    ] as const) {
      const { gradient, difference, noise } = await gradientCheck(model, BATCH, key, index);
      expect(Math.abs(gradient), key).toBeGreaterThan(1e-5);
      expect(Math.abs(gradient - difference), key).toBeLessThan(noise + 0.03 * Math.abs(gradient));
    }
  });

  it('without batch norms: gamma and beta mean nothing, forward and backward', async () => {
    const kernels = await brokenKernels(gpu, TEXTS, 0, true);
    const other = new Map(
      [...weights].map(([key, values]) => [
        key,
        /gamma|beta|moving/.test(key) ? values.map((v) => v + 1) : values,
      ]),
    );
    const [model, twin] = [await network({ kernels }), await network({ kernels, weights: other })];
    const p = await model.predict(BATCH);
    expect(await twin.predict(BATCH)).toEqual(p);
    expect(p).not.toEqual(await (await network()).predict(BATCH));
    await model.compile({ ...LOSS, freeze: model.network.batchNorms.map(({ name }) => name) });
    const { gradient, difference, noise } = await gradientCheck(model, BATCH, 'conv1/conv/kernel', 5);
    expect(Math.abs(gradient)).toBeGreaterThan(0);
    expect(Math.abs(gradient - difference)).toBeLessThan(noise + 0.03 * Math.abs(gradient));
  });
});

describe('a channel of zeros', () => {
  it('is what its layer gives then', async () => {
    const [layer, channel] = ['conv2_block1_1_conv', 2];
    const model = await network({ weights: withoutChannel(CONFIG, weights, { layer, channel }) });
    const seen: Float32Array[] = [];
    await model.inspect(BATCH, ({ values }) => void seen.push(values.slice()), {
      only: ({ name }) => name === layer,
    });
    expect(seen).toHaveLength(1);
    expect(seen[0].every((value, i) => (i % 4 === channel ? value === 0 : true))).toBe(true);
    expect(seen[0].some((value) => value !== 0)).toBe(true);
    expect(() => withoutChannel(CONFIG, weights, { layer: 'conv1/relu', channel })).toThrow(/no weights/);
    expect(() => withoutChannel(CONFIG, weights, { layer, channel: 4 })).toThrow(/has 4 channels/);
  });
});

describe('Grad-CAM put together', () => {
  it('is the reference of the kernels, once all channels are added', () => {
    const [height, width, channels, classes] = [3, 2, 20, 2];
    const a = Float32Array.from({ length: height * width * channels }, (_, i) => Math.sin(3 * i) + 0.2);
    const kernel = Float64Array.from({ length: channels * classes }, (_, i) => Math.cos(7 * i));
    const dense = Float64Array.from({ length: channels }, (_, k) => kernel[k * classes + 1]);
    const parts = { a, height, width, channels, dense, slope: 0.21 };
    const weights = weightsOf(gradientsOf(parts), channels);
    const order = orderOf(weights);
    const counts = countsOf(channels);
    expect(counts.at(-1)).toBe(channels);
    const sums = growingSums(parts, weights, order, counts);
    const { gradcamMap, gradcamWeights } = references.gradcam;
    const tensor = (shape: readonly [number, number, number, number], data: ArrayLike<number>) => ({
      shape,
      data: Float64Array.from(data),
    });
    const affine = tensor([1, 1, 2, channels], [...Array(channels).fill(1), ...Array(channels).fill(0)]);
    const x = tensor([1, height, width, channels], a);
    // p (1 - p) = 0.21 at 0.3.
    const alpha = gradcamWeights(
      x,
      affine,
      tensor([1, 1, channels, classes], kernel),
      tensor([1, 1, 1, classes], [0.5, 0.3]),
      1,
      'sigmoid',
    );
    weights.forEach((one, k) => {
      expect(one).toBeCloseTo(alpha.data[k], 12);
    });
    const map = gradcamMap(x, affine, alpha);
    const last = sums.subarray(sums.length - height * width);
    last.forEach((one, i) => {
      expect(one).toBeCloseTo(map.data[i], 12);
    });
  });
});

describe('places', () => {
  it('of a change come back from the address', () => {
    const change = {
      zero: { layer: 'conv1/conv', channel: 3 },
      learningRate: 0.1,
      image: 'phantom2',
      slope: 0.1,
      noNorm: true,
    };
    const more = writeChange({ at: '4' }, change);
    expect(readChange(more)).toEqual(change);
    expect(writeChange(more, UNCHANGED)).toEqual({ at: '4' });
    expect(isChanged(change) && !isChanged(UNCHANGED)).toBe(true);
    expect(readChange({ zero: 'x', rate: '-1', swap: 'x.png', slope: 'a', norm: 'x' })).toEqual(UNCHANGED);
    expect(changeWords(change)).toContain('channel 3 of conv1/conv is 0, the learning rate is 0.1');
    expect(changeWords(UNCHANGED)).toBe('nothing is changed');
  });

  it('of Grad-CAM come back as well', () => {
    const more = writeCam({ at: '4' }, { step: 4, sum: 2, score: 'logit' });
    expect(readCam(more)).toEqual({ step: 4, sum: 2, score: 'logit' });
    expect(writeCam(more, { step: 1, sum: -1, score: 'sigmoid' })).toEqual({ at: '4' });
    expect(readCam({ cam: '99', sum: 'x' })).toEqual({ step: 7, sum: -1, score: 'sigmoid' });
  });
});
