/** Who may use a model's buffers, and when they may go: one job at a time, and an end that waits for those begun. */
import { UsageError } from '../../core/errors.js';
import { callWithin, isWithin } from '../../core/reentrancy.js';
import { eitherSignal, untilAborted, type WorkOptions } from '../../core/work.js';

/** What a job's parts ask whether to go on, and tell how far they are. */
export type JobWork = WorkOptions & { signal: AbortSignal };

export class Turns {
  private last: Promise<unknown> = Promise.resolve();
  /** Jobs that have begun and not ended. */
  private begun = 0;
  private readonly ending = new AbortController();
  private readonly freed: Promise<void>;
  private settle!: () => void;

  /**
   * @param free lets go of all that jobs use; called once, when none is left
   * @param what has the jobs, in a message
   */
  constructor(
    private readonly free: () => void,
    private readonly what = 'model',
  ) {
    this.freed = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /**
   * Runs a job when those asked for before are done: plans write into shared buffers.
   * @param options a signal ends the waiting at once, and the job where that asks `work`, whose signal is also aborted
   *   once the end has come
   */
  next<T>(job: (work: JobWork) => Promise<T>, options: WorkOptions = {}): Promise<T> {
    if (isWithin(this)) return Promise.reject(this.fromInside());
    const before = this.last;
    const run = untilAborted(before, options.signal).then(() => this.begin(job, options));
    const over = run.catch(() => {});
    this.last = before.then(() => over);
    return run;
  }

  /** Runs at once a job that takes turns itself, and calls back between them. */
  aside<T>(
    job: (callBack: (visit: () => void | Promise<void>) => Promise<void>) => Promise<T>,
    options: WorkOptions = {},
  ): Promise<T> {
    if (isWithin(this)) return Promise.reject(this.fromInside());
    return this.begin(({ signal }) => job((visit) => untilAborted(callWithin(this, visit), signal)), options);
  }

  private async begin<T>(
    job: (work: JobWork) => Promise<T>,
    { signal: callers, onProgress }: WorkOptions,
  ): Promise<T> {
    this.ending.signal.throwIfAborted();
    callers?.throwIfAborted();
    const { signal, release } = eitherSignal(this.ending.signal, callers);
    this.begun++;
    try {
      const result = await job({
        signal,
        onProgress: onProgress && ((progress) => callWithin(this, () => onProgress(progress))),
      });
      this.ending.signal.throwIfAborted();
      return result;
    } finally {
      release();
      this.begun--;
      if (this.ending.signal.aborted) this.freeIfIdle();
    }
  }

  /** Aborted, with the UsageError that callers are to get, once the end has come. */
  get ended(): AbortSignal {
    return this.ending.signal;
  }

  /** No job begins any more; those that run get the signal. Settles when they have ended and all is freed. */
  end(): Promise<void> {
    if (!this.ending.signal.aborted) {
      this.ending.abort(new UsageError(`This ${this.what} was disposed.`, 'Create another one.'));
      this.freeIfIdle();
    }
    return this.freed;
  }

  private freeIfIdle(): void {
    if (this.begun > 0) return;
    this.free();
    this.settle();
  }

  private fromInside(): UsageError {
    return new UsageError(
      `The ${this.what} was called from inside the visitor of its own inspect(), or the onProgress of its own call.`,
      'Call it when that call is done.',
    );
  }
}
