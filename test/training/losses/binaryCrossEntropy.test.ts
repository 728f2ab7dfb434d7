/** Plain binary cross-entropy against Keras and PyTorch. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, NonFiniteError, UsageError } from '../../../src/core/errors.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { binaryCrossEntropy } from '../../../src/training/losses/binaryCrossEntropy.js';
import { expectNear, golden, LABELS, MASKED, runLoss, sigmoids, Z } from '../../support/gpu/runLoss.js';
import { refused } from '../../support/refused.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const plain = binaryCrossEntropy();
const masking = binaryCrossEntropy({ unknownLabels: true });
const { keras, torch, torchMasked, kerasClipped } = golden.keras.bce;

describe('binary cross-entropy', () => {
  it.each([
    ['Keras', plain, LABELS, keras],
    ['PyTorch', plain, LABELS, torch],
    ['PyTorch, with labels unknown', masking, MASKED, torchMasked],
  ] as const)(
    'is that of %s: loss and gradient of the kernels, and the twin',
    async (_, loss, labels, wanted) => {
      const got = await runLoss(gpu, loss, Z, [...labels]);
      expectNear([got.loss], [wanted.loss]);
      expectNear(got.dz, wanted.dz.flat());
      expectNear(got.p, sigmoids(Z));
      expect(loss.value(sigmoids(Z), labels)).toBeCloseTo(wanted.loss, 12);
    },
  );

  it('clips in the twin as Keras does where it has probabilities alone', () => {
    const rounded = sigmoids(Z).map((p) => (p < 0.1 ? 0 : p > 0.9 ? 1 : p));
    expect(plain.value(rounded, LABELS)).toBeCloseTo(kerasClipped, 6);
  });

  it('is exact for logits of any size, where p has long rounded to 0 or 1', async () => {
    const z = [100, -100, 30, -30, 1e30, -1e30, 0, -0];
    const wrong = await runLoss(gpu, plain, z, [0, 1, 0, 1, 0, 1, 0, 1], 1);
    expectNear([wrong.loss], [(200 + 60 + 2e30 + 2 * Math.LN2) / 8]);
    expectNear(
      wrong.dz,
      [1, -1, 1, -1, 1, -1, 0.5, -0.5].map((v) => v / 8),
    );
    const right = await runLoss(gpu, plain, z.slice(2, 4), [1, 0], 1);
    const inUnits = (values: ArrayLike<number>) => Array.from(values, (v) => v / Math.exp(-30));
    expectNear(inUnits([right.loss, ...right.dz]), [1, -0.5, 0.5]);
  });

  it('says that a logit is not finite', async () => {
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY]) {
      const { loss } = await runLoss(gpu, masking, [0, bad], [1, Number.NaN], 1);
      expect(Number.isFinite(loss)).toBe(false);
    }
  });

  it('refuses what makes no sense', async () => {
    await refused(() => binaryCrossEntropy({ unknownLabels: 1 as never }), UsageError, /unknownLabels is 1/);
    await refused(() => binaryCrossEntropy({ gamma: 2 } as never), UsageError, /have no 'gamma'/);
    await refused(() => plain.value([0.5], [Number.NaN]), DataError, /label at position 0 is NaN/);
    await refused(() => plain.value([0.5], [0, 1]), DataError, /1 probabilities and 2 labels\./);
    await refused(() => plain.value([Number.NaN], [0]), NonFiniteError, /position 0 is NaN/);
    await refused(() => masking.value([0.5], [7]), DataError, /position 0 is 7/);
  });
});
