/** Gradients of every trainable tensor of DenseNet121 against PyTorch in float64. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { BOUND, golden, parity, ranked, tableOf } from '../support/golden/parity.js';
import { type GoldenTensor, relativeError } from '../support/golden/sketch.js';
import {
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
  nudgeBetas,
} from '../support/networks/generated.js';

interface GradientCase {
  seed: number;
  count: number;
  size: number;
  loss: number;
  nudges: Record<string, string>;
  gradients: Record<string, GoldenTensor & { float32: number }>;
}

const { made_with: made, cases } = golden<{ made_with: { torch: string }; cases: GradientCase[] }>(
  'network/gradients.json',
);
const config = densenetConfig('densenet121');

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe.each(cases)('batch $count at $size px', ({ seed, count, size, loss, nudges, gradients }) => {
  const against = `PyTorch ${made.torch}, float64`;

  it('has the gradients of PyTorch in float64, all 364', async () => {
    const weights = generatedWeights(config, seed);
    nudgeBetas(weights, nudges);
    const model = await DenseNet.create(gpu, { config, weights });
    await model.compile(generatedLossWeights());
    const got = await model.trainStep(generatedBatch(seed, count, size));
    const found = await model.gradients();
    model.dispose();

    const what = `batch ${count} at ${size} px`;
    parity({
      item: 'backward',
      what: `loss, ${what}`,
      against,
      measure: 'relative',
      worst: Math.abs(got - loss) / loss,
      where: 'loss',
      bound: BOUND.loss,
    });
    expect([...found.keys()].sort()).toEqual(Object.keys(gradients).sort());
    expect(found.size).toBe(364);
    const errors = ranked([...found].map(([key, g]) => [key, relativeError(g, gradients[key])]));
    console.log(
      `The worst ten of 364 gradients, ${what}, relative L2 error against ${against}:\n` +
        tableOf(
          errors.slice(0, 10).map(([key, e]) => [key, e, gradients[key].float32]),
          ['chexgpu', 'PyTorch float32'],
        ),
    );
    const [where, worst] = errors[0];
    parity({
      item: 'backward',
      what: `364 gradients, ${what}`,
      against,
      measure: 'relative L2',
      worst,
      where,
      bound: BOUND.gradient,
    });
  });
});
