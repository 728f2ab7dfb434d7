/**
 * Ctrl-C and SIGTERM. The first asks the work to stop at its next step, so that folders are removed and
 * the GPU is let go in order; a second one, or a step that takes too long, ends the process at once.
 */

const EXIT = { SIGINT: 130, SIGTERM: 143 } as const;
type Signal = keyof typeof EXIT;

/** How long the work may take to come to a stop. */
const PATIENCE_MS = 20_000;

export class Interrupts {
  readonly cleanups = new Set<() => void>();
  exitCode: number = EXIT.SIGINT;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  constructor() {
    for (const signal of Object.keys(EXIT)) process.on(signal, this.onSignal);
    // The reader went away (`chexgpu doctor | head -1`): nobody is left to tell.
    process.stdout.on('error', this.onPipe);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  dispose(): void {
    clearTimeout(this.timer);
    for (const signal of Object.keys(EXIT)) process.off(signal, this.onSignal);
  }

  private readonly onSignal = (signal: Signal): void => {
    this.exitCode = EXIT[signal];
    if (this.signal.aborted) this.endNow();
    process.stderr.write('\nStopping after this step; once more to end at once.\n');
    this.timer = setTimeout(() => this.endNow(), PATIENCE_MS);
    this.timer.unref();
    this.controller.abort();
  };

  private readonly onPipe = (error: NodeJS.ErrnoException): void => {
    if (error.code !== 'EPIPE') throw error;
    this.exitCode = 0;
    this.endNow();
  };

  private endNow(): never {
    for (const cleanup of this.cleanups) cleanup();
    process.exit(this.exitCode);
  }
}
