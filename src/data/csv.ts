/**
 * The assignment's CSVs: one row an image, columns found by name, every value checked. A file that
 * cannot be trusted to the last cell is refused, with its name, line and column.
 */
import { type CsvError, parse } from 'csv-parse/browser/esm/sync';
import { DataError } from '../core/errors.js';
import type { Frame } from './frame.js';
import { IMAGE_COLUMN, LABELS, PATIENT_COLUMN } from './labels.js';

export interface CsvTable {
  readonly file: string;
  readonly header: readonly string[];
  /** Cells of each row, trimmed; as many as the header has. */
  readonly rows: readonly (readonly string[])[];
  /** Line of the file that each row ends on, from 1. */
  readonly lines: readonly number[];
}

interface ParsedRecord {
  record: string[];
  info: { lines: number };
}

/**
 * Splits CSV text (RFC 4180, with or without a byte order mark, LF or CRLF) into a header and rows.
 * Blank lines are skipped.
 * @param file named in messages
 * @throws DataError for broken quoting, an empty file, a header with empty or repeated names, or a row with
 * more or fewer cells than the header
 */
export function parseCsv(text: string, file: string): CsvTable {
  const records = parseRecords(text, file);
  if (records.length === 0) {
    throw new DataError(
      `${file} is empty.`,
      'Write a header line with the column names, then one line an image.',
    );
  }
  const header = records[0].record;
  const headerLine = records[0].info.lines;
  for (const [i, name] of header.entries()) {
    if (name === '') {
      throw new DataError(`${file}, line ${headerLine}: column ${i + 1} has no name.`, 'Name or remove it.');
    }
    if (header.indexOf(name) !== i) {
      throw new DataError(
        `${file}, line ${headerLine}: the column "${name}" occurs twice.`,
        'Keep only one column of each name.',
      );
    }
  }
  const rows: string[][] = [];
  const lines: number[] = [];
  for (const { record, info } of records.slice(1)) {
    if (record.length !== header.length) {
      throw new DataError(
        `${file}, line ${info.lines}: ${record.length} cells where the header has ${header.length}.`,
        'Give every row one cell for each column, and quote cells that hold commas.',
      );
    }
    rows.push(record);
    lines.push(info.lines);
  }
  return { file, header, rows, lines };
}

function parseRecords(text: string, file: string): ParsedRecord[] {
  try {
    return parse(text, {
      bom: true,
      info: true,
      trim: true,
      skip_empty_lines: true,
      relax_column_count: true,
    }) as unknown as ParsedRecord[];
  } catch (cause) {
    const { message, lines } = cause as CsvError & { lines?: number };
    const where = lines === undefined ? file : `${file}, line ${lines}`;
    throw new DataError(`${where}: not a readable CSV (${message}).`, 'Check the quotes on that line.', {
      cause,
    });
  }
}

export interface FrameOptions {
  /** Label columns, in the order wanted in the result; default: the 14 findings in the notebook's order. */
  readonly classes?: readonly string[];
  readonly imageColumn?: string;
  readonly patientColumn?: string;
}

/**
 * Reads the text of an assignment CSV.
 * @returns images, patients and labels[row, class] by column name, whatever the order of the columns
 * @throws DataError naming file, line and column for a missing column, an empty cell, a label that is not 0 or
 * 1, a PatientId that is no whole number, or a file without rows
 */
export function parseFrame(text: string, file: string, options: FrameOptions = {}): Frame {
  return frameFromTable(parseCsv(text, file), options);
}

/** The column's position. @throws DataError when the header lacks it */
export function columnIndex(table: CsvTable, name: string): number {
  const index = table.header.indexOf(name);
  if (index < 0) {
    const near = table.header.find((other) => other.toLowerCase() === name.toLowerCase());
    throw new DataError(
      `${table.file}: the column "${name}" is missing.`,
      near === undefined
        ? `Add it; the columns found are ${table.header.join(', ')}.`
        : `Rename the column "${near}"; upper and lower case count.`,
    );
  }
  return index;
}

/** As `parseFrame`, from a table already split into cells. */
export function frameFromTable(table: CsvTable, options: FrameOptions = {}): Frame {
  const classes = options.classes ?? LABELS;
  const imageColumn = options.imageColumn ?? IMAGE_COLUMN;
  const patientColumn = options.patientColumn ?? PATIENT_COLUMN;
  const imageAt = columnIndex(table, imageColumn);
  const patientAt = columnIndex(table, patientColumn);
  const classAt = classes.map((name) => columnIndex(table, name));
  if (table.rows.length === 0) {
    throw new DataError(`${table.file} has a header but no rows.`, 'Add one line for each image.');
  }
  const images: string[] = [];
  const patientIds: number[] = [];
  const labels = new Uint8Array(table.rows.length * classes.length);
  for (const [row, cells] of table.rows.entries()) {
    const line = table.lines[row];
    images.push(readImageName(cells[imageAt], table.file, line, imageColumn));
    patientIds.push(readPatientId(cells[patientAt], table.file, line, patientColumn));
    for (let c = 0; c < classes.length; c++) {
      labels[row * classes.length + c] = readLabel(cells[classAt[c]], table.file, line, classes[c]);
    }
  }
  return { file: table.file, images, patientIds, classes: [...classes], labels, lines: table.lines };
}

function readImageName(text: string, file: string, line: number, column: string): string {
  if (text === '') {
    throw new DataError(`${file}, line ${line}, column "${column}": empty.`, 'Write the image file name.');
  }
  return text;
}

/** Whole numbers; pandas writes an integer column that once held a gap as 8270.0. */
function readPatientId(text: string, file: string, line: number, column: string): number {
  const id = /^\d+(\.0*)?$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(id)) {
    throw new DataError(
      `${file}, line ${line}, column "${column}": ${quoted(text)} is not a patient number.`,
      'Write a whole number, 0 or more.',
    );
  }
  return id;
}

function readLabel(text: string, file: string, line: number, column: string): number {
  if (!/^[01](\.0*)?$/.test(text)) {
    throw new DataError(
      `${file}, line ${line}, column "${column}": ${quoted(text)} is not a label.`,
      'Write 1 where the finding is present and 0 where it is not.',
    );
  }
  return text.charCodeAt(0) - 48;
}

function quoted(text: string): string {
  return text === '' ? 'an empty cell' : `"${text}"`;
}
