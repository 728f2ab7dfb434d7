/**
 * ROC curves, AUCs and average precisions against real scikit-learn: test/golden/eval/make_scores.py drew the same
 * cases and wrote its answers to scores.json.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError, NonFiniteError, UsageError } from '../../../src/core/errors.js';
import { LABELS } from '../../../src/data/tables/labels.js';
import {
  type Average,
  averagePrecisionScore,
  column,
  rocAucScore,
} from '../../../src/eval/scores/averages.js';
import { evaluate } from '../../../src/eval/scores/evaluate.js';
import { readPredictionsCsv } from '../../../src/eval/scores/predictionsCsv.node.js';
import {
  aucInterval,
  averagePrecision,
  type RocCurve,
  rocAuc,
  rocCurve,
} from '../../../src/eval/scores/roc.js';
import { DATA, realFile, sayIfLeftOut } from '../../support/files/realData.js';
import { parity } from '../../support/golden/parity.js';
import { uniform } from '../../support/networks/generated.js';

/**
 * AUC, average precision; where there is a curve, its points without and with the intermediate ones, the means
 * of fpr, tpr, fpr*tpr and the finite thresholds, a checksum; where there is an interval, its ends.
 */
type Row = [
  auc: number | null,
  precision: number,
  dropped: number,
  full: number,
  fpr: number,
  tpr: number,
  product: number,
  threshold: number,
  sha256: string,
  low?: number | null,
  high?: number | null,
];

/** AUC and average precision; for `None` of every class. */
interface Averages extends Record<Average, [number | null, number]> {
  None: [(number | null)[], number[]];
}

interface Golden {
  made_with: Record<string, string>;
  cases: Row[];
  curves: { case: number; fpr: number[]; tpr: number[]; thresholds: (number | null)[] }[];
  rounding: (number | null)[][];
  matrices: Averages[];
  refusals: Record<string, number | string>;
  files: Record<string, { rows: number; classes: Row[]; averages: Averages }>;
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/eval/scores.json', import.meta.url), 'utf8'),
);

const SEED = 7;
const LEVELS = [0, 2, 3, 5, 10, 40, 1000, null];
const SCALES = [1, 20, 1e-3, 100];
const TOLERANCE = 1e-12;
const AGAINST = `scikit-learn ${golden.made_with['scikit-learn']}`;
const PARITY = { measure: 'absolute', where: 'worst of all', bound: TOLERANCE };
const AVERAGES: Average[] = ['macro', 'micro', 'weighted'];

const draw = (key: string, size: number) => Float64Array.from(uniform(SEED, key, size, 0, 1));
const pick = <T>(values: readonly T[], u: number): T => values[Math.floor(u * values.length)];

function weightsOf(kind: number, key: string, rows: number): Float64Array | undefined {
  if (kind < 2) return undefined;
  const w = draw(key, rows);
  if (kind === 2) return w.map((v) => Math.floor(v * 5));
  if (kind === 3) return w;
  if (kind === 4) return w.map((v) => (v < 0.5 ? 0 : v));
  return w.map((v) => v * v * v * 1000);
}

/** make_scores.py's `case(i)`. */
function generatedCase(i: number) {
  const p = draw(`case ${i}`, 8);
  const rows = 1 + Math.floor(p[0] * 300);
  const y = draw(`labels ${i}`, rows).map((v) => (v < p[1] ? 1 : 0));
  if (p[2] < 0.06) y.fill(p[2] < 0.03 ? 0 : 1);
  const levels = pick(LEVELS, p[3]);
  const scale = pick(SCALES, p[5]);
  const scores = draw(`scores ${i}`, rows).map((v, row) => {
    const raw = v + p[4] * y[row];
    const score = levels === 0 ? 0.5 : levels ? Math.floor(raw * levels) / levels : raw;
    return (score - 0.5) * scale;
  });
  const sampleWeight = weightsOf(Math.floor(p[6] * 6), `weights ${i}`, rows);
  return { y, scores, sampleWeight, dropIntermediate: p[7] < 0.5 };
}

/** make_scores.py's `matrix(i)`. */
function generatedMatrix(i: number) {
  const p = draw(`matrix ${i}`, 4);
  const rows = 1 + Math.floor(p[0] * 60);
  const classes = 2 + Math.floor(p[1] * 4);
  const limit = i % 20 === 0 ? 0 : 0.1 + 0.5 * p[2];
  const y = draw(`matrix labels ${i}`, rows * classes).map((v) => (v < limit ? 1 : 0));
  const scores = draw(`matrix scores ${i}`, rows * classes).map((v) => Math.floor(v * 20) / 20);
  return { classes, y, scores, sampleWeight: weightsOf(Math.floor(p[3] * 6), `matrix weights ${i}`, rows) };
}

/** The worst difference of everything compared; one of a kind that must be null alike counts as infinite. */
class Worst {
  error = 0;
  compared = 0;
  see(found: number | null | undefined, wanted: number | null | undefined): void {
    this.compared++;
    const both = typeof found === 'number' && typeof wanted === 'number';
    // NaN must not pass: Math.max hands it on and no comparison with it holds.
    if (both) this.error = Math.max(this.error, found === wanted ? 0 : Math.abs(found - wanted));
    else if ((found ?? null) !== (wanted ?? null)) this.error = Number.POSITIVE_INFINITY;
  }
}

const mean = (values: Float64Array) => values.reduce((sum, v) => sum + v, 0) / values.length;

function sha256({ fpr, tpr, thresholds }: RocCurve, full: RocCurve): string {
  const hash = createHash('sha256');
  for (const part of [fpr, tpr, thresholds, full.fpr, full.tpr, full.thresholds]) hash.update(part);
  return hash.digest('hex').slice(0, 16);
}

/** Compares the curves of one class; returns whether both of them have scikit-learn's bits. */
function compareCurves(worst: Worst, row: Row, dropped: RocCurve, full: RocCurve, drop: boolean): boolean {
  const { fpr, tpr, thresholds } = drop ? dropped : full;
  worst.see(dropped.fpr.length, row[2]);
  worst.see(full.fpr.length, row[3]);
  worst.see(mean(fpr), row[4]);
  worst.see(mean(tpr), row[5]);
  worst.see(mean(fpr.map((v, k) => v * tpr[k])), row[6]);
  worst.see(mean(thresholds.subarray(1)), row[7]);
  expect(thresholds[0]).toBe(Number.POSITIVE_INFINITY);
  return sha256(dropped, full) === row[8];
}

function compareAverages(
  worst: Worst,
  wanted: Averages,
  y: ArrayLike<number>,
  scores: ArrayLike<number>,
  classes: number,
  sampleWeight?: ArrayLike<number>,
) {
  for (const average of AVERAGES) {
    const auc = rocAucScore(y, scores, classes, { average, sampleWeight });
    const precision = averagePrecisionScore(y, scores, classes, { average, sampleWeight });
    auc.classes.forEach(({ score }, c) => {
      worst.see(score, wanted.None[0][c]);
    });
    const missing = precision.classes.some(({ score }) => score === null);
    precision.classes.forEach(({ score }, c) => {
      worst.see(score ?? 0, wanted.None[1][c]);
    });
    const nothing = precision.classes.every(({ score }) => score === null);
    if (average === 'weighted' && nothing) {
      // scikit-learn says 0 where there is nothing to weigh by.
      expect([auc.score, precision.score]).toEqual([null, null]);
      expect(wanted.weighted).toEqual([0, 0]);
      continue;
    }
    worst.see(auc.score, wanted[average][0]);
    if (average === 'macro' && missing) expect(precision.reason).toMatch(/^class \d: no positive example/);
    else worst.see(precision.score ?? 0, wanted[average][1]);
  }
}

it('was made with the version that the documents name', () => {
  expect(golden.made_with['scikit-learn']).toBe('1.9.1');
});

describe("scikit-learn's roc_curve, roc_auc_score and average_precision_score", () => {
  it('on 1000 random cases with ties, weights and constant columns', () => {
    const worst = new Worst();
    const interval = new Worst();
    const count = { undefined: 0, weighted: 0, zeroWeights: 0, tied: 0, constantScores: 0 };
    const otherBits: number[] = [];
    golden.cases.forEach((row, i) => {
      const { y, scores, sampleWeight, dropIntermediate } = generatedCase(i);
      const area = rocAuc(y, scores, { sampleWeight });
      const precision = averagePrecision(y, scores, { sampleWeight });
      worst.see(area.auc, row[0]);
      worst.see(precision ?? 0, row[1]);
      count.weighted += Number(sampleWeight !== undefined);
      count.zeroWeights += Number(sampleWeight?.includes(0) ?? false);
      count.constantScores += Number(new Set(scores).size === 1);
      count.tied += Number(new Set(scores).size < scores.length);
      if (area.auc === null) {
        count.undefined++;
        expect(area.reason).toMatch(/^no (positive|negative) example among \d+ images$/);
        if (precision === null) expect(area.reason).toContain('no positive');
        expect(() => rocCurve(y, scores, { sampleWeight })).toThrow(DataError);
        return;
      }
      const dropped = rocCurve(y, scores, { sampleWeight });
      const full = rocCurve(y, scores, { sampleWeight, dropIntermediate: false });
      if (!compareCurves(worst, row, dropped, full, dropIntermediate)) otherBits.push(i);
      if (row.length < 11) return;
      const found = aucInterval(y, scores);
      interval.see(found?.low, row[9]);
      interval.see(found?.high, row[10]);
    });
    expect(golden.cases.length).toBe(1000);
    parity({
      item: 'scores',
      what: `${golden.cases.length} random cases`,
      against: AGAINST,
      ...PARITY,
      worst: worst.error,
    });
    expect(worst.compared).toBeGreaterThan(7000);
    // Stronger than the tolerance: every point of every curve, dropped or not, to the last bit.
    expect(otherBits).toEqual([]);
    // Not scikit-learn's: make_scores.py's own double loop in fractions.
    expect(interval.error).toBeLessThan(TOLERANCE);
    expect(interval.compared).toBeGreaterThan(300);
    // What the cases are made of, so that a change of the generator cannot empty the test.
    expect(count.undefined).toBeGreaterThan(60);
    expect(count.weighted).toBeGreaterThan(600);
    expect(count.zeroWeights).toBeGreaterThan(250);
    expect(count.tied).toBeGreaterThan(700);
    expect(count.constantScores).toBeGreaterThan(90);
  });

  it.each(golden.curves)('point by point: case $case', (wanted) => {
    const { y, scores, ...options } = generatedCase(wanted.case);
    const { fpr, tpr, thresholds } = rocCurve(y, scores, options);
    expect([...fpr]).toEqual(wanted.fpr);
    expect([...tpr]).toEqual(wanted.tpr);
    expect([...thresholds]).toEqual(wanted.thresholds.map((t) => t ?? Number.POSITIVE_INFINITY));
  });

  it('drops points by the second difference as it rounds', () => {
    const options = { sampleWeight: [0.1, 1, 1, 1] };
    const { fpr, tpr, thresholds } = rocCurve([1, 1, 1, 0], [0.9, 0.8, 0.7, 0.6], options);
    const [wantedFpr, wantedTpr, wantedThresholds] = golden.rounding;
    expect([...fpr]).toEqual(wantedFpr);
    expect([...tpr]).toEqual(wantedTpr);
    expect([...thresholds].map((t) => (Number.isFinite(t) ? t : null))).toEqual(wantedThresholds);
  });

  it('averaged over classes: macro, micro, weighted, none', () => {
    const worst = new Worst();
    const undefinedMeans: string[] = [];
    expect(golden.matrices.some(({ weighted }) => weighted[0] === 0)).toBe(true);
    golden.matrices.forEach((wanted, i) => {
      const { y, scores, classes, sampleWeight } = generatedMatrix(i);
      compareAverages(worst, wanted, y, scores, classes, sampleWeight);
      const { reason } = rocAucScore(y, scores, classes, { sampleWeight });
      if (reason) undefinedMeans.push(reason);
    });
    parity({
      item: 'scores',
      what: `${golden.matrices.length} matrices, averages`,
      against: AGAINST,
      ...PARITY,
      worst: worst.error,
    });
    expect(undefinedMeans.length).toBeGreaterThan(2);
    for (const reason of undefinedMeans) expect(reason).toMatch(/^class \d: no (positive|negative) example/);
  });
});

describe('labels that are unknown', () => {
  const U = Number.NaN;
  const labels = [1, 0, U, 1, 0, U, 1, 1, 0, 0];
  const scores = [0.9, 0.2, 0.1, 0.7, 0.8, 0.3, 0.4, 0.6, 0.2, 0.5];
  const options = { unknownLabels: true, sampleWeight: [1, 2, 3, 4, 5] };

  it.each(['macro', 'micro', 'weighted'] as const)('count in no class of the %s average', (average) => {
    for (const metric of [rocAucScore, averagePrecisionScore]) {
      const masked = metric(labels, scores, 2, { ...options, average });
      // As if such a cell had the weight 0, class by class.
      const known = labels.map((y, i) => (Number.isNaN(y) ? 0 : options.sampleWeight[Math.floor(i / 2)]));
      const filled = labels.map((y) => (y === 1 ? 1 : 0));
      const alone = [0, 1].map((c) => {
        const take = (values: number[]) => values.filter((_, i) => i % 2 === c);
        const one = metric(take(filled), take(scores), 1, { sampleWeight: take(known) });
        return { score: one.score, weight: take(filled).reduce((sum, y, b) => sum + y * take(known)[b], 0) };
      });
      expect(masked.classes.map(({ score }) => score)).toEqual(alone.map(({ score }) => score));
      const cells = metric(filled, scores, 1, { sampleWeight: known }).score;
      const [a, b] = alone.map(({ score, weight }) => ({ score: score ?? U, weight }));
      const mean = (v: number, w: number) => (v * a.score + w * b.score) / (v + w);
      const wanted = { macro: mean(1, 1), micro: cells ?? U, weighted: mean(a.weight, b.weight) }[average];
      expect(masked.score).toBeCloseTo(wanted, 14);
    }
  });

  it('are refused without the option', () => {
    expect(() => rocAucScore(labels, scores, 2)).toThrow(/class 0: the label in row 1 is NaN/);
    expect(() => averagePrecision([1, U], [0.5, 0.5])).toThrow(DataError);
    expect(() => rocCurve([1, U], [0.5, 0.5])).toThrow(DataError);
    expect(rocAuc([U, U], [0.5, 0.5], { unknownLabels: true })).toEqual({
      auc: null,
      reason: 'no image whose label is known',
    });
  });
});

describe('what is refused', () => {
  const y = [0, 1, 0, 1];
  const s = [0.1, 0.35, 0.4, 0.8];
  const bad = (v: number) => [0.1, v, 0.4, 0.8];
  const weighted = (...sampleWeight: number[]) => ({ sampleWeight, name: 'Edema' });
  const refused: Record<string, [Parameters<typeof rocAuc>, typeof DataError, RegExp]> = {
    'score NaN': [[y, bad(Number.NaN)], NonFiniteError, /score in row 1 is NaN/],
    'score Infinity': [[y, bad(Number.POSITIVE_INFINITY)], NonFiniteError, /row 1 is Infinity/],
    'score -Infinity': [[y, bad(Number.NEGATIVE_INFINITY)], NonFiniteError, /row 1 is -Infinity/],
    'scores of another length': [[y, s.slice(1)], DataError, /4 labels but 3 scores/],
    'weights of another length': [
      [y, s, weighted(1, 1, 1)],
      DataError,
      /Edema: 4 labels but 3 sample weights/,
    ],
    'weight NaN': [[y, s, weighted(1, Number.NaN, 1, 1)], NonFiniteError, /Edema: .*weight in row 1 is NaN/],
    'weight Infinity': [
      [y, s, weighted(1, Number.POSITIVE_INFINITY, 1, 1)],
      NonFiniteError,
      /weight in row 1 is Infinity/,
    ],
    'weights all 0': [[y, s, weighted(0, 0, 0, 0)], DataError, /Edema: all sample weights are 0/],
    'weight negative': [[y, s, weighted(1, -0.5, 1, 2)], DataError, /Edema: .*weight in row 1 is -0.5/],
    'no rows': [[[], []], DataError, /no rows/],
  };

  it.each(Object.keys(golden.refusals))('%s', (what) => {
    const [input, type, message] = refused[what];
    for (const score of [rocAuc, averagePrecision, rocCurve]) {
      expect(() => score(...input)).toThrow(type);
      expect(() => score(...input)).toThrow(message);
    }
    // scikit-learn refuses the same, but for negative weights: from those it makes an area above 1.
    if (what === 'weight negative') expect(golden.refusals[what]).toBeGreaterThan(1);
    else expect(golden.refusals[what]).toBe('ValueError');
  });

  it('weights whose sum overflows', () => {
    expect(() => rocAuc(y, s, weighted(1e308, 1e308, 1, 1))).toThrow(/Edema: the sum .* Infinity/);
  });

  it('matrices that do not fit', () => {
    const both = [rocAucScore, averagePrecisionScore];
    for (const score of both) {
      expect(() => score(y, s, 3)).toThrow(/4 predictions and 4 labels do not make rows of 3/);
      expect(() => score(y, s.slice(2), 2)).toThrow(DataError);
      expect(() => score([], [], 2)).toThrow(/No images/);
      expect(() => score(y, s, 0)).toThrow(DataError);
      expect(() => score(y, s, 2, { names: ['one'] })).toThrow(/1 names for 2 classes/);
      expect(() => score(y, s, 2, { sampleWeight: [1, 1, 1, 1] })).toThrow(/class 0: 2 labels but 4 sample/);
      expect(() => score(y, s, 2, { average: 'samples' as Average })).toThrow(UsageError);
      expect(score(y, s, 2, { names: ['Mass', 'Edema'] }).reason).toMatch(
        /^Mass: no positive example among 2/,
      );
    }
  });
});

it('says whether the real predictions are checked', () => {
  sayIfLeftOut("scikit-learn's scores of the course model's predictions");
  expect(Object.keys(golden.files)).toContain('reference/course-train-predictions.csv');
});

describe.runIf(DATA)("the course model's predictions", () => {
  it.each(Object.keys(golden.files))("%s: scikit-learn's numbers", async (file) => {
    const wanted = golden.files[file];
    const { predictions, truth } = await readPredictionsCsv(realFile(file), LABELS);
    const result = evaluate(predictions, truth, LABELS);
    const worst = new Worst();
    const otherBits: string[] = [];
    expect(result.samples).toBe(wanted.rows);
    expect(wanted.classes.length).toBe(LABELS.length);
    result.classes.forEach((found, c) => {
      const row = wanted.classes[c];
      const [y, scores] = [column(truth, LABELS.length, c), column(predictions, LABELS.length, c)];
      worst.see(found.auc, row[0]);
      worst.see(found.averagePrecision, row[1]);
      worst.see(found.curve?.fpr.length, row[2]);
      worst.see(found.interval?.low, row[9]);
      worst.see(found.interval?.high, row[10]);
      const full = rocCurve(y, scores, { dropIntermediate: false });
      if (!compareCurves(worst, row, rocCurve(y, scores), full, true)) otherBits.push(found.name);
    });
    worst.see(result.meanAuc, wanted.averages.macro[0]);
    compareAverages(worst, wanted.averages, truth, predictions, LABELS.length);
    parity({ item: 'scores', what: file, against: AGAINST, ...PARITY, worst: worst.error });
    expect(otherBits).toEqual([]);
  });
});
