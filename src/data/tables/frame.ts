/** The rows of one CSV, column by column: what every other file of src/data works on. */
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
  /** labels[row, class], 0 or 1; NaN where unknown, which only floats can hold. */
  readonly labels: Uint8Array | Float32Array;
  /** Line of the file that each row ends on, from 1; what a message should name. */
  readonly lines: readonly number[];
}

/**
 * For frames that were made by hand: one label per class and row, each 0 or 1, or NaN where unknown.
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
  const bad = firstIndex(labels, (label) => label !== 0 && label !== 1 && !Number.isNaN(label));
  if (bad >= 0) {
    const image = images[Math.floor(bad / classes.length)];
    throw new DataError(`${file}: a label of ${image} is ${labels[bad]}.`, 'Labels must be 0 or 1.');
  }
}

/** So many labels of the frame's own type, 0 all of them. */
export function noLabels({ labels }: Pick<Frame, 'labels'>, length: number): Frame['labels'] {
  return labels instanceof Float32Array ? new Float32Array(length) : new Uint8Array(length);
}

/** The rows at the given positions, in the given order. */
export function selectRows(frame: Frame, rows: ArrayLike<number>): Frame {
  const classes = frame.classes.length;
  const labels = noLabels(frame, rows.length * classes);
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
  for (let i = 0; i < frame.labels.length; i++) if (frame.labels[i] === 1) counts[i % classes]++;
  return counts;
}

/** Rows whose label is known, of each class: counts[class]. */
export function countKnown(frame: Frame): number[] {
  const classes = frame.classes.length;
  const counts = new Array<number>(classes).fill(0);
  for (let i = 0; i < frame.labels.length; i++) if (!Number.isNaN(frame.labels[i])) counts[i % classes]++;
  return counts;
}

/** Whether any label is unknown. */
export const hasUnknown = ({ labels }: Pick<Frame, 'labels'>): boolean =>
  labels instanceof Float32Array && firstIndex(labels, Number.isNaN) >= 0;
