/**
 * Predictions as CSV: `Image, PatientId`, the labels, then one `<Label>_pred` column per label. Columns
 * are found by name, so files with more columns or another order (the course's own) read as well.
 */

import { DataError, NonFiniteError } from '../../core/errors.js';
import {
  type CsvTable,
  columnIndexes,
  type FrameOptions,
  frameFromTable,
  parseCsv,
} from '../../data/tables/csv.js';
import { cellNumber, quoted } from '../../data/tables/csvCells.js';
import { IMAGE_COLUMN, LABELS, PATIENT_COLUMN, PREDICTION_SUFFIX } from '../../data/tables/labels.js';

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
  const { labels, images, patientIds, truth, predictions } = table;
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

/** Probabilities of images whose labels nobody knows: `Image`, then one `<Label>_pred` column per label. */
export function probabilitiesToCsv(table: Pick<PredictionRows, 'labels' | 'images' | 'predictions'>): string {
  const { labels, images, predictions } = table;
  const format = formatterOf(predictions);
  const lines = [[IMAGE_COLUMN, ...labels.map((l) => l + PREDICTION_SUFFIX)].map(quoted).join(',')];
  for (const [b, image] of images.entries()) {
    const row = [...predictions.subarray(b * labels.length, (b + 1) * labels.length)];
    lines.push([quoted(image), ...row.map((p) => format(p))].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/**
 * The classes that a file has predictions of, by its `<Label>_pred` columns: the notebook's findings in their
 * order, then others in the file's.
 * @throws DataError where it has none, or where a finding has labels and no predictions
 */
function predictedLabels({ file, header }: CsvTable): string[] {
  const found = header
    .filter((name) => name.endsWith(PREDICTION_SUFFIX))
    .map((name) => name.slice(0, -PREDICTION_SUFFIX.length));
  if (found.length === 0) {
    throw new DataError(
      `${file} has no column whose name ends in ${PREDICTION_SUFFIX}.`,
      `Head each class's predictions with its name and ${PREDICTION_SUFFIX}.`,
    );
  }
  if (found.every((label) => !header.includes(label))) {
    throw new DataError(
      `${file} holds predictions but no labels: the column "${found[0]}" is missing, and all others like it.`,
      'Add a column of 0 and 1 for each class, or predict the rows of a CSV, which has them.',
    );
  }
  const known: readonly string[] = LABELS;
  const inOrder = known.filter((label) => found.includes(label) || header.includes(label));
  return [...inOrder, ...found.filter((label) => !known.includes(label))];
}

/**
 * Reads what `predictionsToCsv` writes, in float64; for the file system, `readPredictionsCsv`.
 * @param labels the classes wanted, in that order; null for all that the file has predictions of
 * @param file only named in errors
 * @param options what cells of unknown labels hold: [''] as `predictionsToCsv` writes them
 * @throws DataError naming the file, the line and the column: missing or repeated column, empty image name,
 * label other than 0 or 1, prediction that is no number in 0..1, no rows.
 */
export function predictionsFromCsv(
  text: string,
  labels: readonly string[] | null,
  file = 'predictions',
  { unknownLabels }: Pick<FrameOptions, 'unknownLabels'> = {},
): PredictionTable {
  const csv = parseCsv(text, file);
  const classes = labels ?? predictedLabels(csv);
  const columns = classes.map((label) => label + PREDICTION_SUFFIX);
  const positions = columnIndexes(csv, columns);
  // No score needs the patients.
  const patientColumn = csv.header.includes(PATIENT_COLUMN) ? PATIENT_COLUMN : null;
  const frame = frameFromTable(csv, { classes, patientColumn, unknownLabels });
  const predictions = new Float64Array(csv.rows.length * classes.length);
  csv.rows.forEach((row, b) => {
    positions.forEach((position, c) => {
      const p = cellNumber(row[position]);
      if (!(p >= 0 && p <= 1)) {
        const comma = /^\d*,\d+$/.test(row[position]) ? ', with a point instead of the comma' : '';
        throw new DataError(
          `${file}, line ${csv.lines[b]}, column "${columns[c]}": "${row[position].slice(0, 60)}" is not a prediction.`,
          `Write a number from 0 to 1${comma}.`,
        );
      }
      // No -0: it would be written as one and is none.
      predictions[b * classes.length + c] = p === 0 ? 0 : p;
    });
  });
  return {
    labels: [...classes],
    images: [...frame.images],
    patientIds: [...frame.patientIds],
    truth: Float64Array.from(frame.labels),
    predictions,
  };
}
