import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LABELS } from '../../src/data/labels.js';
import { DataError, NonFiniteError } from '../../src/engine/errors.js';
import { MT19937 } from '../../src/engine/mt19937.js';
import { evaluate } from '../../src/eval/evaluate.js';
import { readPredictionsCsv } from '../../src/eval/predictionsCsv.node.js';
import { auc, aucInterval, averagePrecision, bestClasses, rocAuc, rocCurve } from '../../src/eval/roc.js';

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
      expect(interval.low).toBeCloseTo(Math.max(0, area - half), 9);
      expect(interval.high).toBeCloseTo(Math.min(1, area + half), 9);
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
    expect(() => rocAuc([0, 1], [0.1, Number.NaN], 'Edema')).toThrow(/Edema.*row 1.*NaN/);
    expect(() => rocAuc([0, 1], [Number.POSITIVE_INFINITY, 0.1], 'Edema')).toThrow(NonFiniteError);
    expect(() => rocAuc([0, 2], [0.1, 0.2], 'Edema')).toThrow(/row 1 is 2/);
    expect(() => rocAuc([0, 1, 1], [0.1, 0.2])).toThrow(DataError);
    expect(() => rocAuc([], [])).toThrow(/no rows/);
  });
});

describe('best classes', () => {
  it('highest first, of equals the later one, undefined last and in place', () => {
    expect(bestClasses([0.5, 0.9, 0.7, 0.9], 3)).toEqual([3, 1, 2]);
    expect(bestClasses([null, 0.2, null, 0.6, 0.6, 0.1])).toEqual([4, 3, 1, 5]);
    expect(bestClasses([null, 0.2, null], 4)).toEqual([1, 0, 2]);
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
    expect(result.best).toEqual(['C', 'A', 'B']);
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

/** scikit-learn 1.9.1, scores as float32: roc_auc_score, average_precision_score, points of roc_curve. */
const SKLEARN: Record<string, [number, number, number][]> = {
  'reference/course-train-predictions.csv': [
    [0.9218334677178281, 0.28805161359452147, 217],
    [0.9365979591836735, 0.2784610258440598, 163],
    [0.8993054605295253, 0.5493171320732281, 712],
    [0.8476505139500734, 0.01535655308897563, 17],
    [0.7346284888737283, 0.4126047145698267, 1298],
    [0.8748131654644269, 0.39129482424428375, 368],
    [0.7885923771194039, 0.2743049411025493, 446],
    [0.8295369379706728, 0.3801623688062806, 788],
    [0.8852250137667886, 0.3108493469890084, 342],
    [0.8074163706743717, 0.1251074685824064, 250],
    [0.7522921056671178, 0.03473688484329877, 115],
    [0.8201529610829104, 0.07487465247548131, 151],
    [0.9250844812951434, 0.1801442177870093, 166],
    [0.8277328584303937, 0.1602996672524912, 339],
  ],
  'nih/keras-nearest320/predictions.csv': [
    [0.8981581798483206, 0.6297097762983062, 20],
    [0.9364035087719298, 0.43223443223443225, 7],
    [0.9087615283267458, 0.6948364675624401, 26],
    [0.8701298701298701, 0.047619047619047616, 5],
    [0.8108686350021395, 0.625059194194319, 44],
    [0.8363774733637747, 0.4842341025012106, 17],
    [0.5425055928411633, 0.07696466191455792, 13],
    [0.7714666666666666, 0.46441782264454884, 42],
    [0.9141156462585034, 0.33067974688311846, 16],
    [0.6907894736842106, 0.04449388209121245, 9],
    [0.7322666666666666, 0.4378343283160628, 41],
    [0.8355263157894737, 0.07101608187134503, 9],
    [0.9133261105092092, 0.3855916039862528, 22],
    [0.727069351230425, 0.13413606563652614, 15],
  ],
};

const folder = process.env.CHEXGPU_DATA;

it('says whether the real predictions are checked', () => {
  if (!folder) console.log('CHEXGPU_DATA is not set: the AUCs of the real predictions were left out.');
  else expect(existsSync(folder)).toBe(true);
});

describe.runIf(folder)("the course model's predictions", () => {
  it.each(Object.keys(SKLEARN))("%s: scikit-learn's numbers to 1e-12", async (file) => {
    const table = await readPredictionsCsv(join(folder ?? '', file), LABELS);
    const result = evaluate(table.predictions, table.truth, LABELS);
    expect(result.undefinedClasses).toEqual([]);
    result.classes.forEach((found, c) => {
      const [area, precision, points] = SKLEARN[file][c];
      expect(Math.abs((found.auc ?? -1) - area)).toBeLessThan(1e-12);
      expect(Math.abs((found.averagePrecision ?? -1) - precision)).toBeLessThan(1e-12);
      expect(found.curve?.fpr.length).toBe(points);
      if (found.positives < 2) expect(found.interval).toBeNull();
      else
        expect(Math.abs((found.interval?.low ?? 0) + (found.interval?.high ?? 9) - 2 * area)).toBeLessThan(
          0.2,
        );
    });
  });
});
