/** Adam against Keras' and PyTorch's steps, on a whole network, and where it is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { adam } from '../../../src/training/optimizers/adam.js';
import { itGoesOn, itRefusesWhole, itTakesGoldenSteps, itTrainsANetwork, ratio } from './checkSteps.js';
import { goldenCases, inFloat64 } from './goldenSteps.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe('Adam', () => {
  const optimizer = adam({ learningRate: 0.01, beta1: 0.8 });
  itTakesGoldenSteps('adam', () => gpu);
  itTrainsANetwork(optimizer, () => gpu);
  itGoesOn(optimizer, () => gpu);
  itRefusesWhole(adam({ learningRate: 3e38, beta1: 0.9, beta2: 0 }), /a weight of .* would be/, () => gpu);

  it.each(goldenCases('adam'))("takes PyTorch's steps too, with its epsilon: %s", (_, one) => {
    const exact = inFloat64(one, (epsilon, t) => epsilon * Math.sqrt(1 - Number(one.settings.beta2) ** t));
    for (const [step, want] of Object.entries(one.torch ?? {})) {
      expect(ratio(exact[Number(step) - 1], want)).toBeLessThan(1);
    }
    expect(Object.keys(one.torch ?? {})).toEqual(['1', '6']);
  });
});
