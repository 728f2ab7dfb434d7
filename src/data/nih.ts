/**
 * NIH's own label table, Data_Entry_2017(_v2020).csv: one row an image, its findings in one cell as
 * "Cardiomegaly|Effusion" or "No Finding". Both column spellings of the two releases are read.
 */
import { DataError } from '../core/errors.js';
import { type CsvTable, columnIndex, parseCsv } from './csv.js';
import { type Frame, selectRows } from './frame.js';
import { LABELS } from './labels.js';

const NO_FINDING = 'No Finding';

export interface NihTable {
  /** All rows, with the 14 findings in the notebook's order. */
  readonly frame: Frame;
  /** PA or AP, each row. */
  readonly views: readonly string[];
  /** M or F, each row. */
  readonly sexes: readonly string[];
}

/** True for the text of NIH's table rather than an assignment CSV. */
export function isNihTable(text: string): boolean {
  return /^\uFEFF?"?Image Index"?,/.test(text) && text.slice(0, 200).includes('Finding Labels');
}

/** @throws DataError naming file, line and column for a missing column, an unknown finding or a bad patient */
export function parseNihTable(text: string, file: string): NihTable {
  // The 2017 release heads its size columns "OriginalImage[Width,Height]" without quotes and so ends its
  // rows with one more comma than names: only the columns before them are wanted.
  const table = parseCsv(dropSizeColumns(text), file);
  const imageAt = columnIndex(table, 'Image Index');
  const findingsAt = columnIndex(table, 'Finding Labels');
  const patientAt = columnIndex(table, 'Patient ID');
  const sexAt = table.header.includes('Patient Sex')
    ? columnIndex(table, 'Patient Sex')
    : columnIndex(table, 'Patient Gender');
  const viewAt = columnIndex(table, 'View Position');
  if (table.rows.length === 0) throw new DataError(`${file} has a header but no rows.`, 'Fetch it again.');

  const indexOf = new Map<string, number>(LABELS.map((name, i) => [name, i]));
  const labels = new Uint8Array(table.rows.length * LABELS.length);
  const patientIds = table.rows.map((cells, row) => patientNumber(cells[patientAt], table, row));
  for (const [row, cells] of table.rows.entries()) {
    for (const finding of cells[findingsAt].split('|')) {
      if (finding === NO_FINDING) continue;
      const index = indexOf.get(finding);
      if (index === undefined) {
        throw new DataError(
          `${file}, line ${table.lines[row]}, column "Finding Labels": "${finding}" is no known finding.`,
          `Known are ${NO_FINDING}, ${LABELS.join(', ')}.`,
        );
      }
      labels[row * LABELS.length + index] = 1;
    }
  }
  return {
    frame: {
      file,
      images: table.rows.map((cells) => cells[imageAt]),
      patientIds,
      classes: [...LABELS],
      labels,
      lines: table.lines,
    },
    views: table.rows.map((cells) => cells[viewAt]),
    sexes: table.rows.map((cells) => cells[sexAt]),
  };
}

/** The first seven columns of each line; NIH quotes nothing and no cell of those holds a comma. */
function dropSizeColumns(text: string): string {
  return text.replace(/^((?:[^,\r\n]*,){6}[^,\r\n]*),[^\r\n]*$/gm, '$1');
}

function patientNumber(text: string, table: CsvTable, row: number): number {
  if (!/^\d+$/.test(text)) {
    throw new DataError(
      `${table.file}, line ${table.lines[row]}, column "Patient ID": "${text}" is not a patient number.`,
      'Write a whole number, 0 or more.',
    );
  }
  return Number(text);
}

/**
 * The rows of one of NIH's lists (train_val_list.txt, test_list.txt: one image name a line), in the
 * list's order.
 * @throws DataError naming list and line for an image that the table lacks
 */
export function selectList(frame: Frame, list: string, listFile: string): Frame {
  const rowOf = new Map(frame.images.map((image, row) => [image, row]));
  const rows: number[] = [];
  for (const [i, line] of list
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    const image = line.trim();
    if (image === '') continue;
    const row = rowOf.get(image);
    if (row === undefined) {
      throw new DataError(
        `${listFile}, line ${i + 1}: "${image}" is not in ${frame.file}.`,
        'Use the lists and the table of one release.',
      );
    }
    rows.push(row);
  }
  return selectRows(frame, rows);
}
