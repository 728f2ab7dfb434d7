/** What single cells of tables hold, and what stands between them. */
import { shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';

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

/**
 * Tells the cells that stand for an unknown label.
 * @param written what such cells hold, '' for an empty one: the same number however it is written, else the same text
 *   but for upper and lower case
 * @param field what errors call `written`
 * @throws UsageError for what is no list of texts, or for a text that is a label
 */
export function unknownCells(written: readonly string[], field = 'unknownLabels'): (cell: string) => boolean {
  if (!Array.isArray(written) || written.some((text) => typeof text !== 'string')) {
    throw new UsageError(`${field} is ${shown(written)}, it must be an array of what cells hold.`);
  }
  const label = written.find((text) => cellNumber(text) === 0 || cellNumber(text) === 1);
  if (label !== undefined) {
    throw new UsageError(`${field} has "${label}", which is a label.`, 'Name what only unknown labels hold.');
  }
  const numbers = new Set(written.map(cellNumber).filter((value) => !Number.isNaN(value)));
  const texts = new Set(written.map((text) => text.trim().toLowerCase()));
  return (cell) => numbers.has(cellNumber(cell)) || texts.has(cell.toLowerCase());
}

/** The words that pandas takes for a missing value. */
const MISSING = new Set(
  '|#N/A|#N/A N/A|#NA|-1.#IND|-1.#QNAN|-NaN|-nan|1.#IND|1.#QNAN|<NA>|N/A|NA|NULL|NaN|None|n/a|nan|null'.split(
    '|',
  ),
);

export const isMissing = (cell: string): boolean => MISSING.has(cell);

/** A cell as it is written. All that csv-stringify would do here; every cell is checked one by one anyway. */
export function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
