import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { completeUpdates } from '../../../src/training/updates/updateSettings.js';
import {
  DATA_PRESET,
  presetsFor,
  type TrainingChoices,
  trainingPlan,
} from '../../../src/workflow/training/presets.js';

const preset = { size: 64, batchSize: 8, epochs: 3, stepsPerEpoch: 100 };
const choices = (more: Partial<TrainingChoices> = {}) =>
  ({ updates: completeUpdates({}), ...more }) as TrainingChoices;

describe('presetsFor', () => {
  it('trains the toy on images of 16 px on every adapter', () => {
    const sizes = (name: string) => Object.values(presetsFor({ name }, DATA_PRESET)).map(({ size }) => size);
    expect(sizes('toy')).toEqual([16, 16]);
    expect(sizes('densenet121')).toEqual([320, 64]);
  });
});

describe('trainingPlan', () => {
  it('takes all of the data in an epoch, the last batch that is not full included, at most the preset', () => {
    expect(trainingPlan(choices(), preset, 17)).toMatchObject({ ...preset, stepsPerEpoch: 3 });
    expect(trainingPlan(choices({ batchSize: 5 }), preset, 17).stepsPerEpoch).toBe(4);
    expect(trainingPlan(choices(), preset, 8000).stepsPerEpoch).toBe(100);
    expect(trainingPlan(choices({ stepsPerEpoch: 7 }), preset, 17).stepsPerEpoch).toBe(7);
  });

  it('refuses more batches per update than an epoch has', () => {
    const updates = completeUpdates({ accumulate: 3 });
    expect(trainingPlan(choices({ updates }), preset, 17).updates.accumulate).toBe(3);
    expect(() => trainingPlan(choices({ updates }), preset, 16)).toThrow(UsageError);
    expect(() => trainingPlan(choices({ updates }), preset, 16)).toThrow(
      /^3 batches per update are more than an epoch has, and each ends with an update: there are 2 steps\./,
    );
    expect(() => trainingPlan(choices({ updates, stepsPerEpoch: 1 }), preset, 1)).toThrow(
      /there is 1 step\./,
    );
  });
});
