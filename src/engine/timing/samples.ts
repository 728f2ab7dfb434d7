/** Timing something by this thread's clock: several samples, their median and how far they lie apart. */
import { quantile, spreadOf } from './profile.js';

export interface Timing {
  /** Median, milliseconds. */
  ms: number;
  /** Half the distance of the quartiles, as a share of the median; null of fewer than three samples. */
  noise: number | null;
  samples: number[];
}

export interface SampleOptions {
  /** Default 10. */
  samples?: number;
  /** No further sample begins after so many milliseconds; the first always does. Default: no bound. */
  budgetMs?: number;
  signal?: AbortSignal;
  onSample?: (done: number, total: number) => void;
}

/** Median and noise of samples in milliseconds. */
export function timingOf(samples: readonly number[]): Timing {
  return { ms: quantile(samples, 0.5), noise: spreadOf(samples), samples: [...samples] };
}

/** Runs `work` again and again; warming up is the caller's. */
export async function sampleTimes(work: () => Promise<void>, options: SampleOptions = {}): Promise<Timing> {
  const { samples = 10, budgetMs = Number.POSITIVE_INFINITY, signal, onSample } = options;
  const started = performance.now();
  const times: number[] = [];
  while (times.length < samples && (times.length === 0 || performance.now() - started < budgetMs)) {
    signal?.throwIfAborted();
    const begin = performance.now();
    await work();
    times.push(performance.now() - begin);
    onSample?.(times.length, samples);
  }
  return timingOf(times);
}
