/**
 * Predictions as CSV: `Image, PatientId`, the labels, then one `<Label>_pred` column per label. Columns
 * are found by name, so files with more columns or another order (the course's own) read as well.
 */

import { listOfNumbers, listOfStrings, requireArray, requireObject } from '../../core/arguments.js';
import { DataError, NonFiniteError } from '../../core/errors.js';
import { quoted } from '../../data/tables/csvCells.js';
import { IMAGE_COLUMN, PATIENT_COLUMN, PREDICTION_SUFFIX } from '../../data/tables/labels.js';

/** Rows of predictions beside the truth; matrices are row-major. */
export interface PredictionTable {
  /** The classes, in the network's order. */
  labels: readonly string[];
  images: string[];
  /** As in `Frame`; '' throughout where nobody knows them, and then the file has no such column. */
  patientIds: string[];
  /** truth[b,classes], 0 or 1; NaN where unknown, an empty cell in the file. */
  truth: Float64Array;
  /** predictions[b,classes], 0..1. */
  predictions: Float64Array;
}

/** As it can be written: also with what a network gives. */
export type PredictionRows = Pick<PredictionTable, 'labels' | 'images' | 'patientIds'> & {
  truth: ArrayLike<number>;
  predictions: Float64Array | Float32Array;
};

/** The shortest decimal that reads back as the same float32. */
export function formatFloat32(value: number): string {
  const wanted = Math.fround(value);
  // Six digits always survive the way through float32 and nine always suffice.
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(wanted.toPrecision(digits)));
    if (Math.fround(Number(text)) === wanted) return text;
  }
  return String(Number(wanted.toPrecision(9)));
}

/**
 * A network's numbers as the decimals that `formatFloat32` writes: what is scored in memory is then what a
 * reader of the file gets, to the last bit.
 */
export function asWritten(values: Float32Array): Float64Array {
  return Float64Array.from(values, (value) => Number(formatFloat32(value)));
}

/** A prediction's shortest text that reads back as the same number of its kind. */
const formatterOf = (predictions: PredictionRows['predictions']) =>
  predictions instanceof Float32Array ? formatFloat32 : String;

/**
 * @throws DataError if the columns differ in length, a label is not 0 or 1, or a prediction lies outside
 * 0..1; NonFiniteError naming the image and the class if a prediction is not finite.
 */
export function predictionsToCsv(table: PredictionRows): string {
  requireRows(table);
  const { labels, images, patientIds, truth, predictions } = table;
  requireArray('patientIds', patientIds, "with each row's patient");
  listOfNumbers('truth', truth);
  const classes = labels.length;
  const cells = images.length * classes;
  const format = formatterOf(predictions);
  if (patientIds.length !== images.length || truth.length !== cells || predictions.length !== cells) {
    throw new DataError(
      `${images.length} images of ${classes} classes need ${images.length} patients, ${cells} labels and ` +
        `${cells} predictions; got ${patientIds.length}, ${truth.length} and ${predictions.length}.`,
    );
  }
  const known = patientIds.some((id) => id !== '');
  const header = [
    IMAGE_COLUMN,
    ...(known ? [PATIENT_COLUMN] : []),
    ...labels,
    ...labels.map((l) => l + PREDICTION_SUFFIX),
  ];
  const lines = [header.map(quoted).join(',')];
  for (let b = 0; b < images.length; b++) {
    const fields = [quoted(images[b])];
    if (known) fields.push(quoted(String(patientIds[b])));
    for (let c = 0; c < classes; c++) {
      const y = truth[b * classes + c];
      if (y !== 0 && y !== 1 && !Number.isNaN(y))
        throw new DataError(`${images[b]}: the label ${labels[c]} is ${y}, not 0 or 1.`);
      fields.push(Number.isNaN(y) ? '' : String(y));
    }
    for (let c = 0; c < classes; c++) {
      const p = predictions[b * classes + c];
      if (!Number.isFinite(p))
        throw new NonFiniteError(`${images[b]}: the prediction for ${labels[c]} is ${p}.`);
      if (p < 0 || p > 1)
        throw new DataError(`${images[b]}: the prediction for ${labels[c]} is ${p}, not 0..1.`);
      fields.push(format(p));
    }
    lines.push(fields.join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** @throws UsageError for what is no table of predictions */
function requireRows(table: Pick<PredictionRows, 'labels' | 'images' | 'predictions'>): void {
  requireObject('The table', table);
  listOfStrings('labels', table.labels, 'name');
  listOfStrings('images', table.images, 'name');
  listOfNumbers('predictions', table.predictions);
}

/** Probabilities of images whose labels nobody knows: `Image`, then one `<Label>_pred` column per label. */
export function probabilitiesToCsv(table: Pick<PredictionRows, 'labels' | 'images' | 'predictions'>): string {
  requireRows(table);
  const { labels, images, predictions } = table;
  if (predictions.length !== labels.length * images.length) {
    throw new DataError(
      `${predictions.length} predictions do not fit ${images.length} images of ${labels.length} classes.`,
    );
  }
  const format = formatterOf(predictions);
  const lines = [[IMAGE_COLUMN, ...labels.map((l) => l + PREDICTION_SUFFIX)].map(quoted).join(',')];
  for (const [b, image] of images.entries()) {
    const row = [...predictions.subarray(b * labels.length, (b + 1) * labels.length)];
    lines.push([quoted(image), ...row.map((p) => format(p))].join(','));
  }
  return `${lines.join('\n')}\n`;
}
