/** From which probability on a finding counts as found: a point on each class's ROC curve, of validation images. */
import { listOfStrings, requireObject } from '../../core/arguments.js';
import { checkMatrices } from './averages.js';
import type { PredictionTable } from './predictionsCsv.js';
import { rocCurve } from './roc.js';

/** Where a class is cut, and what that does to the images it was chosen on. */
export interface OperatingPoint {
  readonly label: string;
  /** A probability at or above it is a finding. */
  readonly threshold: number;
  /** Share of the images with the finding that are found, 0..1. */
  readonly sensitivity: number;
  /** Share of those without it that are not, 0..1. */
  readonly specificity: number;
}

/** As kept beside a weight file: `x.points.json` beside `x.h5`. */
export interface OperatingPointsFile {
  readonly format: 'chexgpu operating points';
  readonly version: 1;
  readonly rule: "Youden's J";
  /** Images they were chosen on, and in words which ones. */
  readonly images: number;
  readonly from: string;
  readonly points: readonly OperatingPoint[];
}

/**
 * Youden's point of a class: the threshold with the largest sensitivity + specificity - 1; the highest of several
 * (W. J. Youden, "Index for rating diagnostic tests", Cancer 3, 1950). Half way down to the next score, as far from the
 * images on either side.
 * @param truth truth[b], 0 or 1, NaN where unknown
 * @param scores scores[b], 0..1
 * @throws DataError where one of the two labels does not occur; as `rocCurve`
 */
export function youdenPoint(truth: Float64Array, scores: Float64Array, label: string): OperatingPoint {
  const { fpr, tpr, thresholds } = rocCurve(truth, scores, {
    name: label,
    unknownLabels: true,
    dropIntermediate: false,
  });
  let best = 0;
  for (let k = 1; k < tpr.length; k++) if (tpr[k] - fpr[k] > tpr[best] - fpr[best]) best = k;
  const here = Math.min(1, thresholds[best]);
  const next = best + 1 < thresholds.length ? thresholds[best + 1] : here;
  return { label, threshold: (here + next) / 2, sensitivity: tpr[best], specificity: 1 - fpr[best] };
}

/**
 * Youden's point of every class.
 * @param from which images these are, in words
 * @throws UsageError for what is no table, DataError if the shapes disagree; as `youdenPoint`
 */
export function operatingPoints(
  table: Pick<PredictionTable, 'labels' | 'truth' | 'predictions'>,
  from: string,
): OperatingPointsFile {
  requireObject('The table', table);
  const { labels, truth, predictions } = table;
  listOfStrings('labels', labels, 'name');
  checkMatrices(truth, predictions, labels.length);
  const images = truth.length / labels.length;
  const column = (matrix: Float64Array, c: number) =>
    Float64Array.from({ length: images }, (_, row) => matrix[row * labels.length + c]);
  const points = labels.map((label, c) => youdenPoint(column(truth, c), column(predictions, c), label));
  return { format: 'chexgpu operating points', version: 1, rule: "Youden's J", images, from, points };
}
