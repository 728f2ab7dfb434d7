/** AdamW against Keras' and PyTorch's steps, on a whole network, and where it is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { adamw } from '../../../src/training/optimizers/adamw.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';
import { itGoesOn, itRefusesWhole, itTakesGoldenSteps, itTrainsANetwork, ratio } from './checkSteps.js';
import { goldenCases, inFloat64 } from './goldenSteps.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe('AdamW', () => {
  const optimizer = adamw({ learningRate: 0.01, weightDecay: 0.5 });
  itTakesGoldenSteps('adamw', () => gpu);
  itTrainsANetwork(optimizer, () => gpu);
  itGoesOn(optimizer, () => gpu);
  itRefusesWhole(adamw({ learningRate: 100, weightDecay: 3e38 }), /a weight of .* would be/, () => gpu);

  it.each(goldenCases('adamw'))("takes PyTorch's steps too, with its epsilon: %s", (_, one) => {
    const exact = inFloat64(one, (epsilon, t) => epsilon * Math.sqrt(1 - Number(one.settings.beta2) ** t));
    for (const [step, want] of Object.entries(one.torch ?? {})) {
      expect(ratio(exact[Number(step) - 1], want)).toBeLessThan(1);
    }
    expect(Object.keys(one.torch ?? {})).toEqual(['1', '6']);
  });

  it('leaves norms and biases out of the decay, unless all are asked to', async () => {
    const weights = generatedWeights(TINY, 3);
    const model = await DenseNet.create(gpu, { config: TINY, weights });
    // A step of rate 0.5 and no gradient to speak of: what is left is the decay.
    const still = { learningRate: 0.5, weightDecay: 0.5, beta1: 0, epsilon: 1e30 };
    for (const decayAll of [false, true]) {
      await model.importWeights(weights);
      await model.compile({ ...TINY_LOSS, optimizer: adamw({ ...still, decayAll }) });
      await model.trainStep(tinyBatch(0));
      const after = await model.exportWeights();
      for (const { key, tensor, trainable } of model.network.parameters) {
        if (!trainable) continue;
        const share = decayAll || tensor === 'kernel' ? 0.75 : 1;
        expect(
          ratio(
            after.get(key)!,
            weights.get(key)!.map((w) => share * w),
          ),
        ).toBeLessThan(1);
      }
    }
    await model.dispose();
  });
});
