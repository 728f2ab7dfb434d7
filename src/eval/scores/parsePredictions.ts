/** Predictions out of a CSV: see predictionsCsv.ts. A file of its own, as the page writes such files and reads none. */
import { DataError } from '../../core/errors.js';
import {
  type CsvTable,
  columnIndexes,
  type FrameOptions,
  frameFromTable,
  parseCsv,
} from '../../data/tables/csv.js';
import { cellNumber } from '../../data/tables/csvCells.js';
import { LABELS, PATIENT_COLUMN, PREDICTION_SUFFIX } from '../../data/tables/labels.js';
import type { PredictionTable } from './predictionsCsv.js';

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
