/** What the figures say. */
import { describe, expect, it } from 'vitest';
import { epochsSpec, lossSpec } from '../../../src/eval/report/figureSpecs.js';
import { BCE } from '../../../src/training/losses/binaryCrossEntropy.js';
import { FOCAL } from '../../../src/training/losses/focal.js';
import { WEIGHTED } from '../../../src/training/losses/weightedCrossEntropy.js';

const record = {
  epoch: 1,
  steps: 2,
  loss: 0.5,
  valLoss: 0.4,
  valAuc: 0.75,
  valAucs: {},
  learningRate: 0.1,
  seconds: 1,
  imagesPerSecond: 2,
};

describe('the figure of the losses', () => {
  it.each([WEIGHTED, BCE, FOCAL])('names the loss that was minimised: $name', (kind) => {
    const facts = { posWeights: [0.5], negWeights: [0.5], unknownLabels: false };
    const { name, title, reduction, settings } = kind.make({}, facts);
    const spec = lossSpec({
      loss: { name, title, reduction, settings },
      optimizer: 'Adam',
      callbacks: [],
      layers: [],
      batchSize: 1,
      stepLosses: [0.6, 0.4],
      epochs: [record],
      stopped: null,
      weightsEpoch: 1,
    });
    const axes = JSON.stringify(spec).match(/"title":"[^"]*"/g);
    expect(axes).toContain(`"title":"${title}"`);
    expect(axes).not.toContain('"title":"weighted loss"');
  });
});

describe('the figure of the epochs', () => {
  const second = { ...record, epoch: 2, valAuc: 0.875, valAucs: { Mass: 0.875 }, learningRate: 0.01 };
  const valuesOf = (text: string) =>
    [...text.matchAll(/"values":(\[[^\]]*\])/g)].map(([, rows]) => JSON.parse(rows));

  it('has the validation AUC, of each class and the mean, beside the learning rate', () => {
    const text = JSON.stringify(epochsSpec({ epochs: [{ ...record, valAucs: { Mass: 0.75 } }, second] }));
    const mean = [
      { epoch: 1, value: 0.75 },
      { epoch: 2, value: 0.875 },
    ];
    const rates = [
      { epoch: 1, value: 0.1 },
      { epoch: 2, value: 0.01 },
    ];
    expect(valuesOf(text)).toEqual([mean.map((row) => ({ ...row, name: 'Mass' })), mean, rates]);
  });

  it('has the learning rate alone where no class has an area', () => {
    const none = { valAuc: null, valAucs: {} };
    const text = JSON.stringify(epochsSpec({ epochs: [record, second].map((one) => ({ ...one, ...none })) }));
    expect(text).toContain('learning rate');
    expect(text).not.toContain('validation AUC');
  });
});
