/** Scores of all classes at once, averaged as scikit-learn averages multilabel input. */
import { listOfNumbers, requireFields } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { averagePrecision, countClasses, rocAuc, type ScoreOptions, undefinedReason } from './roc.js';

const AVERAGES = ['macro', 'micro', 'weighted'] as const;

/**
 * `macro`: plain mean of the classes; `weighted`: mean of the classes, each as heavy as its positives;
 * `micro`: every cell of the matrix is a row of one single class.
 */
export type Average = (typeof AVERAGES)[number];

export interface AverageOptions {
  /** Default `macro`. */
  average?: Average;
  /** One weight per row of the matrix; see `ScoreOptions`. */
  sampleWeight?: ArrayLike<number>;
  /** Whether labels may be NaN, unknown: each is left out of the scores of its class. Default false. */
  unknownLabels?: boolean;
  /** The classes, for reasons and error messages. Default `class 0`, `class 1`, ... */
  names?: readonly string[];
}

/** A score, or the reason why there is none. */
export type ScoreResult = { score: number; reason: null } | { score: null; reason: string };

/** The mean, and beside it every class (scikit-learn's `average=None`). */
export type AveragedScore = ScoreResult & { classes: ScoreResult[] };

type Metric = (yTrue: ArrayLike<number>, score: ArrayLike<number>, options: ScoreOptions) => number | null;

/**
 * @throws DataError unless `labels` and `scores` are matrices [b,classes] with at least one cell; UsageError unless
 * they are arrays of numbers.
 */
export function checkMatrices(labels: ArrayLike<number>, scores: ArrayLike<number>, classes: number): void {
  listOfNumbers('The labels', labels);
  listOfNumbers('The predictions', scores);
  if (!Number.isInteger(classes) || classes < 1)
    throw new DataError(`There are no ${classes} classes to evaluate.`);
  if (scores.length !== labels.length || scores.length % classes !== 0) {
    throw new DataError(
      `${scores.length} predictions and ${labels.length} labels do not make rows of ${classes} classes.`,
    );
  }
  if (scores.length === 0) throw new DataError('No images to evaluate.');
}

/** Column `c` of a row-major matrix `values[b,classes]`. */
export function column(values: ArrayLike<number>, classes: number, c: number): Float64Array {
  return Float64Array.from({ length: values.length / classes }, (_, b) => values[b * classes + c]);
}

function scored(
  metric: Metric,
  yTrue: ArrayLike<number>,
  score: ArrayLike<number>,
  options: ScoreOptions,
): ScoreResult {
  const value = metric(yTrue, score, options);
  if (value !== null) return { score: value, reason: null };
  const reason = undefinedReason(countClasses(yTrue, score, options));
  return { score: null, reason: `${options.name}: ${reason}` };
}

/** Mean of the classes by weight. A class of weight 0 does not count; any other without a score spoils it. */
function weightedMean(classes: readonly ScoreResult[], weights: readonly number[]): ScoreResult {
  let sum = 0;
  let total = 0;
  for (const [c, result] of classes.entries()) {
    if (weights[c] === 0) continue;
    if (result.score === null) return result;
    sum += weights[c] * result.score;
    total += weights[c];
  }
  if (total === 0) return { score: null, reason: 'no positive example in any class' };
  return { score: sum / total, reason: null };
}

function averaged(
  metric: Metric,
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  classes: number,
  options: AverageOptions,
): AveragedScore {
  requireFields('The options of the score', options, ['average', 'sampleWeight', 'unknownLabels', 'names']);
  const { average = 'macro', sampleWeight, unknownLabels, names } = options;
  checkMatrices(labels, scores, classes);
  if (names && names.length !== classes) {
    throw new DataError(`${names.length} names for ${classes} classes.`);
  }
  if (!AVERAGES.includes(average)) {
    throw new UsageError(`There is no average "${average}".`, `Use ${AVERAGES.join(', ')}.`);
  }
  const truth = Array.from({ length: classes }, (_, c) => column(labels, classes, c));
  const results = truth.map((yTrue, c) =>
    scored(metric, yTrue, column(scores, classes, c), {
      name: names?.[c] ?? `class ${c}`,
      sampleWeight,
      unknownLabels,
    }),
  );
  if (average === 'micro') {
    // Every class has been scored with these weights, so there is one for each row.
    const cellWeight =
      sampleWeight && Float64Array.from(labels, (_, i) => sampleWeight[Math.floor(i / classes)]);
    const options = { name: 'all classes', sampleWeight: cellWeight, unknownLabels };
    const all = scored(metric, labels, scores, options);
    return { ...all, classes: results };
  }
  const support = (yTrue: Float64Array) =>
    yTrue.reduce((sum, y, b) => sum + (y === 1 ? (sampleWeight?.[b] ?? 1) : 0), 0);
  const weights = truth.map((yTrue) => (average === 'macro' ? 1 : support(yTrue)));
  return { ...weightedMean(results, weights), classes: results };
}

/**
 * Area under the ROC curve of `scores[b,classes]` against `labels[b,classes]` (0 or 1): scikit-learn's
 * `roc_auc_score` for multilabel input. A class with one label only has no AUC, and then neither has a mean
 * it counts in: null with a reason, where scikit-learn returns nan. The mean over the others is `evaluate`'s.
 * @throws DataError if the shapes disagree, UsageError for another average, and what `countClasses` throws.
 */
export function rocAucScore(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  classes: number,
  options: AverageOptions = {},
): AveragedScore {
  return averaged((y, s, o) => rocAuc(y, s, o).auc, labels, scores, classes, options);
}

/**
 * Average precision of `scores[b,classes]` against `labels[b,classes]` (0 or 1): scikit-learn's
 * `average_precision_score` for multilabel input. A class without a positive example has none, and then
 * neither has the macro mean: null with a reason, where scikit-learn counts it as 0.
 * @throws DataError if the shapes disagree, UsageError for another average, and what `countClasses` throws.
 */
export function averagePrecisionScore(
  labels: ArrayLike<number>,
  scores: ArrayLike<number>,
  classes: number,
  options: AverageOptions = {},
): AveragedScore {
  return averaged(averagePrecision, labels, scores, classes, options);
}
