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

/** How far may what lie from the reference: the one place for it. Measured values stand in docs/fidelity.md. */
export const BOUND = {
  /** Relative L2 of a map in inference mode. */
  map: 1e-5,
  probability: 1e-5,
  /** Relative, in training mode before any update. */
  loss: 1e-5,
  /** Relative L2 of one tensor's gradient. */
  gradient: 1e-4,
  /** Relative, or relative L2, after Adam's steps. */
  trained: 1e-4,
  /** L2 of what a tensor moved by in ten steps, relative to that; Keras' own float32 strays 0.0094 of it. */
  change: 0.03,
  /** The same for a moving variance in one step; the rules lie 0.14 and more apart. */
  variance: 2e-3,
  /** A pixel of a Grad-CAM map in 0..1, and a whole map's relative L2. */
  gradcam: 1e-4,
  /**
   * Relative, losses of golden runs behind Adam's first update on another processor or driver. Of four steps
   * lavapipe's and SwiftShader's lie up to 3e-4 apart, of the 24 of `npm start` 0.16: at the notebook's learning rate
   * Adam's first updates have the signs of gradients that rounding turns around.
   */
  stepsElsewhere: 2e-3,
  startElsewhere: 0.5,
} as const;

/** A reference file of test/golden. */
export function golden<T>(name: string): T {
  const path = fileURLToPath(new URL(`../../golden/${name}`, import.meta.url));
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
