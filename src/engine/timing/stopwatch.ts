/**
 * Times several plans in turn, A B C, so that a disturbance meets all of them: by the GPU's own clock where it has
 * one, else by waiting for each.
 */
import type { Gpu } from '../device/gpu.js';
import type { Plan } from '../plan/plan.js';
import { ROUNDED_NS, Timestamps } from './timestamps.js';

export interface TimedRun {
  plan: Plan;
  /** Runs in one sample, back to back. */
  repeats: number;
}

export class Stopwatch {
  /** Smallest difference of two times that the clock can tell, milliseconds; known after the first round. */
  resolutionMs = 0;
  /** Some drivers have timestamps that stand still or run backwards. */
  private clockWorks = true;

  private constructor(
    private readonly gpu: Gpu,
    private readonly timestamps: Timestamps | null,
  ) {}

  /**
   * @param most plans timed in one round at most
   * @throws OutOfMemoryError
   */
  static async create(gpu: Gpu, most: number): Promise<Stopwatch> {
    if (!gpu.device.features.has('timestamp-query')) return new Stopwatch(gpu, null);
    return new Stopwatch(gpu, await gpu.guarded('timestamps', () => new Timestamps(gpu, 2 * most)));
  }

  /** One sample of each, in order: milliseconds per run. */
  async round(runs: readonly TimedRun[]): Promise<number[]> {
    if (this.timestamps && this.clockWorks) {
      const times = await this.byGpu(runs, this.timestamps);
      this.clockWorks = times.every((ms) => ms > 0);
      if (this.clockWorks) return times;
    }
    return this.byWaiting(runs);
  }

  private async byGpu(runs: readonly TimedRun[], timestamps: Timestamps): Promise<number[]> {
    const { querySet } = timestamps;
    await this.gpu.guarded('the race', () => {
      for (const [i, run] of runs.entries()) {
        this.submit(run, { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 });
      }
      timestamps.fetch(2 * runs.length);
    });
    const ticks = await timestamps.take();
    const rounded = ticks.every((tick) => tick % BigInt(ROUNDED_NS) === 0n);
    if (rounded) this.resolutionMs = ROUNDED_NS / 1e6;
    return runs.map(({ repeats }, i) => {
      const ms = Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6;
      return Math.max(ms, this.resolutionMs) / repeats;
    });
  }

  private async byWaiting(runs: readonly TimedRun[]): Promise<number[]> {
    const times: number[] = [];
    for (const run of runs) {
      const { start, done } = await this.gpu.guarded('the race', () => {
        const start = performance.now();
        this.submit(run);
        // Taken when the GPU is done, not when the scopes have answered.
        const done = this.gpu.idle().then(() => performance.now());
        done.catch(() => {});
        return { start, done };
      });
      times.push(((await done) - start) / run.repeats);
    }
    return times;
  }

  private submit({ plan, repeats }: TimedRun, timestampWrites?: GPUComputePassTimestampWrites): void {
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder({ label: plan.label });
    const pass = encoder.beginComputePass({ label: plan.label, timestampWrites });
    for (let i = 0; i < repeats; i++) {
      for (let index = 0; index < plan.dispatches.length; index++) plan.encode(pass, index);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
  }

  dispose(): void {
    this.timestamps?.dispose();
  }
}
