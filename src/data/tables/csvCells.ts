/** What single cells of tables hold, and what stands between them. */

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
