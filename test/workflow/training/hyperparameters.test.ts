import { describe, expect, it } from 'vitest';
import { ADAM } from '../../../src/training/optimizers/adam.js';
import { hyperparametersOf } from '../../../src/workflow/training/hyperparameters.js';

describe('hyperparameters', () => {
  it('are numbers, truth values and chosen names, by their path', () => {
    const found = hyperparametersOf({
      batchSize: 8,
      optimizer: { kind: ADAM, settings: { learningRate: 0.01 } },
      schedule: undefined,
      augmentation: { horizontalFlip: true, zoomRange: [0.9, 1.1], brightnessRange: null },
    });
    expect(found).toEqual({
      batchSize: 8,
      optimizer: 'adam',
      'optimizer.learningRate': 0.01,
      'augmentation.horizontalFlip': true,
      'augmentation.zoomRange': '0.9, 1.1',
    });
  });

  it('have each of a list that was chosen, and nothing of an empty one', () => {
    const chosen = [{ kind: { name: 'early-stopping' }, settings: { patience: 2 }, file: 'smith.h5' }];
    expect(hyperparametersOf({ callbacks: { chosen } })).toEqual({
      'callbacks.chosen.early-stopping.patience': 2,
      'callbacks.chosen.early-stopping.on': true,
    });
    expect(hyperparametersOf({ callbacks: { chosen: [] } })).toEqual({});
  });

  it('are no texts, which may name files, no data, and nothing that is not finite', () => {
    const posWeights = Array.from({ length: 14 }, () => 0.5);
    const callbacks = { saveBest: 'smith.h5', monitor: 'val_auc', patience: 2 };
    expect(hyperparametersOf({ posWeights, callbacks, rate: Number.NaN })).toEqual({
      'callbacks.patience': 2,
    });
  });
});
