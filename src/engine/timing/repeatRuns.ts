/** Something measured again and again, within a number and a time. */
import { type Timing, timingOf } from './statistics.js';

export interface RepeatOptions {
  /** Runs that count. */
  count: number;
  /** No further run begins that is likely to end later than so many milliseconds; the first always does. */
  budgetMs?: number;
  /** It has been run before: then no run goes before those that count. */
  warm?: boolean;
  /** Checked between runs; its reason is thrown. */
  signal?: AbortSignal;
  /** Waited for. */
  onDone?: (done: number, total: number) => unknown;
}

/**
 * Runs `work`, once to warm up and then as often as it counts. Where the time is too short for a warm run, the first
 * one has to do.
 * @returns what each run gave
 */
export async function repeated<T>(work: () => Promise<T>, options: RepeatOptions): Promise<T[]> {
  const { count, budgetMs = Number.POSITIVE_INFINITY, warm = false, signal, onDone } = options;
  const started = performance.now();
  const results: T[] = [];
  signal?.throwIfAborted();
  const first = await work();
  if (warm) {
    results.push(first);
    await onDone?.(1, count);
  }
  let runs = 1;
  while (results.length < count) {
    signal?.throwIfAborted();
    const spent = performance.now() - started;
    if (spent + spent / runs > budgetMs) break;
    results.push(await work());
    runs++;
    await onDone?.(results.length, count);
  }
  return results.length > 0 ? results : [first];
}

/** The same for something that has no clock of its own: times by this thread's. */
export async function repeatedTimes(work: () => Promise<void>, options: RepeatOptions): Promise<Timing> {
  const timed = async () => {
    const begin = performance.now();
    await work();
    return performance.now() - begin;
  };
  return timingOf(await repeated(timed, options));
}
