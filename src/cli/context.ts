/** What every command gets besides its own flags. */
import type { Output } from './output.js';

export interface CommandContext {
  readonly out: Output;
  /** Aborted by Ctrl-C and by SIGTERM. */
  readonly signal: AbortSignal;
  /** Called when the process has to end at once: what would otherwise be left half-written is removed. */
  readonly cleanups: Set<() => void>;
  /** The command line as typed. */
  readonly commandLine: string;
}
