/** What holds for the loss of a training, whichever it is: how it is given, and labels that are unknown. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { Batch } from '../../../src/training/batch.js';
import { fit as train } from '../../../src/training/fit.js';
import { binaryCrossEntropy } from '../../../src/training/losses/binaryCrossEntropy.js';
import { focal } from '../../../src/training/losses/focal.js';
import type { Loss } from '../../../src/training/losses/loss.js';
import { weightedCrossEntropy } from '../../../src/training/losses/weightedCrossEntropy.js';
import type { TrainingOptions } from '../../../src/training/trainingOptions.js';
import { labelsGolden } from '../../support/golden/labelsGolden.js';
import { expectNear, LABELS, MASKED, runLoss, sigmoids, Z } from '../../support/gpu/runLoss.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';
import { refused } from '../../support/refused.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const create = () => DenseNet.create(gpu, { config: TINY, seed: 4 });

/** Loss and gradients of one step. */
async function stepOf(options: TrainingOptions, batch: Batch) {
  const model = await create();
  try {
    await model.compile(options);
    return { loss: await model.trainStep(batch), gradients: await model.gradients() };
  } finally {
    await model.dispose();
  }
}

const withLabels = (labels: number[]): Batch => ({ ...tinyBatch(7, 3), labels: Float32Array.from(labels) });

describe('the loss of compile and fit', () => {
  it('is the weighted cross-entropy of posWeights, negWeights and epsilon, bit for bit', async () => {
    const flat = await stepOf({ ...TINY_LOSS, epsilon: 1e-3 }, tinyBatch(1));
    expect(
      await stepOf({ loss: weightedCrossEntropy({ ...TINY_LOSS, epsilon: 1e-3 }) }, tinyBatch(1)),
    ).toEqual(flat);
  });

  it('may be any object with what a Loss has', async () => {
    const weighted = weightedCrossEntropy(TINY_LOSS);
    const labels: string[] = [];
    const own: Loss = {
      ...weighted,
      name: 'mine',
      record: (plan, label, tensors) => {
        labels.push(label);
        weighted.record(plan, label, tensors);
      },
      value: () => 12.5,
    };
    const model = await create();
    const history = await train(model, tinySource(), { loss: own, epochs: 1, validation: tinySource(1) });
    expect(labels).toEqual(['loss']);
    expect(history.epochs[0].logs.val_loss).toBe(12.5);
    expect(history.stepLoss[0]).toBe((await stepOf(TINY_LOSS, tinyBatch(40))).loss);
    await model.dispose();
  });

  it('is kept by a fit that names none, and exchanged by one that names another', async () => {
    const model = await create();
    await model.compile({ ...TINY_LOSS, epsilon: 0.5, learningRate: 1e-30 });
    const losses = async (options: TrainingOptions) =>
      (await train(model, tinySource(1), { ...options, epochs: 1 })).stepLoss;
    const kept = await losses({});
    expect(kept).toEqual([(await stepOf({ ...TINY_LOSS, epsilon: 0.5 }, tinyBatch(40))).loss]);
    const other = await losses({ loss: weightedCrossEntropy(TINY_LOSS) });
    expect(other).not.toEqual(kept);
    await model.dispose();
  });

  const weighted = weightedCrossEntropy(TINY_LOSS);
  it.each<[string, object, RegExp]>([
    ['none', {}, /no loss/],
    ['a loss and weights', { loss: weighted, ...TINY_LOSS }, /a loss, and beside it posWeights, negWeights/],
    ['a loss and epsilon', { loss: weighted, epsilon: 1 }, /beside it epsilon/],
    ['null', { loss: null }, /loss/],
    ['a name', { loss: 'weighted' }, /loss is 'weighted', it must be an object/],
    ['no record', { loss: { ...weighted, record: undefined } }, /loss: record is undefined/],
    ['no twin', { loss: { ...weighted, value: 3 } }, /loss: value is 3/],
    ['no name', { loss: { ...weighted, name: 7 } }, /loss: name is 7/],
    ['no title', { loss: { ...weighted, title: undefined } }, /loss: title is undefined/],
    ['no word on masks', { loss: { ...weighted, unknownLabels: 'yes' } }, /loss: unknownLabels is 'yes'/],
    ['no word on constants', { loss: { ...weighted, constants: undefined } }, /loss: constants is undefined/],
    [
      'an array of constants',
      { loss: { ...weighted, constants: [1, 2] } },
      /loss: constants is an Array of 2/,
    ],
    [
      'constants of none',
      { loss: { ...weighted, constants: new Float32Array(0) } },
      /loss: constants is empty/,
    ],
    ['no word on classes', { loss: { ...weighted, classes: undefined } }, /loss: classes is undefined/],
    ['settings beyond JSON', { loss: { ...weighted, settings: { gamma: 2n } } }, /loss: settings cannot be/],
    [
      'another number of classes',
      { loss: weightedCrossEntropy({ posWeights: [1, 1, 1], negWeights: [1, 1, 1] }) },
      /loss is for 3 classes, and tiny has 2/,
    ],
    [
      'for a softmax',
      { loss: { ...weighted, activation: 'softmax' } },
      /tiny ends in a sigmoid.*for a softmax/,
    ],
  ])('is refused: %s', async (_, options, message) => {
    const model = await create();
    await refused(() => model.compile(options as TrainingOptions), UsageError, message);
    await refused(() => train(model, tinySource(), { ...options, epochs: 1 } as never), UsageError, message);
    await model.dispose();
  });
});

describe('an unknown label', () => {
  const UNKNOWN = Number.NaN;

  it('is refused where the loss does not take it, and all is as before', async () => {
    const model = await create();
    await model.compile(TINY_LOSS);
    const batch = withLabels([1, 0, 0, UNKNOWN, 1, 1]);
    const before = await model.exportWeights();
    await refused(() => model.trainStep(batch), DataError, /A label of image 7\.1 is NaN/);
    expect(await model.exportWeights()).toEqual(before);
    expect(model.steps).toBe(0);
    await refused(
      () => weightedCrossEntropy(TINY_LOSS).value([0.5, 0.5], [1, UNKNOWN]),
      DataError,
      /position 1 is NaN/,
    );
    await model.dispose();
  });

  it('takes no part in loss and gradient: as a class of weight 0, bit for bit', async () => {
    const { posWeights, negWeights } = TINY_LOSS;
    const masked = await stepOf(
      { loss: weightedCrossEntropy({ ...TINY_LOSS, unknownLabels: true }) },
      withLabels([1, UNKNOWN, 0, UNKNOWN, 1, UNKNOWN]),
    );
    const weightless = { posWeights: [posWeights[0], 0], negWeights: [negWeights[0], 0] };
    expect(masked).toEqual(await stepOf(weightless, withLabels([1, 1, 0, 0, 1, 1])));
    expect(masked.loss).toBeGreaterThan(0);
  });

  it('changes nothing for batches in which all are known, bit for bit', async () => {
    const loss = weightedCrossEntropy({ ...TINY_LOSS, unknownLabels: true });
    expect(await stepOf({ loss }, tinyBatch(3))).toEqual(await stepOf(TINY_LOSS, tinyBatch(3)));
  });

  it('takes no part in the validation loss', async () => {
    const loss = weightedCrossEntropy({ ...TINY_LOSS, unknownLabels: true });
    const model = await create();
    const batch = withLabels([1, UNKNOWN, 0, UNKNOWN, UNKNOWN, 1]);
    const validation = { ...tinySource(1), getBatch: async () => batch };
    const history = await train(model, tinySource(), { loss, epochs: 1, validation });
    const p = await model.predict(batch);
    const { posWeights, negWeights } = TINY_LOSS;
    const wanted =
      -(
        posWeights[0] * Math.log(p[0] + 1e-7) +
        negWeights[0] * Math.log(1 - p[2] + 1e-7) +
        posWeights[1] * Math.log(p[5] + 1e-7)
      ) / 3;
    expect(history.epochs[0].logs.val_loss).toBeCloseTo(wanted, 12);
    await model.dispose();
  });

  it('may be every label: then loss and gradients are 0', async () => {
    const loss = weightedCrossEntropy({ ...TINY_LOSS, unknownLabels: true });
    const { loss: value, gradients } = await stepOf({ loss }, withLabels(Array(6).fill(UNKNOWN)));
    expect(Math.abs(value)).toBe(0);
    for (const [key, values] of gradients)
      expect(
        values.every((v) => v === 0),
        key,
      ).toBe(true);
  });
});

describe('label smoothing', () => {
  const { losses, positive, negative } = labelsGolden.smoothing;
  const weights = { posWeights: positive, negWeights: negative };

  it.each(losses)(
    "is Keras' at $smoothing: loss and gradient of the kernels, and the twin",
    async (wanted) => {
      const labelSmoothing = wanted.smoothing;
      const cases = [
        [binaryCrossEntropy({ labelSmoothing }), LABELS, wanted.bce],
        [binaryCrossEntropy({ labelSmoothing, unknownLabels: true }), MASKED, wanted.bceMasked],
        [weightedCrossEntropy({ ...weights, labelSmoothing }), LABELS, wanted.weighted],
      ] as const;
      for (const [loss, labels, { loss: value, dz }] of cases) {
        const got = await runLoss(gpu, loss, Z, [...labels]);
        expectNear([got.loss], [value]);
        expectNear(got.dz, dz.flat());
        expect(loss.value(sigmoids(Z), labels)).toBeCloseTo(value, 12);
      }
    },
  );

  it('is done in a training step, and leaves unknown labels unknown', async () => {
    const a = 0.3;
    const step = (labels: number[], labelSmoothing: number) =>
      stepOf({ loss: binaryCrossEntropy({ labelSmoothing, unknownLabels: true }) }, withLabels(labels));
    const y = [1, 0, Number.NaN, 1, 0, Number.NaN];
    const all = (value: number) => y.map((label) => (Number.isNaN(label) ? label : value));
    const smooth = await step(y, a);
    const [plain, none, every] = [await step(y, 0), await step(all(0), 0), await step(all(1), 0)];
    // The loss is linear in the labels.
    expectNear([smooth.loss], [(1 - a) * plain.loss + (a / 2) * (none.loss + every.loss)]);
  });

  it('is named, and refused where it makes no sense', async () => {
    expect(binaryCrossEntropy({ labelSmoothing: 0.1 }).title).toBe(
      'binary cross-entropy, labels smoothed by 0.1',
    );
    await refused(() => binaryCrossEntropy({ labelSmoothing: 2 }), UsageError, /labelSmoothing is 2/);
    await refused(() => weightedCrossEntropy({ ...TINY_LOSS, labelSmoothing: -1 }), UsageError, /is -1/);
    await refused(() => focal({ labelSmoothing: 0.1 } as never), UsageError, /have no 'labelSmoothing'/);
    const own = { ...weightedCrossEntropy(TINY_LOSS), labelSmoothing: 7 };
    await refused(() => stepOf({ loss: own }, tinyBatch(1)), UsageError, /labelSmoothing is 7/);
  });

  it('may stand beside posWeights and negWeights', async () => {
    const model = await create();
    const options = { ...TINY_LOSS, labelSmoothing: 0.2 };
    await model.compile(options);
    const before = await model.trainStep(tinyBatch(1));
    await model.dispose();
    expect(before).toBe((await stepOf({ loss: weightedCrossEntropy(options) }, tinyBatch(1))).loss);
    expect(before).not.toBe((await stepOf(TINY_LOSS, tinyBatch(1))).loss);
  });
});
