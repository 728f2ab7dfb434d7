/**
 * ROC curves and the area under them, for one class at a time. Semantics are scikit-learn's
 * (`roc_curve`, `roc_auc_score`, `average_precision_score`); everything is float64.
 */
import { firstIndex, listOfNumbers, requireFields, shown, wholeNumber } from '../../core/arguments.js';
import { DataError, NonFiniteError, UsageError } from '../../core/errors.js';

/** One operating point per threshold: a row is called positive when `score >= thresholds[k]`. */
export interface RocCurve {
  /** False positive rate, ascending from 0 to 1. */
  fpr: Float64Array;
  /** True positive rate, ascending from 0 to 1. */
  tpr: Float64Array;
  /** Descending; the first one lies above every score (see `RocOptions.firstThreshold`). */
  thresholds: Float64Array;
}

export interface ScoreOptions {
  /** How much each row counts, finite and not negative; a row of weight 0 is as if it were not there. */
  sampleWeight?: ArrayLike<number>;
  /** The class, for error messages. */
  name?: string;
  /** Whether a label may be NaN, unknown: then its row is as if it were not there. Default false. */
  unknownLabels?: boolean;
}

export interface RocOptions extends ScoreOptions {
  /** Leave out points that lie on a straight line between their neighbours. Default true. */
  dropIntermediate?: boolean;
  /** The threshold of the point (0, 0): `inf` since scikit-learn 1.3, `max+1` before. Default `inf`. */
  firstThreshold?: 'inf' | 'max+1';
}

/** The names of `ScoreOptions`. */
const SCORE = ['sampleWeight', 'name', 'unknownLabels'];

/** An area, or the reason why there is none. */
export type AucResult = { auc: number; reason: null } | { auc: null; reason: string };

/** Rows of either label; rows of weight 0, and of unknown labels, are not counted. */
export interface ClassCounts {
  positives: number;
  negatives: number;
}

/**
 * Counts labels and refuses what cannot be scored.
 * @throws DataError if the lengths differ, there are no rows, a label is neither 0 nor 1, a weight is
 * negative or all weights are 0.
 * @throws NonFiniteError if a score, a weight or the sum of the weights is NaN or infinite; names the class
 * and the row (counted from 0).
 */
export function countClasses(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  { name = 'scores', sampleWeight, unknownLabels = false }: ScoreOptions = {},
): ClassCounts {
  listOfNumbers(`${name}: labels`, yTrue);
  listOfNumbers(`${name}: scores`, score);
  if (sampleWeight) listOfNumbers(`${name}: sample weights`, sampleWeight);
  if (yTrue.length !== score.length) {
    throw new DataError(`${name}: ${yTrue.length} labels but ${score.length} scores.`);
  }
  if (yTrue.length === 0) throw new DataError(`${name}: no rows to evaluate.`);
  if (sampleWeight) checkWeights(sampleWeight, yTrue.length, name);
  let positives = 0;
  let counted = 0;
  for (let row = 0; row < yTrue.length; row++) {
    const y = yTrue[row];
    const unknown = unknownLabels && Number.isNaN(y);
    if (y !== 0 && y !== 1 && !unknown) {
      throw new DataError(`${name}: the label in row ${row} is ${y}.`, 'Labels must be 0 or 1.');
    }
    if (!Number.isFinite(score[row])) {
      throw new NonFiniteError(
        `${name}: the score in row ${row} is ${score[row]}.`,
        'Scores must be finite.',
      );
    }
    if (unknown || sampleWeight?.[row] === 0) continue;
    positives += y;
    counted++;
  }
  return { positives, negatives: counted - positives };
}

function checkWeights(weights: ArrayLike<number>, rows: number, name: string): void {
  if (weights.length !== rows) {
    throw new DataError(`${name}: ${rows} labels but ${weights.length} sample weights.`);
  }
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const weight = weights[row];
    if (!Number.isFinite(weight)) {
      throw new NonFiniteError(
        `${name}: the sample weight in row ${row} is ${weight}.`,
        'Weights must be finite.',
      );
    }
    if (weight < 0) {
      throw new DataError(
        `${name}: the sample weight in row ${row} is ${weight}.`,
        'Weights must not be negative.',
      );
    }
    total += weight;
  }
  if (total === 0)
    throw new DataError(`${name}: all sample weights are 0.`, 'Give at least one row a weight above 0.');
  if (!Number.isFinite(total)) {
    throw new NonFiniteError(`${name}: the sum of the sample weights is ${total}.`, 'Scale them down.');
  }
}

/** Why this class has no ROC curve, or null where it has one. */
export function undefinedReason({ positives, negatives }: ClassCounts): string | null {
  if (positives === 0 && negatives === 0) return 'no image whose label is known';
  if (positives === 0) return `no positive example among ${negatives} images`;
  if (negatives === 0) return `no negative example among ${positives} images`;
  return null;
}

/** Cumulative counts (with weights: sums of weights) at each distinct score, from the highest down. */
interface CumulativeCounts {
  /** False and true positives when everything at or above the threshold is called positive. */
  fps: number[];
  tps: number[];
  thresholds: number[];
}

function cumulativeCounts(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  sampleWeight?: ArrayLike<number>,
): CumulativeCounts {
  const weightOf = (row: number) => (sampleWeight ? sampleWeight[row] : 1);
  const counts = (row: number) => weightOf(row) !== 0 && !Number.isNaN(yTrue[row]);
  const order = new Uint32Array(yTrue.length).map((_, i) => i).filter(counts);
  // Equal scores keep the order of the rows, as in scikit-learn's stable sort: sums of weights round alike.
  order.sort((a, b) => score[b] - score[a] || a - b);
  const fps: number[] = [];
  const tps: number[] = [];
  const thresholds: number[] = [];
  let positives = 0;
  let negatives = 0;
  for (let k = 0; k < order.length; k++) {
    const row = order[k];
    if (yTrue[row] === 1) positives += weightOf(row);
    else negatives += weightOf(row);
    // Tied scores make one point: no threshold separates them.
    if (k + 1 < order.length && score[order[k + 1]] === score[row]) continue;
    tps.push(positives);
    fps.push(negatives);
    thresholds.push(score[row]);
  }
  return { fps, tps, thresholds };
}

/**
 * Keeps the first, the last and every point where the second difference of either count is not 0. The
 * difference of differences, as `np.diff(v, 2)` takes it: sums of weights that round differ otherwise.
 */
function withoutCollinear({ fps, tps, thresholds }: CumulativeCounts): CumulativeCounts {
  const last = fps.length - 1;
  const bends = (v: number[], k: number) => v[k + 1] - v[k] !== v[k] - v[k - 1];
  const keep = (_: number, k: number) => k === 0 || k === last || bends(fps, k) || bends(tps, k);
  return { fps: fps.filter(keep), tps: tps.filter(keep), thresholds: thresholds.filter(keep) };
}

/**
 * The ROC curve of one class: `yTrue[b]` (0 or 1) against `score[b]`.
 * @throws DataError if only one label occurs (see `rocAuc` for a result without an exception), and what
 * `countClasses` throws.
 */
export function rocCurve(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  options: RocOptions = {},
): RocCurve {
  requireFields('The options of rocCurve', options, [...SCORE, 'dropIntermediate', 'firstThreshold']);
  const { dropIntermediate = true, firstThreshold = 'inf', name = 'scores', sampleWeight } = options;
  const reason = undefinedReason(countClasses(yTrue, score, options));
  if (reason) throw new DataError(`${name}: the ROC curve is not defined: ${reason}.`);
  const all = cumulativeCounts(yTrue, score, sampleWeight);
  const { fps, tps, thresholds } = dropIntermediate ? withoutCollinear(all) : all;
  const above = firstThreshold === 'inf' ? Number.POSITIVE_INFINITY : thresholds[0] + 1;
  const last = fps.length - 1;
  return {
    fpr: Float64Array.from([0, ...fps], (v) => v / fps[last]),
    tpr: Float64Array.from([0, ...tps], (v) => v / tps[last]),
    thresholds: Float64Array.from([above, ...thresholds]),
  };
}

/**
 * Area under a curve by the trapezoidal rule, Σ Δx·(y_k + y_{k−1})/2, for ascending `x`.
 * @throws DataError for fewer than two points or x that fall; NonFiniteError for points that are not finite.
 */
export function auc(x: ArrayLike<number>, y: ArrayLike<number>): number {
  listOfNumbers('x', x);
  listOfNumbers('y', y);
  if (x.length !== y.length || x.length < 2) {
    throw new DataError(`An area needs at least two points with x and y; got ${x.length} and ${y.length}.`);
  }
  for (const [name, values] of Object.entries({ x, y })) {
    const bad = firstIndex(values, (v) => !Number.isFinite(v));
    if (bad >= 0) throw new NonFiniteError(`${name}[${bad}] of the curve is ${values[bad]}.`);
  }
  let area = 0;
  for (let k = 1; k < x.length; k++) {
    if (x[k] < x[k - 1]) throw new DataError(`x[${k}] of the curve is ${x[k]}, below ${x[k - 1]} before it.`);
  }
  for (let k = 1; k < x.length; k++) area += ((x[k] - x[k - 1]) * (y[k] + y[k - 1])) / 2;
  return area;
}

/**
 * Area under the ROC curve of one class: the chance that a random positive scores above a random
 * negative (each drawn by weight), a tie counting one half (Mann–Whitney). A class with one label only has
 * none: `auc` is null and `reason` says why, where scikit-learn warns and returns nan.
 * @throws what `countClasses` throws.
 */
export function rocAuc(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  options: ScoreOptions = {},
): AucResult {
  requireFields('The options of rocAuc', options, SCORE);
  const reason = undefinedReason(countClasses(yTrue, score, options));
  if (reason) return { auc: null, reason };
  const { name, sampleWeight, unknownLabels } = options;
  const { fpr, tpr } = rocCurve(yTrue, score, { name, sampleWeight, unknownLabels });
  return { auc: auc(fpr, tpr), reason: null };
}

/**
 * Average precision, Σ (R_k − R_{k−1})·P_k over descending thresholds (scikit-learn's; no
 * interpolation). Null where there is no positive example; scikit-learn warns there and returns 0.
 * @throws what `countClasses` throws.
 */
export function averagePrecision(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  options: ScoreOptions = {},
): number | null {
  requireFields('The options of averagePrecision', options, SCORE);
  if (countClasses(yTrue, score, options).positives === 0) return null;
  const { fps, tps } = cumulativeCounts(yTrue, score, options.sampleWeight);
  const positives = tps[tps.length - 1];
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
 * above it; Var = s²(positives)/m + s²(negatives)/n; AUC ± 1.96·√Var, cut to [0, 1]. Without weights: the
 * variance is that of rows drawn alike.
 * Null where the variance cannot be estimated (fewer than two of either label, or all placements equal:
 * perfect separation, where this method has nothing to say).
 * @throws what `countClasses` throws.
 */
export function aucInterval(
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  options: Pick<ScoreOptions, 'name' | 'unknownLabels'> = {},
): AucInterval | null {
  const { positives: m, negatives: n } = countClasses(yTrue, score, options);
  if (m < 2 || n < 2) return null;
  const { fps, tps } = cumulativeCounts(yTrue, score);
  // The rows of one score share their placements, so there is one step per distinct score.
  const steps = tps.map((tp, k) => {
    const tpBefore = k === 0 ? 0 : tps[k - 1];
    const fpBefore = k === 0 ? 0 : fps[k - 1];
    return {
      positives: tp - tpBefore,
      negatives: fps[k] - fpBefore,
      placementPositive: (n - (fpBefore + fps[k]) / 2) / n,
      placementNegative: (tpBefore + tp) / 2 / m,
    };
  });
  // Both placements have mean AUC.
  const area = steps.reduce((sum, step) => sum + step.positives * step.placementPositive, 0) / m;
  let squaresPositive = 0;
  let squaresNegative = 0;
  for (const step of steps) {
    squaresPositive += step.positives * (step.placementPositive - area) ** 2;
    squaresNegative += step.negatives * (step.placementNegative - area) ** 2;
  }
  const variance = squaresPositive / (m - 1) / m + squaresNegative / (n - 1) / n;
  if (variance === 0) return null;
  const half = Z_975 * Math.sqrt(variance);
  return { low: Math.max(0, area - half), high: Math.min(1, area + half), level: 0.95 };
}

/**
 * Indices of the `k` best classes by the notebook's rule `argsort(auc)[::-1][:k]`: highest first, of
 * equal ones the later index first. Undefined classes (null) are left out, and an index always means the class it
 * means elsewhere (the notebook's helper dropped them and shifted the rest).
 */
export function bestClasses(aucs: readonly (number | null)[], k = 4): number[] {
  wholeNumber('k', k, 0);
  if (!Array.isArray(aucs)) throw new UsageError(`The AUCs are ${shown(aucs)}, they must be an array.`);
  return aucs
    .flatMap((value: number | null, index) => (value === null ? [] : [{ value, index }]))
    .sort((a, b) => b.value - a.value || b.index - a.index)
    .slice(0, k)
    .map(({ index }) => index);
}
