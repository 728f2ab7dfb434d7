/**
 * To whom the workflow says what it does. The command prints it; a program may show it in its own way, or not at all.
 */

import { requireObject } from '../core/arguments.js';
import { checkWork, type WorkOptions } from '../core/work.js';

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

/** What a piece of work gets of a program that calls it. */
export interface CallContext extends Readonly<WorkOptions> {
  readonly out: Reporter;
}

/** What every piece of work gets. */
export interface WorkContext extends CallContext {
  /** Aborted by whoever wants the work to end at its next step. */
  readonly signal: AbortSignal;
}

/** @throws UsageError for what is no context */
export function checkContext(context: CallContext): void {
  requireObject('The context', context);
  requireObject('out', context.out);
  checkWork(context);
}

/** Says nothing. */
export const SILENT: Reporter = Object.freeze({
  say: () => {},
  warn: () => {},
  table: () => {},
  progress: () => ({ update: () => {} }),
  endProgress: () => {},
});
