/** The rows of one CSV, column by column: what every other file of this room works on. */
import { firstIndex, listOfNumbers, requireObject, shown } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';

export interface Frame {
  /** Where the rows came from, for messages. */
  readonly file: string;
  /** File name of each row's image. */
  readonly images: readonly string[];
  /** Patient of each row: equal ids are equal text, see `readPatientId`. */
  readonly patientIds: readonly string[];
  /** Names of the label columns, in the order of `labels`. */
  readonly classes: readonly string[];
  /** labels[row, class], 0 or 1. */
  readonly labels: Uint8Array;
  /** Line of the file that each row ends on, from 1; what a message should name. */
  readonly lines: readonly number[];
}

/**
 * For frames that were made by hand: one label a class and row, each 0 or 1.
 * @throws UsageError for parts that are missing or of another type; DataError for labels of another number or value
 */
export function checkFrame(frame: Frame): void {
  requireObject('The frame', frame);
  for (const part of ['images', 'classes'] as const) {
    if (!Array.isArray(frame[part])) {
      throw new UsageError(`The frame's ${part} are ${shown(frame[part])}, they must be an array of names.`);
    }
  }
  const { file, images, classes, labels } = frame;
  listOfNumbers("The frame's labels", labels);
  if (labels.length !== images.length * classes.length) {
    throw new DataError(
      `${file}: ${labels.length} labels for ${images.length} images of ${classes.length} classes.`,
    );
  }
  const bad = firstIndex(labels, (label) => label !== 0 && label !== 1);
  if (bad >= 0) {
    const image = images[Math.floor(bad / classes.length)];
    throw new DataError(`${file}: a label of ${image} is ${labels[bad]}.`, 'Labels must be 0 or 1.');
  }
}

/** The rows at the given positions, in the given order. */
export function selectRows(frame: Frame, rows: ArrayLike<number>): Frame {
  const classes = frame.classes.length;
  const labels = new Uint8Array(rows.length * classes);
  const images: string[] = [];
  const patientIds: string[] = [];
  const lines: number[] = [];
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    images.push(frame.images[row]);
    patientIds.push(frame.patientIds[row]);
    lines.push(frame.lines[row]);
    labels.set(frame.labels.subarray(row * classes, (row + 1) * classes), i * classes);
  }
  return { file: frame.file, images, patientIds, classes: frame.classes, labels, lines };
}

/** Positives of each class: counts[class]. */
export function countPositives(frame: Frame): number[] {
  const classes = frame.classes.length;
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < frame.labels.length; i++) counts[i % classes] += frame.labels[i];
  return counts;
}
