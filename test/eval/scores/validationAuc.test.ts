import { describe, expect, it } from 'vitest';
import { evaluate } from '../../../src/eval/scores/evaluate.js';
import { ValidationAuc } from '../../../src/eval/scores/validationAuc.js';
import type { Logs, TrainingContext, ValidationInfo } from '../../../src/training/callbacks/callback.js';
import { EarlyStopping } from '../../../src/training/callbacks/earlyStopping.js';
import { recordedSource } from '../../support/networks/tinyNet.js';
import { TinyTraining } from '../../training/callbacks/tinyTraining.js';

const NAN = Number.NaN;

/** The logs that it writes, and what it says, of a validation of classes a, b, c. */
function scored(auc: ValidationAuc, rows: number[][], labels: number[][], epoch = 0): Logs {
  const logs: Logs = { loss: 1, lr: 1, val_loss: 1 };
  const info: ValidationInfo = {
    epoch,
    classes: ['a', 'b', 'c'],
    probabilities: Float32Array.from(rows.flat()),
    labels: Float32Array.from(labels.flat()),
    logs,
  };
  const hook: (info: ValidationInfo, training: TrainingContext) => void = auc.onValidation.bind(auc);
  hook(info, {} as TrainingContext);
  return logs;
}

const P = [
  [0.1, 0.5, 0.3],
  [0.4, 0.5, 0.9],
  [0.35, 0.1, 0.2],
  [0.8, 0.7, 0.4],
];

describe('ValidationAuc', () => {
  it('writes an area per class, and their mean, as evaluate() has them', () => {
    const labels = [
      [0, 1, 0],
      [0, 0, 1],
      [1, 0, 1],
      [1, 1, 0],
    ];
    const logs = scored(new ValidationAuc(), P, labels);
    const whole = evaluate(Float32Array.from(P.flat()), Float32Array.from(labels.flat()), ['a', 'b', 'c']);
    expect([logs.val_auc_a, logs.val_auc_b, logs.val_auc_c]).toEqual(whole.classes.map(({ auc }) => auc));
    expect(logs.val_auc).toBeCloseTo(whole.meanAuc!, 15);
    expect(logs.val_auc_a).toBe(0.75);
  });

  it('leaves out a class whose known labels are alike, says so once, and takes the mean of the rest', () => {
    const said: string[] = [];
    const auc = new ValidationAuc({ say: (line) => void said.push(line) });
    const labels = [
      [0, 1, 0],
      [0, 1, NAN],
      [1, NAN, 1],
      [1, 1, NAN],
    ];
    for (const epoch of [0, 1]) {
      const logs = scored(auc, P, labels, epoch);
      expect(logs).toEqual({ loss: 1, lr: 1, val_loss: 1, val_auc_a: 0.75, val_auc_c: 0, val_auc: 0.375 });
    }
    expect(auc.undefinedClasses).toEqual([{ name: 'b', reason: 'no negative example among 3 images' }]);
    expect(said).toEqual(['The validation AUC leaves out b (no negative example among 3 images)']);
  });

  it('writes nothing where no class has an area', () => {
    const said: string[] = [];
    const logs = scored(new ValidationAuc({ say: (line) => void said.push(line) }), P.slice(0, 1), [
      [1, 0, NAN],
    ]);
    expect(Object.keys(logs)).toEqual(['loss', 'lr', 'val_loss']);
    expect(said).toEqual(['There is no validation AUC: no class has validation images of both labels']);
  });
});

describe('ValidationAuc in a training', () => {
  const tiny = new TinyTraining();

  it('can be watched by callbacks before it in the list, and is in the history', async () => {
    const { source, asked } = recordedSource([2, 2]);
    const stopping = new EarlyStopping({ monitor: 'val_auc_two', patience: 1 });
    const history = await tiny.run({
      epochs: 9,
      learningRate: 0,
      validation: source,
      callbacks: [stopping, new ValidationAuc()],
    });
    // Nothing learns at a rate of 0.
    expect(history.stopReason).toMatch(/^val_auc_two did not improve for 1 epoch; the best was /);
    const { val_auc, val_auc_one, val_auc_two } = history.epochs[0].logs;
    expect(val_auc).toBe((val_auc_one! + val_auc_two!) / 2);
    // Every validation image was predicted once per epoch.
    expect(asked).toEqual([0, 1, 0, 1]);
  });
});
