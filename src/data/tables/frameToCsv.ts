/** A frame as an assignment CSV. */
import { quoted } from './csvCells.js';
import type { Frame } from './frame.js';
import { CSV_COLUMNS, IMAGE_COLUMN, PATIENT_COLUMN } from './labels.js';

/** The columns Image, PatientId and the 14 findings in the order of the assignment's files. */
export function frameToCsv({ images, patientIds, classes, labels }: Omit<Frame, 'file' | 'lines'>): string {
  const classAt = CSV_COLUMNS.map((column) => classes.indexOf(column));
  const rows = images.map((image, row) =>
    CSV_COLUMNS.map((column, c) => {
      if (column === IMAGE_COLUMN) return quoted(image);
      if (column === PATIENT_COLUMN) return quoted(patientIds[row]);
      return labels[row * classes.length + classAt[c]];
    }).join(','),
  );
  return `${[CSV_COLUMNS.join(','), ...rows].join('\n')}\n`;
}
