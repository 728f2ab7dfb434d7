/** The backward pass against finite differences of the GPU's own loss, weight by weight. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NonFiniteError, UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { gradientCheck } from '../../../src/training/inspection/gradientCheck.js';
import { TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';

let gpu: Gpu;
let model: DenseNet;
const batch = tinyBatch(1, 4);
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
  model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
  await model.compile(TINY_LOSS);
});
afterAll(async () => {
  await model.dispose();
  expect(gpu.allocatedBytes).toBe(0);
  gpu.dispose();
});

describe('gradientCheck', () => {
  it.each<[string, number | number[], step?: number]>([
    ['dense_1/kernel', [3, 1]],
    ['dense_1/bias', 0],
    ['bn/gamma', [5]],
    ['conv3_block1_2_conv/kernel', [1, 1, 3, 5]],
    ['pool2_conv/kernel', [0, 0, 2, 4]],
    ['conv2_block1_1_bn/beta', 2],
    ['bn/gamma', 3, 1 / 256],
  ])('%s %j', async (key, index, given) => {
    const before = [await model.exportWeights(), await model.exportOptimizer(), model.steps];
    const { gradient, difference, noise, step, losses } = await gradientCheck(model, batch, key, index, {
      step: given,
    });
    expect([await model.exportWeights(), await model.exportOptimizer(), model.steps]).toEqual(before);
    expect(Math.abs(gradient)).toBeGreaterThan(1e-4);
    expect(Math.abs(gradient - difference)).toBeLessThan(noise + 0.02 * Math.abs(gradient));
    expect(difference).toBeCloseTo((losses.plus - losses.minus) / (2 * step), 10);
  });

  it('has the gradient and the loss of the next step, with weights that are an average too', async () => {
    const own = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await own.compile({ ...TINY_LOSS, ema: 0.5, learningRate: 0.05 });
    await own.trainStep(tinyBatch(2, 4));
    const { gradient, losses } = await gradientCheck(own, batch, 'dense_1/kernel', 9);
    expect(await own.trainStep(batch)).toBe(losses.at);
    expect((await own.gradients()).get('dense_1/kernel')![9]).toBe(gradient);
    await own.dispose();
  });

  it.each<[string, string, unknown, object, RegExp]>([
    [
      'a tensor that there is not',
      'conv1/kernel',
      0,
      {},
      /trains no tensor 'conv1\/kernel'.*conv1\/conv\/kernel/,
    ],
    ['a moving average', 'bn/moving_mean', 0, {}, /trains no tensor 'bn\/moving_mean'/],
    ['an index behind the end', 'dense_1/bias', 2, {}, /dense_1\/bias is \[2\]; it has no index 2/],
    ['too few indices', 'dense_1/kernel', [1], {}, /has 2 dimensions, \[16, 2\]/],
    ['half an index', 'dense_1/bias', 0.5, {}, /index of dense_1\/bias is 0.5/],
    ['no step', 'dense_1/bias', 0, { step: 0 }, /step is 0/],
    ['a step too small', 'bn/gamma', 0, { step: 1e-12 }, /too small to move bn\/gamma\[0\]/],
    ['a misspelt option', 'bn/gamma', 0, { h: 1 }, /gradientCheck have no 'h'/],
  ])('refuses %s', async (_, key, index, options, message) => {
    const checking = gradientCheck(model, batch, key, index as number, options);
    await expect(checking).rejects.toThrow(UsageError);
    await expect(checking).rejects.toThrow(message);
  });

  it('refuses frozen tensors, a model without a loss, and a loss that is not finite', async () => {
    const own = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await expect(gradientCheck(own, batch, 'bn/gamma', 0)).rejects.toThrow(/Call compile\(\) before/);
    await own.compile({ ...TINY_LOSS, freeze: ['bn'] });
    await expect(gradientCheck(own, batch, 'bn/gamma', 0)).rejects.toThrow(/bn\/gamma is frozen/);
    const huge = await own.exportWeights();
    huge.get('dense_1/kernel')!.fill(3e38);
    await own.importWeights(huge);
    await expect(gradientCheck(own, batch, 'dense_1/bias', 0)).rejects.toThrow(NonFiniteError);
    await own.dispose();
  });
});
