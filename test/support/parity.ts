/**
 * Rows of the parity table: what was compared, against what, how far apart it was and how far it may be.
 * `npm run parity` collects them; in a plain test run they are only asserted.
 */
import { appendFileSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';

export interface ParityRow {
  /** Of the issue of proof: forward, backward, Adam, ... */
  item: string;
  /** What was compared. */
  what: string;
  /** Against what, with its version. */
  against: string;
  /** How the distance is measured. */
  measure: string;
  worst: number;
  /** Where the worst one is. */
  where: string;
  bound: number;
}

/** A reference file of test/golden. */
export function golden<T>(name: string): T {
  const path = fileURLToPath(new URL(`../golden/${name}`, import.meta.url));
  return JSON.parse(readFileSync(path, 'utf8')) as T;
}

/** Keeps the row for the table, then fails unless the worst distance is within its bound. */
export function parity(row: ParityRow): void {
  const file = process.env.CHEXGPU_PARITY_ROWS;
  if (file) appendFileSync(file, `${JSON.stringify(row)}\n`);
  const text = `${row.item}, ${row.what}: ${row.worst.toExponential(2)} at ${row.where}`;
  // A distance that is not a number is no distance within the bound.
  if (!(row.worst <= row.bound)) expect.fail(`${text}, at most ${row.bound} is allowed`);
}

/** The larger distances first. */
export function ranked(distances: Iterable<readonly [where: string, distance: number]>) {
  return [...distances].sort((a, b) => b[1] - a[1]);
}

/** A few lines of `where distance`, for the console. */
export function tableOf(
  rows: readonly (readonly [string, number, ...number[]])[],
  columns: string[],
): string {
  const width = Math.max(...rows.map(([where]) => where.length));
  const head = `  ${''.padEnd(width)}  ${columns.map((c) => c.padStart(16)).join('')}`;
  const lines = rows.map(
    ([where, ...values]) =>
      `  ${where.padEnd(width)}  ${values.map((v) => v.toExponential(1).padStart(16)).join('')}`,
  );
  return [head, ...lines].join('\n');
}
