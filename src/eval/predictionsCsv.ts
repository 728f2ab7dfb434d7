/**
 * Predictions as CSV: `Image, PatientId`, the labels, then one `<Label>_pred` column per label. Columns
 * are found by name, so files with more columns or another order (the course's own) read as well.
 */

import { DataError, NonFiniteError } from '../core/errors.js';
import { columnIndex, frameFromTable, parseCsv } from '../data/csv.js';
import { IMAGE_COLUMN, PATIENT_COLUMN } from '../data/labels.js';

/** Rows of predictions beside the truth; matrices are row-major. */
export interface PredictionTable {
  /** The classes, in the network's order. */
  labels: readonly string[];
  images: string[];
  patientIds: number[];
  /** truth[b,classes], 0 or 1. */
  truth: Float32Array;
  /** predictions[b,classes], 0..1. */
  predictions: Float32Array;
}

const PREDICTION_SUFFIX = '_pred';

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

function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}

/**
 * @throws DataError if the columns differ in length, a label is not 0 or 1, or a prediction lies outside
 * 0..1; NonFiniteError naming the image and the class if a prediction is not finite.
 */
export function predictionsToCsv(table: PredictionTable): string {
  const { labels, images, patientIds, truth, predictions } = table;
  const classes = labels.length;
  const cells = images.length * classes;
  if (patientIds.length !== images.length || truth.length !== cells || predictions.length !== cells) {
    throw new DataError(
      `${images.length} images of ${classes} classes need ${images.length} patients, ${cells} labels and ` +
        `${cells} predictions; got ${patientIds.length}, ${truth.length} and ${predictions.length}.`,
    );
  }
  const header = [IMAGE_COLUMN, PATIENT_COLUMN, ...labels, ...labels.map((l) => l + PREDICTION_SUFFIX)];
  const lines = [header.map(quoted).join(',')];
  for (let b = 0; b < images.length; b++) {
    const fields = [quoted(images[b]), String(patientIds[b])];
    for (let c = 0; c < classes; c++) {
      const y = truth[b * classes + c];
      if (y !== 0 && y !== 1)
        throw new DataError(`${images[b]}: the label ${labels[c]} is ${y}, not 0 or 1.`);
      fields.push(String(y));
    }
    for (let c = 0; c < classes; c++) {
      const p = predictions[b * classes + c];
      if (!Number.isFinite(p))
        throw new NonFiniteError(`${images[b]}: the prediction for ${labels[c]} is ${p}.`);
      if (p < 0 || p > 1)
        throw new DataError(`${images[b]}: the prediction for ${labels[c]} is ${p}, not 0..1.`);
      fields.push(formatFloat32(p));
    }
    lines.push(fields.join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Probabilities of images whose labels nobody knows: `Image`, then one `<Label>_pred` column per label. */
export function probabilitiesToCsv(
  table: Pick<PredictionTable, 'labels' | 'images' | 'predictions'>,
): string {
  const { labels, images, predictions } = table;
  const lines = [[IMAGE_COLUMN, ...labels.map((l) => l + PREDICTION_SUFFIX)].map(quoted).join(',')];
  for (const [b, image] of images.entries()) {
    const row = predictions.subarray(b * labels.length, (b + 1) * labels.length);
    lines.push([quoted(image), ...Array.from(row, formatFloat32)].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** A number between 0 and 1, or null; an empty cell is no number. */
function unitNumber(cell: string): number | null {
  const value = cell === '' ? Number.NaN : Number(cell);
  return value >= 0 && value <= 1 ? value : null;
}

/**
 * Reads what `predictionsToCsv` writes; for the file system, `readPredictionsCsv`.
 * @param file only named in errors
 * @throws DataError naming the file, the line and the column: missing or repeated column, empty image name,
 * label other than 0 or 1, prediction that is no number in 0..1, image listed twice, no rows.
 */
export function predictionsFromCsv(
  text: string,
  labels: readonly string[],
  file = 'predictions',
): PredictionTable {
  // pandas writes its index as a first column without a name, which parseCsv would refuse.
  const csv = parseCsv(text.replace(/^(\ufeff?)(?:"")?,/, '$1(index),'), file);
  const frame = frameFromTable(csv, { classes: labels });
  const columns = labels.map((label) => label + PREDICTION_SUFFIX);
  const positions = columns.map((name) => columnIndex(csv, name));
  const predictions = new Float32Array(csv.rows.length * labels.length);
  const seen = new Map<string, number>();
  csv.rows.forEach((row, b) => {
    const where = `${file}, line ${csv.lines[b]}`;
    const image = frame.images[b];
    const earlier = seen.get(image);
    if (earlier !== undefined) {
      throw new DataError(
        `${where}: ${image} is listed twice, first in line ${earlier}.`,
        'Keep one of them.',
      );
    }
    seen.set(image, csv.lines[b]);
    positions.forEach((position, c) => {
      const p = unitNumber(row[position]);
      if (p === null) {
        throw new DataError(
          `${where}, column "${columns[c]}": "${row[position]}" is not a prediction.`,
          'Write a number from 0 to 1.',
        );
      }
      predictions[b * labels.length + c] = p;
    });
  });
  return {
    labels: [...labels],
    images: [...frame.images],
    patientIds: [...frame.patientIds],
    truth: Float32Array.from(frame.labels),
    predictions,
  };
}
