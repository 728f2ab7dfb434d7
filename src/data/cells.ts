/**
 * CSV text into cells (RFC 4180), as pandas splits it: any mixture of LF, CRLF and CR ends lines, and a quote
 * inside an unquoted cell is a character like any other. Bounded, so that no file can use up the memory.
 */
import { DataError } from '../core/errors.js';

/** Far above any table of images: the longest reports in public label tables have some 10,000 characters. */
const MOST_LINE = 2 ** 20;

/** MIMIC-CXR, the largest set of chest X-rays, has 377,110 rows. */
const MOST_RECORDS = 2_000_000;

export interface CsvRecord {
  /** Trimmed, except within quotes. */
  cells: string[];
  /** Line of the text that the record ends on, from 1. */
  line: number;
}

const LF = 10;
const CR = 13;
const COMMA = 44;
const QUOTE = 34;
const isBlank = (code: number): boolean => code === 32 || code === 9;

/** Splits a text record by record; those without a single character but blanks and commas are left out. */
export class CsvScanner {
  private at: number;
  private line = 1;
  private records = 0;
  /** Where the record begins that is being read. */
  private start = 0;

  /** @param file named in messages */
  constructor(
    private readonly text: string,
    private readonly file: string,
  ) {
    this.at = text.startsWith('\uFEFF') ? 1 : 0;
  }

  /**
   * @throws DataError for a quote that is not closed, text behind a closing quote, a line without end, or too many
   * lines
   */
  next(): CsvRecord | null {
    while (this.at < this.text.length) {
      if (this.records++ > MOST_RECORDS) {
        throw new DataError(
          `${this.file} has more than ${MOST_RECORDS.toLocaleString('en-US')} lines.`,
          'Cut it into parts.',
        );
      }
      const record = this.record();
      if (record.cells.some((cell) => cell !== '')) return record;
    }
    return null;
  }

  private record(): CsvRecord {
    this.start = this.at;
    const cells: string[] = [];
    for (;;) {
      cells.push(this.cell());
      const line = this.line;
      if (this.text.charCodeAt(this.at) === COMMA) {
        this.at++;
        continue;
      }
      this.skipLineEnd();
      return { cells, line };
    }
  }

  private cell(): string {
    const { text } = this;
    const begin = this.at;
    while (isBlank(text.charCodeAt(this.at))) this.at++;
    if (text.charCodeAt(this.at) === QUOTE) return this.quotedCell();
    for (; this.at < text.length; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === COMMA || code === LF || code === CR) break;
    }
    this.checkLength();
    return text.slice(begin, this.at).trim();
  }

  private quotedCell(): string {
    const { text } = this;
    const opened = this.line;
    let value = '';
    let begin = this.at + 1;
    for (;;) {
      const end = text.indexOf('"', begin);
      if (end < 0 || end - this.start > MOST_LINE) {
        throw this.problem(
          opened,
          'not a readable CSV (a quote is opened and never closed)',
          'Check the quotes on that line.',
        );
      }
      value += text.slice(begin, end);
      begin = end + 1;
      if (text.charCodeAt(begin) !== QUOTE) break;
      value += '"';
      begin++;
    }
    this.line += value.match(/\r\n|\n|\r/g)?.length ?? 0;
    this.at = begin;
    while (isBlank(text.charCodeAt(this.at))) this.at++;
    const code = text.charCodeAt(this.at);
    if (this.at < text.length && code !== COMMA && code !== LF && code !== CR) {
      throw this.problem(
        this.line,
        'not a readable CSV (there is text behind a closing quote)',
        'Write a quote within quotes twice.',
      );
    }
    this.checkLength();
    return value;
  }

  private skipLineEnd(): void {
    if (this.at >= this.text.length) return;
    this.at += this.text.startsWith('\r\n', this.at) ? 2 : 1;
    this.line++;
  }

  private checkLength(): void {
    if (this.at - this.start <= MOST_LINE) return;
    throw this.problem(
      this.line,
      `longer than ${MOST_LINE.toLocaleString('en-US')} characters`,
      'Give a CSV with one line an image.',
    );
  }

  private problem(line: number, what: string, hint: string): DataError {
    return new DataError(`${this.file}, line ${line}: ${what}.`, hint);
  }
}

const SEPARATORS: readonly [character: string, name: string][] = [
  [';', 'semicolons'],
  ['\t', 'tabs'],
  ['|', 'vertical bars'],
];

/** What separates the cells of a line where it is not the comma, in words. */
export function otherSeparator(cells: readonly string[]): string | null {
  // What Excel is told in a line before the header; its tab has been trimmed.
  const told = cells.length === 1 ? /^sep=(.?)$/i.exec(cells[0])?.[1] : undefined;
  if (told !== undefined) return nameOf(told || '\t');
  const counts = SEPARATORS.map(([character]) =>
    cells.reduce((sum, cell) => sum + cell.split(character).length - 1, 0),
  );
  const most = Math.max(...counts);
  // Blanks are in many names; only a single cell of several words is a line separated by them.
  if (most === 0 && cells.length === 1 && cells[0].split(/ +/).length > 3) return 'blanks';
  return most > cells.length - 1 ? nameOf(SEPARATORS[counts.indexOf(most)][0]) : null;
}

const nameOf = (separator: string): string =>
  SEPARATORS.find(([character]) => character === separator)?.[1] ?? `"${separator}"`;

/** The number in a cell, in float64, to the nearest; NaN where it holds no decimal number. */
export function cellNumber(cell: string): number {
  return /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i.test(cell) ? Number(cell) : Number.NaN;
}

/** The words that pandas takes for a missing value. */
const MISSING = new Set(
  '|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null'.split(
    '|',
  ),
);

export const isMissing = (cell: string): boolean => MISSING.has(cell);
