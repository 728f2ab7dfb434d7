/**
 * CSV text into cells (RFC 4180) through csv-parse, as pandas splits it: any mixture of LF, CRLF and CR ends lines,
 * and a quote inside an unquoted cell is a character like any other. Bounded, so that no file can use up the memory.
 */

import { type CsvError, parse } from 'csv-parse/browser/esm/sync';
import { DataError } from '../../core/errors.js';
import { whole } from '../../core/formatting.js';

/** Far above any table of images: the longest reports in public label tables have some 10,000 characters. */
const MOST_LINE = 2 ** 20;

/** MIMIC-CXR, the largest set of chest X-rays, has 377,110 rows. */
const MOST_LINES = 2_000_000;

export interface CsvRecord {
  /** Trimmed, except within quotes. */
  cells: string[];
  /** Line of the text that the record ends on, from 1. */
  line: number;
}

/** How csv-parse calls what went wrong, and what people do about it. */
const PROBLEMS: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  CSV_QUOTE_NOT_CLOSED: [
    'not a readable CSV (a quote is opened and never closed)',
    'Check the quotes on that line.',
  ],
  CSV_NON_TRIMABLE_CHAR_AFTER_CLOSING_QUOTE: [
    'not a readable CSV (there is text behind a closing quote)',
    'Write a quote within quotes twice.',
  ],
  CSV_MAX_RECORD_SIZE: [
    `longer than ${whole(MOST_LINE)} characters`,
    'Give a CSV with one line per image, and check its quotes.',
  ],
};

/**
 * Splits a text into records; those without a single character but blanks and commas are left out.
 * @param file named in messages
 * @param most records to read
 * @throws DataError for a quote that is not closed, text behind a closing quote, a line without end, or too many
 * lines
 */
export function csvRecords(text: string, file: string, most?: number): CsvRecord[] {
  const lines = text.replace(/^\ufeff/, '').replace(/\r\n?/g, '\n');
  checkLines(lines, file);
  const records: CsvRecord[] = [];
  try {
    // As bytes: of a text its browser build makes them itself, in half the time that it needs for all the rest.
    parse(new TextEncoder().encode(lines), {
      trim: true,
      relax_column_count: true,
      record_delimiter: '\n',
      relax_quotes: true,
      max_record_size: MOST_LINE,
      skip_records_with_empty_values: true,
      to: most,
      on_record: (cells: string[], { lines: line }) => {
        records.push({ cells, line });
        return null;
      },
    });
    return records;
  } catch (cause) {
    const { code, message, lines: at } = cause as CsvError & { lines?: number };
    // A quote without end is noticed on the last line; it was opened behind the last whole record.
    const line = code === 'CSV_QUOTE_NOT_CLOSED' ? (records.at(-1)?.line ?? 0) + 1 : at;
    const [what, hint] = PROBLEMS[code] ?? [`not a readable CSV (${message})`, 'Check that line.'];
    const where = line === undefined ? file : `${file}, line ${line}`;
    throw new DataError(`${where}: ${what}.`, hint, { cause });
  }
}

/** Before the parser: it would hold a line of 200 MB several times, and millions of blank lines one by one. */
function checkLines(text: string, file: string): void {
  let line = 0;
  for (let begin = 0; begin < text.length; ) {
    const found = text.indexOf('\n', begin);
    const end = found < 0 ? text.length : found;
    line++;
    if (end - begin > MOST_LINE) {
      const [what, hint] = PROBLEMS.CSV_MAX_RECORD_SIZE;
      throw new DataError(`${file}, line ${line}: ${what}.`, hint);
    }
    if (line > MOST_LINES) {
      throw new DataError(`${file} has more than ${whole(MOST_LINES)} lines.`, 'Cut it into parts.');
    }
    begin = end + 1;
  }
}
