/** What every command gets besides its own flags. */
import type { Output } from './output.js';

export interface CommandContext {
  readonly out: Output;
  /** Aborted by Ctrl-C, by SIGTERM and by a terminal that closes. */
  readonly signal: AbortSignal;
  /** Called when the process has to end at once: what would otherwise be left half-written is removed. */
  readonly cleanups: Set<() => void>;
  /** The command line as typed. */
  readonly commandLine: string;
}
