/** Each tensor's gradients cut to a norm by themselves, wherever the tensor lies and however large its numbers are. */
import { expect, it } from 'vitest';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { SQUARES_RUN } from '../../../src/shaders/clip/clip.js';
import { Model } from '../../../src/training/model/model.js';
import { sgd } from '../../../src/training/optimizers/index.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import type { UpdateSettings } from '../../../src/training/updates/updateSettings.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { ONE_LAYER, oneLayerBatch, oneLayerWeights } from '../../support/networks/oneLayer.js';
import { TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';

const gpu = await testGpu();

/** With odd numbers of channels: beta lies behind gamma, where no four numbers begin. The stem has several runs. */
const ODD = { ...TINY, name: 'odd', growthRate: 7, stemChannels: 35 };

const norm = (values: Float32Array) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0));

function expectCut(got: WeightMap, free: WeightMap, most: number): void {
  for (const [key, values] of free) {
    const factor = Math.min(1, most / norm(values) || 1);
    const want = [...values].map((v) => v * factor);
    expect(worstDifference([...got.get(key)!], want, TOLERANCE.f32).ratio, key).toBeLessThan(1);
  }
}

it('kernels, biases, gammas and betas are cut each by itself; those of frozen layers stay 0', async () => {
  const model = await DenseNet.create(gpu, { config: ODD, weights: generatedWeights(ODD, 3) });
  const gradients = async (updates: Partial<UpdateSettings>) => {
    await model.importWeights(generatedWeights(ODD, 3));
    await model.compile({ ...TINY_LOSS, freeze: ['conv2'], ...updates });
    await model.trainStep(tinyBatch(1));
    return model.gradients();
  };
  const free = await gradients({});
  expect(Math.max(...[...free.values()].map(({ length }) => length))).toBeGreaterThan(SQUARES_RUN);
  const norms = [...free.values()].map(norm).sort((a, b) => a - b);
  const most = norms[Math.floor(norms.length * 0.7)];
  expect([norms[0], most > 0]).toEqual([0, true]);
  const got = await gradients({ clipVariableNorm: most });
  expectCut(got, free, most);
  expect(await gradients({ clipVariableNorm: most })).toEqual(got);
  expect(await gradients({ clipVariableNorm: 2 * norms[norms.length - 1] })).toEqual(free);
  await model.dispose();
});

it.each([1, 1e25, 1e-25])('norms whose squares float32 does not hold: %s times the loss', async (scale) => {
  const gradients = async (updates: Partial<UpdateSettings>) => {
    const model = await Model.of(gpu, ONE_LAYER, { weights: oneLayerWeights(1) });
    const weights = Array<number>(3).fill(scale);
    const optimizer = sgd({ learningRate: 1e-9 });
    await model.compile({ posWeights: weights, negWeights: weights, optimizer, ...updates });
    await model.trainStep(oneLayerBatch(23, 0, 3));
    const found = [...(await model.gradients())];
    await model.dispose();
    return new Map(found.map(([key, values]) => [key, values.map((g) => g / scale)]));
  };
  const free = await gradients({});
  const [kernel, bias] = [...free.values()].map(norm);
  expect(Math.abs(kernel - bias)).toBeGreaterThan(0.01);
  for (const most of [Math.min(kernel, bias) / 2, (kernel + bias) / 2]) {
    expectCut(await gradients({ clipVariableNorm: most * scale }), free, most);
  }
});
