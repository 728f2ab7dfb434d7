/**
 * To whom the workflow says what it does. The command prints it; a program may show it in its own way, or not at all.
 */

import type { WorkOptions } from '../core/work.js';

/** How far something is. */
export interface ProgressBar {
  /** @param note more about this moment, e.g. the loss; what is left out stays as it was */
  update(done: number, note?: string, total?: number): void;
}

export interface Reporter {
  /** One line, or several; an empty one without text. */
  say(text?: string): void;
  /** Something that whoever reads the numbers should know. */
  warn(text: string): void;
  table(header: readonly string[], rows: readonly (readonly (string | number)[])[], indent?: string): void;
  /** One at a time: a new one ends the last, as a line does. */
  progress(title: string, total: number, unit?: string): ProgressBar;
  endProgress(): void;
}

/** What every piece of work gets. */
export interface WorkContext {
  readonly out: Reporter;
  /** Aborted by whoever wants the work to end at its next step. */
  readonly signal: AbortSignal;
  /** Told how far the work is, where a program asked for it. */
  readonly onProgress?: WorkOptions['onProgress'];
}

/** Says nothing. */
export const SILENT: Reporter = Object.freeze({
  say: () => {},
  warn: () => {},
  table: () => {},
  progress: () => ({ update: () => {} }),
  endProgress: () => {},
});
