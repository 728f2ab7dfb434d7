/**
 * Times of single dispatches, by the GPU's own clock where it has one.
 *
 * Every dispatch gets a compute pass of its own between two timestamps, so a profiled step is slower than a plain
 * one (passes wait for each other); the shares are what counts.
 */
import type { Gpu } from '../device/gpu.js';
import type { Plan } from '../plan/plan.js';
import { Timestamps } from './timestamps.js';

/** Queries a query set may hold by the WebGPU specification, two per dispatch. */
const DISPATCHES_PER_SET = 2048;

export interface DispatchTime {
  /** Begin and end on the GPU, nanoseconds since the first dispatch of the run began. */
  begin: number;
  end: number;
  /** When this thread encoded and submitted it, milliseconds of performance.now(). */
  encodeBegin: number;
  encodeEnd: number;
  /** How often it ran between begin and end. */
  times: number;
}

/** What of a plan runs. */
export interface Timed {
  /** Dispatches, by their place in the plan; default all. */
  chosen?: readonly number[];
  /** How often each of them runs, one after the other within its two timestamps; default once. */
  times?: readonly number[];
}

/** Where `begin` and `end` come from: the GPU's timestamps, or this thread's clock around submit and wait. */
export type Clock = 'gpu' | 'wall';

/** The clock that `timeDispatches` uses. */
export function clockOf(gpu: Gpu): Clock {
  return gpu.device.features.has('timestamp-query') ? 'gpu' : 'wall';
}

/**
 * Runs a plan once and times every dispatch.
 * Without the feature `timestamp-query` each dispatch is submitted and waited for, which adds the way there and
 * back to every time.
 * @throws DeviceLostError; GpuError when a dispatch is refused
 */
export async function timeDispatches(
  gpu: Gpu,
  plan: Plan,
  { chosen = [...plan.dispatches.keys()], times = chosen.map(() => 1) }: Timed = {},
): Promise<DispatchTime[]> {
  if (clockOf(gpu) === 'wall') return waitForEach(gpu, plan, chosen);
  const ticks: bigint[] = [];
  const encoded: Encoded[] = [];
  for (let first = 0; first < chosen.length; first += DISPATCHES_PER_SET) {
    const part = [first, first + DISPATCHES_PER_SET] as const;
    const some = await timeSome(gpu, plan, chosen.slice(...part), times.slice(...part));
    ticks.push(...some.ticks);
    encoded.push(...some.encoded);
  }
  // Differences before they become numbers: a GPU's clock may stand beyond 2^53.
  const since = (tick: bigint) => Number(tick - ticks[0]);
  return encoded.map((one, i) => ({ begin: since(ticks[2 * i]), end: since(ticks[2 * i + 1]), ...one }));
}

type Encoded = Pick<DispatchTime, 'encodeBegin' | 'encodeEnd' | 'times'>;

async function timeSome(
  gpu: Gpu,
  plan: Plan,
  chosen: readonly number[],
  times: readonly number[],
): Promise<{ ticks: BigUint64Array; encoded: Encoded[] }> {
  const what = `the profile of ${plan.label}`;
  const timestamps = await gpu.guarded(what, () => new Timestamps(gpu, 2 * chosen.length));
  const { querySet } = timestamps;
  const encoded: Encoded[] = [];
  try {
    await gpu.guarded(what, () => {
      for (const [i, index] of chosen.entries()) {
        const encodeBegin = performance.now();
        const timestampWrites = {
          querySet,
          beginningOfPassWriteIndex: 2 * i,
          endOfPassWriteIndex: 2 * i + 1,
        };
        submitOne(gpu, plan, index, times[i], timestampWrites);
        encoded.push({ encodeBegin, encodeEnd: performance.now(), times: times[i] });
      }
      timestamps.fetch(2 * chosen.length);
    });
    return { ticks: await timestamps.take(), encoded };
  } finally {
    timestamps.dispose();
  }
}

async function waitForEach(gpu: Gpu, plan: Plan, chosen: readonly number[]): Promise<DispatchTime[]> {
  const times: DispatchTime[] = [];
  const start = performance.now();
  const since = (ms: number) => (ms - start) * 1e6;
  for (const i of chosen) {
    const { encodeBegin, encodeEnd, done } = await gpu.guarded(`the profile of ${plan.label}`, () => {
      const begin = performance.now();
      submitOne(gpu, plan, i, 1);
      const end = performance.now();
      // Taken when the GPU is done, not when the scopes have answered.
      const done = gpu.idle().then(() => performance.now());
      done.catch(() => {});
      return { encodeBegin: begin, encodeEnd: end, done };
    });
    times.push({ begin: since(encodeBegin), end: since(await done), encodeBegin, encodeEnd, times: 1 });
  }
  return times;
}

function submitOne(
  gpu: Gpu,
  plan: Plan,
  index: number,
  times: number,
  timestampWrites?: GPUComputePassTimestampWrites,
): void {
  const { label } = plan.dispatches[index];
  const encoder = gpu.device.createCommandEncoder({ label });
  const pass = encoder.beginComputePass({ label, timestampWrites });
  for (let i = 0; i < times; i++) plan.encode(pass, index);
  pass.end();
  gpu.device.queue.submit([encoder.finish()]);
}
