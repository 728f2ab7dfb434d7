/** What the figures say. */
import { describe, expect, it } from 'vitest';
import { lossSpec } from '../../../src/eval/report/figureSpecs.js';
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
