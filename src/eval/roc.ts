/**
 * ROC curves and the area under them, for one class at a time. Semantics are scikit-learn's
 * (`roc_curve`, `roc_auc_score`, `average_precision_score`); everything is float64.
 */
import { DataError, NonFiniteError } from '../engine/errors.js';

/** One operating point per threshold: a row is called positive when `score >= thresholds[k]`. */
export interface RocCurve {
  /** False positive rate, ascending from 0 to 1. */
  fpr: Float64Array;
  /** True positive rate, ascending from 0 to 1. */
  tpr: Float64Array;
  /** Descending; the first one lies above every score (see `RocOptions.firstThreshold`). */
  thresholds: Float64Array;
}

export interface RocOptions {
  /** Leave out points that lie on a straight line between their neighbours. Default true. */
  dropIntermediate?: boolean;
  /** The threshold of the point (0, 0): `inf` since scikit-learn 1.3, `max+1` before. Default `inf`. */
  firstThreshold?: 'inf' | 'max+1';
  /** The class, for error messages. */
  name?: string;
}

/** An area, or the reason why there is none. */
export type AucResult = { auc: number; reason: null } | { auc: null; reason: string };

export interface ClassCounts {
  positives: number;
  negatives: number;
}

/**
 * Counts labels and refuses what cannot be scored.
 * @throws DataError if the lengths differ, there are no rows, or a label is neither 0 nor 1.
 * @throws NonFiniteError if a score is NaN or infinite; names the class and the row (counted from 0).
 */
export function countClasses(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  name = 'scores',
): ClassCounts {
  if (yTrue.length !== score.length) {
    throw new DataError(`${name}: ${yTrue.length} labels but ${score.length} scores.`);
  }
  if (yTrue.length === 0) throw new DataError(`${name}: no rows to evaluate.`);
  let positives = 0;
  for (let row = 0; row < yTrue.length; row++) {
    const y = yTrue[row];
    if (y !== 0 && y !== 1) {
      throw new DataError(`${name}: the label in row ${row} is ${y}.`, 'Labels must be 0 or 1.');
    }
    if (!Number.isFinite(score[row])) {
      throw new NonFiniteError(
        `${name}: the score in row ${row} is ${score[row]}.`,
        'Scores must be finite.',
      );
    }
    positives += y;
  }
  return { positives, negatives: yTrue.length - positives };
}

/** Why this class has no ROC curve, or null where it has one. */
export function undefinedReason({ positives, negatives }: ClassCounts): string | null {
  if (positives === 0) return `no positive example among ${negatives} images`;
  if (negatives === 0) return `no negative example among ${positives} images`;
  return null;
}

/** Cumulative counts at each distinct score, from the highest score down. */
interface CumulativeCounts {
  /** False and true positives when everything at or above the threshold is called positive. */
  fps: number[];
  tps: number[];
  thresholds: number[];
}

function cumulativeCounts(yTrue: ArrayLike<number>, score: ArrayLike<number>): CumulativeCounts {
  const order = new Uint32Array(yTrue.length).map((_, i) => i);
  order.sort((a, b) => score[b] - score[a]);
  const fps: number[] = [];
  const tps: number[] = [];
  const thresholds: number[] = [];
  let positives = 0;
  for (let k = 0; k < order.length; k++) {
    positives += yTrue[order[k]];
    const threshold = score[order[k]];
    // Tied scores make one point: no threshold separates them.
    if (k + 1 < order.length && score[order[k + 1]] === threshold) continue;
    tps.push(positives);
    fps.push(1 + k - positives);
    thresholds.push(threshold);
  }
  return { fps, tps, thresholds };
}

/** Keeps the first, the last and every point where the second difference of either count is not 0. */
function withoutCollinear({ fps, tps, thresholds }: CumulativeCounts): CumulativeCounts {
  const last = fps.length - 1;
  const bends = (v: number[], k: number) => v[k + 1] - 2 * v[k] + v[k - 1] !== 0;
  const keep = (_: number, k: number) => k === 0 || k === last || bends(fps, k) || bends(tps, k);
  return { fps: fps.filter(keep), tps: tps.filter(keep), thresholds: thresholds.filter(keep) };
}

/**
 * The ROC curve of one class: `yTrue[b]` (0 or 1) against `score[b]`.
 * @throws DataError if only one label occurs (see `rocAuc` for a result without an exception), if a
 * label is not 0 or 1, or if the lengths differ; NonFiniteError if a score is not finite.
 */
export function rocCurve(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  options: RocOptions = {},
): RocCurve {
  const { dropIntermediate = true, firstThreshold = 'inf', name = 'scores' } = options;
  const counts = countClasses(yTrue, score, name);
  const reason = undefinedReason(counts);
  if (reason) throw new DataError(`${name}: the ROC curve is not defined: ${reason}.`);
  const all = cumulativeCounts(yTrue, score);
  const { fps, tps, thresholds } = dropIntermediate ? withoutCollinear(all) : all;
  const above = firstThreshold === 'inf' ? Number.POSITIVE_INFINITY : thresholds[0] + 1;
  return {
    fpr: Float64Array.from([0, ...fps], (v) => v / counts.negatives),
    tpr: Float64Array.from([0, ...tps], (v) => v / counts.positives),
    thresholds: Float64Array.from([above, ...thresholds]),
  };
}

/** Area under a curve by the trapezoidal rule, Σ Δx·(y_k + y_{k−1})/2, for ascending `x`. */
export function auc(x: ArrayLike<number>, y: ArrayLike<number>): number {
  if (x.length !== y.length || x.length < 2) {
    throw new DataError(`An area needs at least two points with x and y; got ${x.length} and ${y.length}.`);
  }
  let area = 0;
  for (let k = 1; k < x.length; k++) area += ((x[k] - x[k - 1]) * (y[k] + y[k - 1])) / 2;
  return area;
}

/**
 * Area under the ROC curve of one class: the chance that a random positive scores above a random
 * negative, a tie counting one half (Mann–Whitney). A class with one label only has none: `auc` is
 * null and `reason` says why.
 */
export function rocAuc(yTrue: ArrayLike<number>, score: ArrayLike<number>, name = 'scores'): AucResult {
  const reason = undefinedReason(countClasses(yTrue, score, name));
  if (reason) return { auc: null, reason };
  const { fpr, tpr } = rocCurve(yTrue, score, { name });
  return { auc: auc(fpr, tpr), reason: null };
}

/**
 * Average precision, Σ (R_k − R_{k−1})·P_k over descending thresholds (scikit-learn's; no
 * interpolation). Null where there is no positive example.
 */
export function averagePrecision(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  name = 'scores',
): number | null {
  const { positives } = countClasses(yTrue, score, name);
  if (positives === 0) return null;
  const { fps, tps } = cumulativeCounts(yTrue, score);
  let sum = 0;
  for (let k = 0; k < tps.length; k++) {
    const gained = tps[k] - (k === 0 ? 0 : tps[k - 1]);
    sum += (gained / positives) * (tps[k] / (tps[k] + fps[k]));
  }
  return sum;
}

export interface AucInterval {
  low: number;
  high: number;
  /** Coverage, 0.95. */
  level: number;
}

/** Quantile 0.975 of the standard normal distribution. */
const Z_975 = 1.959963984540054;

/**
 * 95 % interval of the AUC by DeLong, DeLong and Clarke-Pearson (Biometrics 1988): each positive's
 * placement is the share of negatives below it (ties one half), each negative's the share of positives
 * above it; Var = s²(positives)/m + s²(negatives)/n; AUC ± 1.96·√Var, cut to [0, 1].
 * Null where the variance cannot be estimated (fewer than two of either label, or all placements equal).
 */
export function aucInterval(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  name = 'scores',
): AucInterval | null {
  const { positives: m, negatives: n } = countClasses(yTrue, score, name);
  if (m < 2 || n < 2) return null;
  const { fps, tps } = cumulativeCounts(yTrue, score);
  // Both placements have mean AUC, so sums over the distinct scores are enough.
  let area = 0;
  let squaresPositive = 0;
  let squaresNegative = 0;
  for (let k = 0; k < tps.length; k++) {
    const tpBefore = k === 0 ? 0 : tps[k - 1];
    const fpBefore = k === 0 ? 0 : fps[k - 1];
    const placementPositive = (n - (fpBefore + fps[k]) / 2) / n;
    const placementNegative = (tpBefore + tps[k]) / 2 / m;
    area += (tps[k] - tpBefore) * placementPositive;
    squaresPositive += (tps[k] - tpBefore) * placementPositive ** 2;
    squaresNegative += (fps[k] - fpBefore) * placementNegative ** 2;
  }
  area /= m;
  const variancePositive = (squaresPositive - m * area ** 2) / (m - 1);
  const varianceNegative = (squaresNegative - n * area ** 2) / (n - 1);
  const variance = variancePositive / m + varianceNegative / n;
  // Below rounding error of the sums: perfect separation, where this method has nothing to say.
  if (!(variance > 1e-15)) return null;
  const half = Z_975 * Math.sqrt(variance);
  return { low: Math.max(0, area - half), high: Math.min(1, area + half), level: 0.95 };
}

/**
 * Indices of the `k` best classes by the notebook's rule `argsort(auc)[::-1][:k]`: highest first, of
 * equal ones the later index first. Undefined classes (null) come last, in their own order, so an index
 * always means the class it means elsewhere (the notebook's helper dropped them and shifted the rest).
 */
export function bestClasses(aucs: readonly (number | null)[], k = 4): number[] {
  const key = (i: number) => aucs[i] ?? Number.NEGATIVE_INFINITY;
  const indices = aucs.map((_, i) => i);
  const defined = indices.filter((i) => aucs[i] !== null);
  const missing = indices.filter((i) => aucs[i] === null);
  defined.sort((a, b) => key(b) - key(a) || b - a);
  return [...defined, ...missing].slice(0, k);
}
