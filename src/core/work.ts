/** What every call takes that may last: a signal that ends it, and somebody who is told how far it is. */
import { requireFields, requireFunction, shown } from './arguments.js';
import { UsageError } from './errors.js';

/** How far a call is. */
export interface Progress {
  /** What is done now, e.g. `compile`, `run`, `train`. */
  phase: string;
  done: number;
  /** Left out where nobody knows it. */
  total?: number;
  /** What `done` counts: `kernels`, `images`, `bytes`. */
  unit?: string;
  /** What this is for, or what is waited for: a plan, a kernel. */
  note?: string;
}

/** Of every call that may last. */
export interface WorkOptions {
  /** Aborted, it ends the call with its reason. */
  signal?: AbortSignal;
  /**
   * Told how far the call is, and waited for; what it throws or rejects with ends the call. It must not call the model
   * that it is told of.
   */
  onProgress?: (progress: Progress) => unknown;
}

/** The names of `WorkOptions`. */
export const WORK: readonly string[] = ['signal', 'onProgress'];

/** @throws UsageError for a signal that is none, or an `onProgress` that is no function */
export function checkWork({ signal, onProgress }: WorkOptions): void {
  checkSignal(signal);
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
}

/** Before the first await. @throws as `checkWork`; UsageError for no object; the signal's reason */
export function requireWork(options: WorkOptions): WorkOptions {
  requireFields('The options', options, WORK);
  checkWork(options);
  options.signal?.throwIfAborted();
  return options;
}

/** Says how far the work is. @throws the signal's reason, where it is aborted; what `onProgress` throws */
export async function tell({ signal, onProgress }: WorkOptions, progress: Progress): Promise<void> {
  signal?.throwIfAborted();
  if (!onProgress) return;
  await untilAborted(onProgress(progress), signal);
  signal?.throwIfAborted();
}

/** Work on the processor lets others have it after so long, in ms. */
const BREATH = 20;

/**
 * `tell` for work on the processor, which nothing interrupts: between its parts it lets timers and events through where
 * they have waited long enough, so that an abort is heard.
 */
export function breathing(work: WorkOptions): (progress: Progress) => Promise<void> {
  let since = performance.now();
  return async (progress) => {
    if (performance.now() - since > BREATH) {
      await new Promise((resolve) => setTimeout(resolve));
      since = performance.now();
    }
    await tell(work, progress);
  };
}

/**
 * What `given` comes to, or, as soon as `signal` is aborted, its reason. What it comes to afterwards
 * concerns nobody.
 */
export function untilAborted<T>(given: T | PromiseLike<T>, signal?: AbortSignal): Promise<T> {
  const promise = Promise.resolve(given);
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/** A signal that is aborted with the first of two; `release` when nobody asks it any more. */
export function eitherSignal(
  one: AbortSignal,
  other: AbortSignal | undefined,
): { signal: AbortSignal; release(): void } {
  if (!other) return { signal: one, release: () => {} };
  const either = new AbortController();
  const both = [one, other].map((signal) => ({ signal, abort: () => either.abort(signal.reason) }));
  for (const { signal, abort } of both) {
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort);
  }
  const release = () => {
    for (const { signal, abort } of both) signal.removeEventListener('abort', abort);
  };
  return { signal: either.signal, release };
}

/** What is asked between two steps of some work whether to go on: an AbortSignal, or several. */
export type StopSignal = Pick<AbortSignal, 'throwIfAborted'>;

/** @throws UsageError unless it is an AbortSignal or its like, or left out */
export function checkSignal(signal: StopSignal | undefined): void {
  if (signal === undefined || typeof signal?.throwIfAborted === 'function') return;
  throw new UsageError(`signal is ${shown(signal)}, it must be an AbortSignal.`);
}
