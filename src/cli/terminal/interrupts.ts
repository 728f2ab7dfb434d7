/**
 * Ctrl-C, SIGTERM and a terminal that closes. The first signal asks the work to stop at its next step, so that
 * folders are removed and the GPU is let go in order; a second one, or a step that takes too long, ends the
 * process at once.
 */
import { isatty } from 'node:tty';
import { EXIT_CODES } from './exitCodes.js';
import { chosenExit } from './processEnd.js';

const EXIT = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof EXIT;

/** How long the work may take to come to a stop; and where a step of a large network comes first, and a file behind. */
const PATIENCE_MS = 20_000;
const SAVING_MS = 600_000;

/** The other end of a pipe is closed; the terminal is gone. */
const NOBODY_THERE = ['EPIPE', 'EIO'];

const hasTerminal = (): boolean => [0, 1, 2].some((descriptor) => isatty(descriptor));

export class Interrupts {
  exitCode: number = EXIT.SIGINT;
  private readonly controller = new AbortController();
  private patienceMs = PATIENCE_MS;
  private timer: NodeJS.Timeout | undefined;
  private readonly terminal = hasTerminal();

  /** @param onEnd says that the command is interrupted, where the work does not come to say it */
  constructor(private readonly onEnd: () => void) {
    for (const signal of Object.keys(EXIT)) process.on(signal, this.onSignal);
    process.stdout.on('error', this.onOutputError);
    // Progress and warnings that nobody reads are no reason to stop: the results are on stdout and in files.
    process.stderr.on('error', () => {});
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The work will save what it has. */
  waitForSaving(): void {
    this.patienceMs = SAVING_MS;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const signal of Object.keys(EXIT)) process.off(signal, this.onSignal);
    this.endOfTerminal();
  }

  /** Node aborts when it cannot give a closed terminal its old settings back; ended by the signal, it does not try. */
  private endOfTerminal(): void {
    const closed = this.terminal && !hasTerminal();
    if (!closed || !this.signal.aborted || this.exitCode !== EXIT.SIGHUP) return;
    process.removeAllListeners('SIGHUP');
    process.kill(process.pid, 'SIGHUP');
  }

  private readonly onSignal = (signal: Signal): void => {
    this.exitCode = EXIT[signal];
    if (this.signal.aborted) this.endWork();
    process.stderr.write('\nStopping after this step; once more to end at once.\n');
    this.timer = setTimeout(() => this.endWork(), this.patienceMs);
    this.timer.unref();
    this.controller.abort();
  };

  private readonly onOutputError = (error: NodeJS.ErrnoException): void => {
    const nobody = NOBODY_THERE.includes(error.code ?? '');
    // Already on the way out, in order.
    if (nobody && this.signal.aborted) return;
    // The reader went away (`chexgpu doctor | head -1`): nobody is left to tell.
    if (nobody) this.exitCode = 0;
    else {
      process.stderr.write(`chexgpu: stdout cannot be written: ${error.message}.\n`);
      this.exitCode = EXIT_CODES.data;
    }
    this.endNow();
  };

  private endWork(): never {
    this.onEnd();
    return this.endNow();
  }

  private endNow(): never {
    this.endOfTerminal();
    return chosenExit(this.exitCode);
  }
}
