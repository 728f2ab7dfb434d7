/** What every command gets besides its own flags. */
import type { Output } from '../terminal/output.js';

export interface CommandContext {
  readonly out: Output;
  /** Aborted by Ctrl-C, by SIGTERM and by a terminal that closes. */
  readonly signal: AbortSignal;
  /** From here on the work has the time that it takes to save what it has, once it is asked to stop. */
  waitForSaving(): void;
  /** The words behind `chexgpu`. */
  readonly argv: readonly string[];
  /** The command line as typed. */
  readonly commandLine: string;
  /** The same without the places that it names, for files that are passed around. */
  readonly publicCommandLine: string;
}
