import { describe, expect, it } from 'vitest';
import { DataError, NonFiniteError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { evaluate } from '../../../src/eval/scores/evaluate.js';
import {
  auc,
  aucInterval,
  averagePrecision,
  bestClasses,
  rocAuc,
  rocCurve,
} from '../../../src/eval/scores/roc.js';

const close = (found: ArrayLike<number>, wanted: number[]) => {
  expect(found.length).toBe(wanted.length);
  wanted.forEach((w, i) => {
    if (Number.isFinite(w)) expect(Math.abs(found[i] - w)).toBeLessThan(1e-15);
    else expect(found[i]).toBe(w);
  });
};

describe("scikit-learn's vectors", () => {
  const y2 = [0, 1, 0, 1, 1, 0, 0, 1, 0, 0];
  const s2 = [0.1, 0.5, 0.5, 0.9, 0.5, 0.2, 0.5, 0.3, 0.9, 0.05];

  it('without ties', () => {
    const y = [0, 0, 1, 1];
    const s = [0.1, 0.4, 0.35, 0.8];
    const curve = rocCurve(y, s, { firstThreshold: 'max+1' });
    close(curve.fpr, [0, 0, 0.5, 0.5, 1]);
    close(curve.tpr, [0, 0.5, 0.5, 1, 1]);
    close(curve.thresholds, [1.8, 0.8, 0.4, 0.35, 0.1]);
    expect(rocAuc(y, s)).toEqual({ auc: 0.75, reason: null });
    expect(averagePrecision(y, s)).toBeCloseTo(0.8333333333333333, 14);
  });

  it('with ties, intermediate points dropped or kept', () => {
    const curve = rocCurve(y2, s2);
    close(curve.fpr, [0, 1 / 6, 0.5, 0.5, 1]);
    close(curve.tpr, [0, 0.25, 0.75, 1, 1]);
    close(curve.thresholds, [Number.POSITIVE_INFINITY, 0.9, 0.5, 0.3, 0.05]);
    const full = rocCurve(y2, s2, { dropIntermediate: false, firstThreshold: 'max+1' });
    close(full.fpr, [0, 1 / 6, 0.5, 0.5, 4 / 6, 5 / 6, 1]);
    close(full.tpr, [0, 0.25, 0.75, 1, 1, 1, 1]);
    close(full.thresholds, [1.9, 0.9, 0.5, 0.3, 0.2, 0.1, 0.05]);
    expect(auc(curve.fpr, curve.tpr)).toBeCloseTo(0.6875, 15);
    expect(auc(full.fpr, full.tpr)).toBeCloseTo(0.6875, 15);
    expect(averagePrecision(y2, s2)).toBeCloseTo(0.5178571428571428, 14);
  });

  it('all scores equal', () => {
    const curve = rocCurve([0, 1, 1], [0.5, 0.5, 0.5]);
    close(curve.fpr, [0, 1]);
    close(curve.tpr, [0, 1]);
    expect(rocAuc([0, 1, 1], [0.5, 0.5, 0.5]).auc).toBe(0.5);
    expect(averagePrecision([0, 1, 1], [0.5, 0.5, 0.5])).toBeCloseTo(2 / 3, 15);
  });

  it('a run of positives', () => {
    const y = [0, 0, 0, 1, 1, 1, 0, 1];
    const s = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
    expect(rocAuc(y, s).auc).toBe(0.8125);
    close(rocCurve(y, s).fpr, [0, 0, 0.25, 0.25, 1]);
    expect(averagePrecision(y, s)).toBeCloseTo(0.8041666666666667, 14);
  });
});

describe('against brute force', () => {
  /** Every pair of a positive and a negative, a tie one half. */
  function mannWhitney(y: number[], s: number[]): number {
    let wins = 0;
    let pairs = 0;
    for (let i = 0; i < y.length; i++) {
      for (let j = 0; j < y.length; j++) {
        if (y[i] !== 1 || y[j] !== 0) continue;
        pairs++;
        wins += s[i] > s[j] ? 1 : s[i] === s[j] ? 0.5 : 0;
      }
    }
    return wins / pairs;
  }

  /** DeLong's variance from the placements, one row at a time. */
  function deLong(y: number[], s: number[]): number {
    const variance = (v: number[]) => {
      const mean = v.reduce((a, b) => a + b, 0) / v.length;
      return v.reduce((a, b) => a + (b - mean) ** 2, 0) / (v.length - 1) / v.length;
    };
    const psi = (x: number, z: number) => (x > z ? 1 : x === z ? 0.5 : 0);
    const positive = s.filter((_, i) => y[i] === 1);
    const negative = s.filter((_, i) => y[i] === 0);
    const v10 = positive.map((x) => negative.reduce((a, z) => a + psi(x, z), 0) / negative.length);
    const v01 = negative.map((z) => positive.reduce((a, x) => a + psi(x, z), 0) / positive.length);
    return variance(v10) + variance(v01);
  }

  it.each([3, 10, 1000000])('AUC and interval, scores on %i levels', (levels) => {
    const random = new MT19937(levels);
    let intervals = 0;
    for (let trial = 0; trial < 100; trial++) {
      const n = 2 + Math.floor(random.random() * 40);
      const y = Array.from({ length: n }, (_, i) => (i < 2 ? i : Number(random.random() < 0.4)));
      const s = y.map((v) => Math.floor((random.random() + 0.3 * v) * levels) / levels);
      const area = mannWhitney(y, s);
      expect(rocAuc(y, s).auc).toBeCloseTo(area, 12);
      const { fpr, tpr } = rocCurve(y, s, { dropIntermediate: false });
      expect(auc(fpr, tpr)).toBeCloseTo(area, 12);
      const interval = aucInterval(y, s);
      if (!interval) continue;
      intervals++;
      const half = 1.959963984540054 * Math.sqrt(deLong(y, s));
      expect(interval.low).toBeCloseTo(Math.max(0, area - half), 12);
      expect(interval.high).toBeCloseTo(Math.min(1, area + half), 12);
    }
    expect(intervals).toBeGreaterThan(50);
  });
});

describe('what has no AUC', () => {
  it('one label only: a reason instead of a number', () => {
    expect(rocAuc([0, 0], [0.1, 0.2])).toEqual({ auc: null, reason: 'no positive example among 2 images' });
    expect(rocAuc([1, 1], [0.1, 0.2])).toEqual({ auc: null, reason: 'no negative example among 2 images' });
    expect(() => rocCurve([1, 1], [0.1, 0.2], { name: 'Hernia' })).toThrow(DataError);
    expect(averagePrecision([0, 0], [0.1, 0.2])).toBeNull();
    expect(aucInterval([0, 1], [0.1, 0.2])).toBeNull();
    expect(aucInterval([0, 0, 1, 1], [0.1, 0.2, 0.8, 0.9])).toBeNull();
  });

  it('NaN, infinity, other labels, other lengths: an error that names class and row', () => {
    expect(() => rocAuc([0, 1], [0.1, Number.NaN], { name: 'Edema' })).toThrow(/Edema.*row 1.*NaN/);
    expect(() => rocAuc([0, 1], [Number.POSITIVE_INFINITY, 0.1], { name: 'Edema' })).toThrow(NonFiniteError);
    expect(() => rocAuc([0, 2], [0.1, 0.2], { name: 'Edema' })).toThrow(/row 1 is 2/);
    expect(() => rocAuc([0, 1, 1], [0.1, 0.2])).toThrow(DataError);
    expect(() => rocAuc([], [])).toThrow(/no rows/);
  });
});

describe('best classes', () => {
  it('highest first, of equals the later one, undefined ones left out', () => {
    expect(bestClasses([0.5, 0.9, 0.7, 0.9], 3)).toEqual([3, 1, 2]);
    expect(bestClasses([null, 0.2, null, 0.6, 0.6, 0.1])).toEqual([4, 3, 1, 5]);
    expect(bestClasses([null, 0.2, null], 4)).toEqual([1]);
    expect(bestClasses([null])).toEqual([]);
  });

  it("the notebook's test set", () => {
    const published = [
      0.896, 0.796, 0.762, 0.773, 0.651, 0.819, 0.655, 0.786, 0.802, 0.711, 0.678, 0.728, 0.856, 0.752,
    ];
    expect(bestClasses(published)).toEqual([0, 12, 5, 8]); // Cardiomegaly, Edema, Mass, Pneumothorax
  });
});

describe('evaluate', () => {
  const names = ['A', 'B', 'C'];
  const predictions = new Float32Array([0.1, 0.9, 0.3, 0.4, 0.2, 0.6, 0.35, 0.5, 0.2, 0.8, 0.7, 0.9]);
  const labels = new Float32Array([0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 1]);

  it('keeps every class in its place, the undefined one with its reason', () => {
    const result = evaluate(predictions, labels, names);
    expect(result.samples).toBe(4);
    expect(result.classes.map((c) => c.auc)).toEqual([0.75, null, 1]);
    expect(result.classes[1].reason).toBe('no positive example among 4 images');
    expect(result.classes[1].curve).toBeNull();
    expect(result.undefinedClasses).toEqual(['B']);
    expect(result.meanAuc).toBe(0.875);
    expect(result.best).toEqual(['C', 'A']);
    expect(result.classes[0].curve?.thresholds[0]).toBeNull();
    expect(JSON.parse(JSON.stringify(result))).toEqual(result);
  });

  it('refuses what does not fit', () => {
    expect(() => evaluate(predictions, labels.subarray(3), names)).toThrow(DataError);
    expect(() => evaluate([], [], names)).toThrow(/No images/);
    const broken = predictions.slice();
    broken[7] = Number.NaN;
    expect(() => evaluate(broken, labels, names)).toThrow(/B: the score in row 2/);
  });
});
