/** Scores a whole set of predictions, class by class, into plain data that JSON can hold. */
import { requireFields, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { checkMatrices, column } from './averages.js';
import {
  type AucInterval,
  auc,
  aucInterval,
  averagePrecision,
  bestClasses,
  countClasses,
  rocCurve,
  type ScoreOptions,
  undefinedReason,
} from './roc.js';

/** Scores of one class. */
export interface ClassEvaluation {
  name: string;
  /** Position among the network's outputs. */
  index: number;
  /** Rows of either label: those whose label is known. */
  positives: number;
  negatives: number;
  /** Area under the ROC curve; null where it is not defined, and then `reason` says why. */
  auc: number | null;
  reason: string | null;
  /** 95 % interval of the AUC (DeLong). */
  interval: AucInterval | null;
  /** Compare it with the class frequency, which is what random scores get. */
  averagePrecision: number | null;
  /** Points where the curve bends. The first threshold lies above every score and is written as null. */
  curve: { fpr: number[]; tpr: number[]; thresholds: (number | null)[] } | null;
}

export interface EvaluateOptions {
  /** Whether labels may be NaN, unknown: each is left out of the scores of its class. Default false. */
  unknownLabels?: boolean;
}

export interface EvaluationResult {
  samples: number;
  /** One entry per class in the network's order; none is left out. */
  classes: ClassEvaluation[];
  /** Mean over the classes that have an AUC; null where none has. */
  meanAuc: number | null;
  undefinedClasses: string[];
  /** The four best classes by AUC, best first; fewer where fewer have one. */
  best: string[];
}

function evaluateClass(
  yTrue: Float64Array,
  score: Float64Array,
  index: number,
  options: ScoreOptions & { name: string },
): ClassEvaluation {
  const { name } = options;
  const counts = countClasses(yTrue, score, options);
  const reason = undefinedReason(counts);
  const base = { name, index, ...counts, averagePrecision: averagePrecision(yTrue, score, options) };
  if (reason) return { ...base, auc: null, reason, interval: null, curve: null };
  const { fpr, tpr, thresholds } = rocCurve(yTrue, score, options);
  return {
    ...base,
    auc: auc(fpr, tpr),
    reason: null,
    interval: aucInterval(yTrue, score, options),
    curve: {
      fpr: [...fpr],
      tpr: [...tpr],
      thresholds: [...thresholds].map((t) => (Number.isFinite(t) ? t : null)),
    },
  };
}

/**
 * ROC curves and AUCs of `predictions[b,classes]` against `labels[b,classes]` (0 or 1).
 * @throws DataError if the shapes disagree or a label is not binary; UsageError for arguments of another type;
 *   NonFiniteError naming the class and the row if a prediction is not finite
 */
export function evaluate(
  predictions: ArrayLike<number>,
  labels: ArrayLike<number>,
  names: readonly string[],
  options: EvaluateOptions = {},
): EvaluationResult {
  requireFields('The options of evaluate', options, ['unknownLabels']);
  const { unknownLabels = false } = options;
  if (!Array.isArray(names) || names.some((name) => typeof name !== 'string')) {
    throw new UsageError(`The names are ${shown(names)}, they must be an array with one string per class.`);
  }
  const classes = names.length;
  checkMatrices(labels, predictions, classes);
  const results = names.map((name, c) =>
    evaluateClass(column(labels, classes, c), column(predictions, classes, c), c, { name, unknownLabels }),
  );
  const aucs = results.map((r) => r.auc);
  const defined = aucs.filter((a): a is number => a !== null);
  return {
    samples: predictions.length / classes,
    classes: results,
    meanAuc: defined.length ? defined.reduce((sum, a) => sum + a, 0) / defined.length : null,
    undefinedClasses: results.filter((r) => r.auc === null).map((r) => r.name),
    best: bestClasses(aucs).map((i) => names[i]),
  };
}
