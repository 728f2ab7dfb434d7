/** Where the time of a run went. */
import type { PhaseTiming } from '../eval/report/reportData.js';

export class Phases {
  readonly list: PhaseTiming[] = [];

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
