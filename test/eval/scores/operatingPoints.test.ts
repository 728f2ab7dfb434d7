import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { operatingPoints, youdenPoint } from '../../../src/eval/scores/operatingPoints.js';

/** Sensitivity + specificity - 1 at a threshold, counted. */
function youden(truth: ArrayLike<number>, scores: ArrayLike<number>, threshold: number): number {
  let [tp, fp, positives, negatives] = [0, 0, 0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (Number.isNaN(truth[i])) continue;
    if (truth[i] === 1) positives++;
    else negatives++;
    if (scores[i] < threshold) continue;
    if (truth[i] === 1) tp++;
    else fp++;
  }
  return tp / positives - fp / negatives;
}

describe("Youden's point", () => {
  it('lies between the images that it tells apart', () => {
    const truth = Float64Array.of(0, 0, 1, 1);
    const scores = Float64Array.of(0.1, 0.3, 0.7, 0.9);
    expect(youdenPoint(truth, scores, 'Mass')).toEqual({
      label: 'Mass',
      threshold: 0.5,
      sensitivity: 1,
      specificity: 1,
    });
  });

  it('is the best of all thresholds, with what counting gives; unknown labels take no part', () => {
    const random = new MT19937(11);
    for (let round = 0; round < 30; round++) {
      const truth = Float64Array.from({ length: 40 }, (_, i) => (i < 4 ? NaN : i % 3 === 0 ? 1 : 0));
      const scores = truth.map((y) => Math.round(20 * (0.6 * random.random() + 0.4 * (y || 0))) / 20);
      const { threshold, sensitivity, specificity } = youdenPoint(truth, scores, 'Edema');
      const best = Math.max(...[...scores, 2].map((t) => youden(truth, scores, t)));
      expect(youden(truth, scores, threshold)).toBeCloseTo(best, 12);
      expect(sensitivity + specificity - 1).toBeCloseTo(best, 12);
    }
  });

  it('is chosen class by class, and refused where a label does not occur', () => {
    const predictions = Float64Array.of(0.9, 0.2, 0.1, 0.6, 0.8, 0.4, 0.3, 0.5);
    const truth = Float64Array.of(1, 0, 0, 1, 1, 0, 0, 1);
    const file = operatingPoints({ labels: ['Mass', 'Hernia'], truth, predictions }, 'four images');
    expect(file).toMatchObject({ images: 4, from: 'four images' });
    expect(file.points.map(({ label, threshold }) => [label, threshold])).toEqual([
      ['Mass', 0.55],
      ['Hernia', 0.45],
    ]);
    const same = {
      labels: ['Mass', 'Hernia'],
      truth: Float64Array.of(1, 0, 0, 0),
      predictions: predictions.slice(0, 4),
    };
    expect(() => operatingPoints(same, 'two')).toThrow(DataError);
    expect(() => operatingPoints(same, 'two')).toThrow(/Hernia: the ROC curve is not defined/);
  });
});
