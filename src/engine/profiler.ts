/**
 * Times of single dispatches, by the GPU's own clock where it has one.
 *
 * Every dispatch gets a compute pass of its own between two timestamps, so a profiled step is slower than a plain
 * one (passes wait for each other); the shares are what counts.
 */
import type { Gpu } from './gpu.js';
import type { Plan } from './plan.js';

/** Queries a query set may hold by the WebGPU specification, two a dispatch. */
const DISPATCHES_A_SET = 2048;
const QUERY_RESOLVE = 0x200;
const COPY_SRC = 0x4;

/** Begin and end of a dispatch, nanoseconds of the GPU's clock. */
export interface DispatchTime {
  begin: number;
  end: number;
}

/**
 * Runs a plan once and times every dispatch.
 * Without the feature `timestamp-query` each dispatch is submitted and waited for, which adds the way there and
 * back to every time.
 */
export async function timeDispatches(gpu: Gpu, plan: Plan): Promise<DispatchTime[]> {
  gpu.assertAlive();
  const count = plan.dispatches.length;
  if (!gpu.device.features.has('timestamp-query')) return waitForEach(gpu, plan);
  const times: DispatchTime[] = [];
  for (let first = 0; first < count; first += DISPATCHES_A_SET) {
    times.push(...(await timeSome(gpu, plan, first, Math.min(DISPATCHES_A_SET, count - first))));
  }
  return times;
}

async function timeSome(gpu: Gpu, plan: Plan, first: number, count: number): Promise<DispatchTime[]> {
  const { device } = gpu;
  const querySet = device.createQuerySet({ type: 'timestamp', count: 2 * count });
  const resolved = gpu.createBuffer('timestamps', 16 * count, QUERY_RESOLVE | COPY_SRC);
  try {
    for (let i = 0; i < count; i++) {
      const encoder = device.createCommandEncoder({ label: plan.dispatches[first + i].label });
      const pass = encoder.beginComputePass({
        label: plan.dispatches[first + i].label,
        timestampWrites: { querySet, beginningOfPassWriteIndex: 2 * i, endOfPassWriteIndex: 2 * i + 1 },
      });
      plan.encode(pass, first + i);
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
    const encoder = device.createCommandEncoder({ label: 'timestamps' });
    encoder.resolveQuerySet(querySet, 0, 2 * count, resolved, 0);
    device.queue.submit([encoder.finish()]);
    const ticks = new BigUint64Array(await gpu.read(resolved, 0, 16 * count));
    return Array.from({ length: count }, (_, i) => ({
      begin: Number(ticks[2 * i]),
      end: Number(ticks[2 * i + 1]),
    }));
  } finally {
    querySet.destroy();
    gpu.destroyBuffer(resolved);
  }
}

async function waitForEach(gpu: Gpu, plan: Plan): Promise<DispatchTime[]> {
  const times: DispatchTime[] = [];
  for (let i = 0; i < plan.dispatches.length; i++) {
    const begin = performance.now() * 1e6;
    const encoder = gpu.device.createCommandEncoder({ label: plan.dispatches[i].label });
    const pass = encoder.beginComputePass({ label: plan.dispatches[i].label });
    plan.encode(pass, i);
    pass.end();
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.idle();
    times.push({ begin, end: performance.now() * 1e6 });
  }
  return times;
}
