/**
 * Times several plans in turn, A B C, so that a disturbance meets all of them: by the GPU's own clock where it has
 * one, else by waiting for each.
 */
import { COPY_SRC, type Gpu } from './gpu.js';
import type { Plan } from './plan.js';

const QUERY_RESOLVE = 0x200;
/** Browsers round timestamps, so that pages cannot spy by them: Dawn to multiples of this many nanoseconds. */
const ROUNDED_NS = 65536n;

export interface TimedRun {
  plan: Plan;
  /** Runs in one sample, back to back. */
  repeats: number;
}

export class Stopwatch {
  /** Smallest difference of two times that the clock can tell, milliseconds; known after the first round. */
  resolutionMs = 0;
  private readonly querySet: GPUQuerySet | null = null;
  private readonly resolved: GPUBuffer | null = null;
  /** Some drivers have timestamps that stand still or run backwards. */
  private clockWorks = true;

  /** @param most plans timed in one round at most */
  constructor(
    private readonly gpu: Gpu,
    most: number,
  ) {
    if (!gpu.device.features.has('timestamp-query')) return;
    this.querySet = gpu.device.createQuerySet({ type: 'timestamp', count: 2 * most });
    this.resolved = gpu.createBuffer('timestamps', 16 * most, QUERY_RESOLVE | COPY_SRC);
  }

  /** One sample of each, in order: milliseconds a run. */
  async round(runs: readonly TimedRun[]): Promise<number[]> {
    const { querySet, resolved } = this;
    if (querySet && resolved && this.clockWorks) {
      const times = await this.byGpu(runs, querySet, resolved);
      this.clockWorks = times.every((ms) => ms > 0);
      if (this.clockWorks) return times;
    }
    return this.byWaiting(runs);
  }

  private async byGpu(
    runs: readonly TimedRun[],
    querySet: GPUQuerySet,
    resolved: GPUBuffer,
  ): Promise<number[]> {
    const { device } = this.gpu;
    for (const [i, run] of runs.entries()) {
      this.submit(run, { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 });
    }
    const encoder = device.createCommandEncoder({ label: 'timestamps' });
    encoder.resolveQuerySet(querySet, 0, 2 * runs.length, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const ticks = new BigUint64Array(await this.gpu.read(resolved, 0, 16 * runs.length));
    if (ticks.every((tick) => tick % ROUNDED_NS === 0n)) this.resolutionMs = Number(ROUNDED_NS) / 1e6;
    return runs.map(({ repeats }, i) => {
      const ms = Number(ticks[2 * i + 1] - ticks[2 * i]) / 1e6;
      return Math.max(ms, this.resolutionMs) / repeats;
    });
  }

  private async byWaiting(runs: readonly TimedRun[]): Promise<number[]> {
    const times: number[] = [];
    for (const run of runs) {
      const start = performance.now();
      this.submit(run);
      await this.gpu.idle();
      times.push((performance.now() - start) / run.repeats);
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
    this.querySet?.destroy();
    if (this.resolved) this.gpu.destroyBuffer(this.resolved);
  }
}
