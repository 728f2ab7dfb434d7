/** Points in time on the GPU's own clock, nanoseconds; for devices with the feature `timestamp-query`. */

import { COPY_SRC, QUERY_RESOLVE } from '../device/bufferUsage.js';
import type { Gpu } from '../device/gpu.js';
import { Readback } from '../device/readback.js';

/** Browsers round timestamps, so that pages cannot spy by them: Dawn to multiples of this many nanoseconds. */
export const ROUNDED_NS = 65536;

export class Timestamps {
  readonly querySet: GPUQuerySet;
  private readonly resolved: GPUBuffer;
  private readonly back: Readback;

  /** To be made within `Gpu.guarded`, and so are the calls that write times. */
  constructor(
    private readonly gpu: Gpu,
    most: number,
  ) {
    this.resolved = gpu.createBuffer('timestamps', 8 * most, QUERY_RESOLVE | COPY_SRC);
    this.back = new Readback(gpu, 8 * most);
    this.querySet = gpu.device.createQuerySet({ type: 'timestamp', count: most });
  }

  /** Fetches the first `count` behind all work submitted before; within `Gpu.guarded`. */
  fetch(count: number): void {
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder({ label: 'timestamps' });
    encoder.resolveQuerySet(this.querySet, 0, count, this.resolved, 0);
    device.queue.submit([encoder.finish()]);
    this.back.copy(this.resolved, 0, 8 * count);
  }

  /** Those that were fetched, when they are there. */
  async take(): Promise<BigUint64Array> {
    return new BigUint64Array(await this.back.take());
  }

  dispose(): void {
    this.querySet.destroy();
    this.back.dispose();
    this.gpu.destroyBuffer(this.resolved);
  }
}
