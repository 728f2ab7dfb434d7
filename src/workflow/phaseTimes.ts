/** Where the time of a run went. */
import { duration, threeDigits } from '../core/formatting.js';
import type { PhaseTiming } from '../eval/report/reportData.js';
import type { Reporter } from './reporter.js';

export class Phases {
  readonly list: PhaseTiming[] = [];
  /** Seconds from the start of the process, or the opening of the page, to the first batch of a training. */
  firstBatch: number | null = null;

  add(phase: string, seconds: number, images: number | null = null): void {
    this.list.push({ phase, seconds, images });
  }

  async time<T>(phase: string, images: number | null, work: () => Promise<T>): Promise<T> {
    const started = performance.now();
    const result = await work();
    this.add(phase, (performance.now() - started) / 1000, images);
    return result;
  }
}

/** A row per phase. */
export function sayPhases(out: Reporter, timings: readonly PhaseTiming[], indent?: string): void {
  out.table(
    ['phase', 'time', 'images/s'],
    timings.map(({ phase, seconds, images }) => [
      phase,
      duration(seconds),
      images === null || seconds === 0 ? '-' : threeDigits(images / seconds),
    ]),
    indent,
  );
}
