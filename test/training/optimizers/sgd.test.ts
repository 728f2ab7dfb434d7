/** SGD against Keras' and PyTorch's steps, on a whole network, and where it is refused. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { sgd } from '../../../src/training/optimizers/sgd.js';
import { itGoesOn, itRefusesWhole, itTakesGoldenSteps, itTrainsANetwork, ratio } from './checkSteps.js';
import { goldenCases, stepsOf } from './goldenSteps.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe('SGD', () => {
  const optimizer = sgd({ learningRate: 0.1, momentum: 0.9, nesterov: true });
  itTakesGoldenSteps('sgd', () => gpu);
  itTrainsANetwork(optimizer, () => gpu);
  itGoesOn(optimizer, () => gpu);
  itRefusesWhole(sgd({ learningRate: 3e38 }), /would be/, () => gpu);

  it.each(goldenCases('sgd'))("takes PyTorch's steps too, but for a rate that changes: %s", (_, one) => {
    const { learningRate, momentum = 0, nesterov } = one.settings;
    expect(one.torch !== undefined).toBe(one.laterRate !== undefined);
    // PyTorch keeps the learning rate out of the velocity: v = momentum v + g, w -= lr v.
    const exact = stepsOf((w, g, v, t) => {
      const rate = t > 3 ? (one.laterRate ?? learningRate) : learningRate;
      const next = Number(momentum) * v + g;
      return [w - rate * (nesterov ? g + Number(momentum) * next : next), next];
    });
    for (const [step, want] of Object.entries(one.torch ?? one.keras)) {
      expect(ratio(exact[Number(step) - 1], want)).toBeLessThan(1);
    }
  });
});
