/**
 * The one reader of tables: a header and rows of as many cells, columns found by name, every value checked. A
 * file that cannot be trusted to the last cell is refused, with its name, line and column.
 */

import { shown } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { whole } from '../../core/formatting.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { cellNumber, otherSeparator, unknownCells } from './csvCells.js';
import { csvRecords } from './csvRecords.js';
import type { Frame } from './frame.js';
import { IMAGE_COLUMN, LABELS, PATIENT_COLUMN } from './labels.js';
import { readPatientId } from './patients.js';

export interface CsvTable {
  readonly file: string;
  /** Names of the columns; '' for one without a name, such as the index that pandas writes first. */
  readonly header: readonly string[];
  /** Line of the file that the header ends on. */
  readonly headerLine: number;
  /** Cells of each row, trimmed; as many as the header has. */
  readonly rows: readonly (readonly string[])[];
  /** Line of the file that each row ends on, from 1. */
  readonly lines: readonly number[];
}

/** PadChest's table has some 6 million. */
const MOST_CELLS = 40_000_000;

/**
 * Splits CSV text (with or without a byte order mark, lines ending in LF, CRLF, CR or a mixture) into a header
 * and rows. Blank lines, and those of commas only, are skipped; so are empty cells beyond the last column that
 * has a name.
 * @param file named in messages
 * @throws DataError for broken quoting, an empty file, another separator than the comma (named), a row with
 * more or fewer cells than the header, or a table that is too large
 */
export function parseCsv(text: string, file: string): CsvTable {
  const records = csvRecords(text, file);
  // What spreadsheets are told in a line before the header.
  if (records[0]?.cells.join(',') === 'sep=,') records.shift();
  const first = records[0];
  if (first === undefined) {
    throw new DataError(
      `${file} is empty.`,
      'Write a header line with the column names, then one line per image.',
    );
  }
  if (first.cells.length === 1 && first.cells[0].startsWith('#')) {
    throw new DataError(
      `${file}, line ${first.line} is a comment, not the column names.`,
      'Remove such lines.',
    );
  }
  refuseOtherSeparator(first.cells, file, first.line);
  const header = first.cells.slice(0, first.cells.findLastIndex((name) => name !== '') + 1);
  const rows: string[][] = [];
  const lines: number[] = [];
  for (const { cells, line } of records.slice(1)) {
    const beyond = cells.length > first.cells.length ? cells.slice(first.cells.length) : [];
    if (cells.length < header.length || beyond.some((cell) => cell !== '')) {
      throw wrongCount(cells, first.cells.length, file, line);
    }
    rows.push(cells.length > header.length ? cells.slice(0, header.length) : cells);
    lines.push(line);
    if (rows.length * header.length > MOST_CELLS) {
      throw new DataError(
        `${file} has more than ${whole(MOST_CELLS)} cells.`,
        'Leave out columns that are not needed, or cut it into parts.',
      );
    }
  }
  return { file, header, headerLine: first.line, rows, lines };
}

/** The names of the columns, whatever the rows hold. @throws DataError as `parseCsv` for the header line */
export function csvHeader(text: string, file: string): readonly string[] {
  return csvRecords(text, file, 1)[0]?.cells ?? [];
}

function refuseOtherSeparator(cells: readonly string[], file: string, line: number): void {
  const separator = otherSeparator(cells);
  if (separator === null) return;
  throw new DataError(
    `${file}, line ${line}: the cells are separated by ${separator}, not by commas.`,
    'Save it with commas between the cells, and with points in the numbers (0.5).',
  );
}

function wrongCount(cells: readonly string[], wanted: number, file: string, line: number): DataError {
  if (cells.length < wanted) refuseOtherSeparator(cells, file, line);
  return new DataError(
    `${file}, line ${line}: ${cells.length} cells where the header has ${wanted}.`,
    'Give every row one cell for each column, and quote cells that hold commas.',
  );
}

export interface FrameOptions {
  /** Label columns, in the order wanted in the result; default: the 14 findings in the notebook's order. */
  readonly classes?: readonly string[];
  readonly imageColumn?: string;
  /** Null where nobody asks for patients: their ids are '' then. */
  readonly patientColumn?: string | null;
  /**
   * What cells of unknown labels hold, '' for an empty one: such a label becomes NaN, and labels are floats. Default:
   * no label is unknown, and such cells are refused.
   */
  readonly unknownLabels?: readonly string[];
}

/**
 * Reads the text of an assignment CSV.
 * @returns images, patients and labels[row, class] by column name, whatever the order of the columns
 * @throws DataError naming file, line and column for a missing or repeated column, an empty cell, a label that
 * is not 0 or 1, a PatientId that is a number but no whole one, or a file without rows
 */
export function parseFrame(text: string, file: string, options: FrameOptions = {}): Frame {
  if (typeof text !== 'string') throw new UsageError(`The table is ${shown(text)}, it must be a text.`);
  refuseMisspelt('The options of a table', options, ['classes', 'unknownLabels']);
  return frameFromTable(parseCsv(text, file), options);
}

/** Differences in spelling that people do not see. */
const spelling = (name: string): string => name.toLowerCase().replace(/[\s_-]/g, '');

/** The columns' positions. @throws DataError when the header has one of them twice, or lacks one */
export function columnIndexes({ file, header, headerLine }: CsvTable, names: readonly string[]): number[] {
  const found = names.map((name) => header.indexOf(name));
  for (const [i, name] of names.entries()) {
    const again = header.indexOf(name, found[i] + 1);
    if (found[i] < 0 || again < 0) continue;
    throw new DataError(
      `${file}, line ${headerLine}: the column "${name}" occurs twice (columns ${found[i] + 1} and ${again + 1}).`,
      'Keep only one column of each name.',
    );
  }
  const missing = names[found.indexOf(-1)];
  if (missing === undefined) return found;
  throw new DataError(`${file}: the column "${missing}" is missing.`, missingHint(header, missing));
}

/** As `columnIndexes`, of one. */
export const columnIndex = (table: CsvTable, name: string): number => columnIndexes(table, [name])[0];

function missingHint(header: readonly string[], name: string): string {
  const near = header.find((other) => spelling(other) === spelling(name));
  if (near !== undefined) return `Rename the column "${near}"; upper and lower case count.`;
  if (header.includes('Finding Labels')) {
    return "This is NIH's own table; a column of 0 and 1 for each finding is wanted.";
  }
  const nameless = header.indexOf('', 1);
  const also = nameless < 0 ? '' : ` (column ${nameless + 1} has no name)`;
  const names = header.filter((other) => other !== '');
  const shown = names.length > 40 ? [...names.slice(0, 40), '...'] : names;
  const others = (LABELS as readonly string[]).includes(name)
    ? ' Name other label columns with `labels`.'
    : '';
  return `Add it; the columns found are ${shown.join(', ')}${also}.${others}`;
}

/** As `parseFrame`, from a table already split into cells. */
export function frameFromTable(table: CsvTable, options: FrameOptions = {}): Frame {
  const classes = options.classes ?? LABELS;
  const imageColumn = options.imageColumn ?? IMAGE_COLUMN;
  const { patientColumn = PATIENT_COLUMN } = options;
  const [imageAt, ...classAt] = columnIndexes(table, [imageColumn, ...classes]);
  const patientAt = patientColumn === null ? null : columnIndex(table, patientColumn);
  if (table.rows.length === 0) {
    throw new DataError(`${table.file} has a header but no rows.`, 'Add one line for each image.');
  }
  const images: string[] = [];
  const patientIds: string[] = [];
  const isUnknown = options.unknownLabels && unknownCells(options.unknownLabels);
  const length = table.rows.length * classes.length;
  const labels = isUnknown ? new Float32Array(length) : new Uint8Array(length);
  for (const [row, cells] of table.rows.entries()) {
    const line = table.lines[row];
    images.push(imageName(cells[imageAt], table.file, line, imageColumn));
    patientIds.push(
      patientColumn === null || patientAt === null
        ? ''
        : patientOf(cells[patientAt], table.file, line, patientColumn),
    );
    for (let c = 0; c < classes.length; c++) {
      const cell = cells[classAt[c]];
      labels[row * classes.length + c] = isUnknown?.(cell)
        ? Number.NaN
        : readLabel(cell, table.file, line, classes[c]);
    }
  }
  return { file: table.file, images, patientIds, classes: [...classes], labels, lines: table.lines };
}

/** The image in a cell. @throws DataError naming file, line and column of an empty one */
export function imageName(text: string, file: string, line: number, column: string): string {
  if (text === '') {
    throw new DataError(`${file}, line ${line}, column "${column}": empty.`, 'Write the image file name.');
  }
  return text;
}

/** The patient in a cell, see `readPatientId`. @throws DataError naming file, line and column */
export function patientOf(text: string, file: string, line: number, column: string): string {
  const id = readPatientId(text);
  if (id !== null) return id;
  throw new DataError(
    `${file}, line ${line}, column "${column}": ${quoted(text)} is not a patient number.`,
    /e\+/i.test(text)
      ? 'A spreadsheet has rounded it: save that column as text.'
      : 'Write a whole number, 0 or more, or a word of your own.',
  );
}

function readLabel(text: string, file: string, line: number, column: string): number {
  const label = cellNumber(text);
  if (label !== 0 && label !== 1) {
    throw new DataError(
      `${file}, line ${line}, column "${column}": ${quoted(text)} is not a label.`,
      'Write 1 where the finding is present and 0 where it is not.',
    );
  }
  return Math.abs(label);
}

function quoted(text: string): string {
  if (text === '') return 'an empty cell';
  return `"${text.length > 60 ? `${text.slice(0, 60)}...` : text}"`;
}
