/** Focal loss against Keras and torchvision. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { binaryCrossEntropy } from '../../../src/training/losses/binaryCrossEntropy.js';
import { focal } from '../../../src/training/losses/focal.js';
import { expectNear, golden, LABELS, MASKED, runLoss, sigmoids, Z } from '../../support/gpu/runLoss.js';
import { refused } from '../../support/refused.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe.each(golden.settings.map((settings, i) => ({ ...settings, i })))(
  'focal loss, gamma $gamma, alpha $alpha',
  ({ i, ...settings }) => {
    it.each([
      ['Keras', LABELS, golden.keras.focal],
      ['torchvision', LABELS, golden.torchvision.focal],
      ['torchvision, with labels unknown', MASKED, golden.torchvision.focalMasked],
    ])('is that of %s: loss and gradient of the kernels, and the twin', async (_, labels, all) => {
      const loss = focal({ ...settings, unknownLabels: labels === MASKED });
      const got = await runLoss(gpu, loss, Z, labels);
      expectNear([got.loss], [all[i].loss]);
      expectNear(got.dz, all[i].dz.flat());
      expectNear(got.p, sigmoids(Z));
      expect(loss.value(sigmoids(Z), labels)).toBeCloseTo(all[i].loss, 12);
    });
  },
);

describe('focal loss', () => {
  it("has the paper's settings by default", () => {
    expect(focal().settings).toEqual({ gamma: 2, alpha: 0.25, unknownLabels: false });
    expect(focal().title).toBe('focal loss with gamma 2 and alpha 0.25');
  });

  it('with gamma 0 and alpha 1/2 is half the binary cross-entropy', () => {
    const p = sigmoids(Z);
    expect(focal({ gamma: 0, alpha: 0.5 }).value(p, LABELS)).toBeCloseTo(
      binaryCrossEntropy().value(p, LABELS) / 2,
      12,
    );
  });

  it('is finite for logits of any size', async () => {
    const z = [100, -100, 80, -80, 1e30, -1e30];
    const labels = [0, 1, 1, 0, 0, 1];
    const { loss, dz } = await runLoss(gpu, focal(), z, labels, 1);
    expectNear([loss], [(0.75 * (100 + 1e30) + 0.25 * (100 + 1e30)) / 6]);
    expectNear(
      dz,
      [0.75, -0.25, 0, 0, 0.75, -0.25].map((v) => v / 6),
    );
  });

  it('refuses what makes no sense', async () => {
    for (const gamma of [-1, Number.NaN, Number.POSITIVE_INFINITY, '2']) {
      await refused(() => focal({ gamma: gamma as number }), UsageError, /gamma is /);
    }
    for (const alpha of [-0.1, 1.1, Number.NaN, '1']) {
      await refused(() => focal({ alpha: alpha as number }), UsageError, /alpha is /);
    }
    await refused(() => focal({ unknownLabels: 'no' as never }), UsageError, /unknownLabels is 'no'/);
    await refused(() => focal({ Gamma: 5 } as never), UsageError, /have no 'Gamma'.*gamma, alpha/);
    await refused(() => focal().value([0.5], [Number.NaN]), DataError, /label at position 0 is NaN/);
  });
});
