import { shown } from './arguments.js';
import { UsageError } from './errors.js';

/**
 * What `promise` comes to, or, as soon as `signal` is aborted, its reason. What the promise comes to afterwards
 * concerns nobody.
 */
export function untilAborted<T>(promise: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return promise;
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
    if (signal.aborted) abort();
  });
}

/** What is asked between two steps of some work whether to go on: an AbortSignal, or several. */
export type StopSignal = Pick<AbortSignal, 'throwIfAborted'>;

/** @throws UsageError unless it is an AbortSignal or its like, or left out */
export function checkSignal(signal: StopSignal | undefined): void {
  if (signal === undefined || typeof signal?.throwIfAborted === 'function') return;
  throw new UsageError(`signal is ${shown(signal)}, it must be an AbortSignal.`);
}
