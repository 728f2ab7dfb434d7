/** Who may use a model's buffers, and when they may go: one job at a time, and an end that waits for those begun. */

import { UsageError } from '../../core/errors.js';
import { callWithin, isWithin } from '../../core/reentrancy.js';
import { untilAborted } from '../../core/work.js';

export class Turns {
  private last: Promise<unknown> = Promise.resolve();
  /** Jobs that have begun and not ended. */
  private begun = 0;
  private readonly ending = new AbortController();
  private readonly freed: Promise<void>;
  private settle!: () => void;

  /** @param free lets go of all that jobs use; called once, when none is left */
  constructor(private readonly free: () => void) {
    this.freed = new Promise((resolve) => {
      this.settle = resolve;
    });
  }

  /** Aborted, with the UsageError that callers are to get, once the end has come. */
  get signal(): AbortSignal {
    return this.ending.signal;
  }

  /** Runs a job when those asked for before are done: plans write into shared buffers. */
  next<T>(work: () => Promise<T>): Promise<T> {
    if (isWithin(this)) return Promise.reject(fromInside());
    const run = this.last.then(() => this.job(work));
    this.last = run.catch(() => {});
    return run;
  }

  /** Runs at once a job that takes turns itself, and calls back between them. */
  aside<T>(work: (callBack: (visit: () => void | Promise<void>) => Promise<void>) => Promise<T>): Promise<T> {
    if (isWithin(this)) return Promise.reject(fromInside());
    return this.job(() => work((visit) => untilAborted(callWithin(this, visit), this.signal)));
  }

  private async job<T>(work: () => Promise<T>): Promise<T> {
    this.signal.throwIfAborted();
    this.begun++;
    try {
      const result = await work();
      this.signal.throwIfAborted();
      return result;
    } finally {
      this.begun--;
      if (this.signal.aborted) this.freeIfIdle();
    }
  }

  /** No job begins any more; those that run get the signal. Settles when they have ended and all is freed. */
  end(): Promise<void> {
    if (!this.signal.aborted) {
      this.ending.abort(new UsageError('This model was disposed.', 'Create another one.'));
      this.freeIfIdle();
    }
    return this.freed;
  }

  private freeIfIdle(): void {
    if (this.begun > 0) return;
    this.free();
    this.settle();
  }
}

function fromInside(): UsageError {
  return new UsageError(
    'The model was called from inside the visitor of its own inspect().',
    'Call it when inspect() is done.',
  );
}
