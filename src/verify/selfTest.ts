/** Self-test of all kernels, and race: both run the cases of the operations (`*.check.ts`) on the adapter at hand. */
import type { Gpu } from '../engine/device/gpu.js';
import { type CheckCase, type CheckResult, explain, judge, prepare, runCheck } from '../shaders/checkCase.js';
import { ALL_CHECKS } from '../shaders/registry.js';

export interface SelfTestOptions {
  /** Operations or folders to test, e.g. `conv.forward`, `conv`; default all. */
  ops?: readonly string[];
  /** More devices of the same adapter, where its driver compiles for each by itself: the work is shared out. */
  beside?: readonly Gpu[];
  /** Cases done, cases in all, and what is waited for: before each case, and at the end. */
  onProgress?: (done: number, total: number, waitingFor: string) => void;
}

/** Cases of the operations named, by full name (`conv.forward`) or by folder (`conv`). */
export function checksOf(ops: readonly string[] | undefined): CheckCase[] {
  return ALL_CHECKS.filter(
    (check) => !ops || ops.some((op) => check.op === op || check.op.startsWith(`${op}.`)),
  );
}

/**
 * Runs every small case of every variant that this adapter can run. A variant that fails one is entered in
 * `gpu.broken`, so that no plan picks it from then on.
 * @returns a result for each case and variant that ran
 * @throws GpuError when a device is lost; OutOfMemoryError
 */
export async function selfTest(
  gpu: Gpu,
  { ops, beside = [], onProgress = () => {} }: SelfTestOptions = {},
): Promise<CheckResult[]> {
  const runs = checksOf(ops)
    .filter((check) => !check.race)
    .flatMap((check) => check.variants.map((variant) => ({ check, variant })));
  const results: (CheckResult | null)[] = runs.map(() => null);
  // Cases of one variant share pipelines, so one device takes them all.
  const groups = new Map<string, number[]>();
  for (const [i, { check, variant }] of runs.entries()) {
    const name = `${check.op}.${variant}`;
    groups.set(name, [...(groups.get(name) ?? []), i]);
  }
  const queue = [...groups.entries()];
  const devices = [gpu, ...beside];
  const busy = new Map<Gpu, string>();
  let done = 0;
  const work = async (device: Gpu): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [name, group] = next;
      busy.set(device, name);
      for (const i of group) {
        onProgress(done, runs.length, [...busy.values()].join(', '));
        results[i] = await judge(device, runs[i].check, runs[i].variant);
        if (results[i]?.ok === false) for (const one of devices) one.broken.add(name);
        done++;
      }
    }
    busy.delete(device);
  };
  const ended = await Promise.allSettled(
    devices.map((device) =>
      work(device).catch((error: unknown) => {
        // The others end what they are at.
        queue.length = 0;
        throw error;
      }),
    ),
  );
  const failure = ended.find((one) => one.status === 'rejected');
  if (failure) throw failure.reason;
  onProgress(done, runs.length, '');
  return results.filter((result) => result !== null);
}

export interface RaceRow {
  op: string;
  variant: string;
  /** Shape in words. */
  title: string;
  /** Passed the check on this shape; without that there are no times. */
  ok: boolean;
  /** Why not. */
  error?: string;
  /** Median time of one run of the whole case, milliseconds. */
  ms: number;
  gflops: number;
  /** Bytes that must be moved at least once, by time. */
  gbs: number;
}

const SAMPLES = 5;
/** A sample repeats the run until it takes about this long, so that waiting for the queue weighs little. */
const SAMPLE_MS = 20;
const MAX_REPEATS = 200;

/**
 * Races the variants of one operation on its real shapes. Each is checked first and warmed up; the time is the
 * median of several samples. Timed is the whole case: where an operation comes with others (partial sums and
 * their reduction, the three passes of samplewise moments), only its own variant changes from row to row.
 * @param op e.g. `conv.forward`, or a folder, e.g. `conv`
 * @throws GpuError when the device is lost
 */
export async function race(gpu: Gpu, op: string): Promise<RaceRow[]> {
  const rows: RaceRow[] = [];
  for (const check of checksOf([op]).filter((c) => c.race)) {
    for (const variant of check.variants) {
      const result = await runCheck(gpu, check, variant);
      gpu.assertAlive();
      if (!result) continue;
      const row: RaceRow = {
        op: check.op,
        variant,
        title: check.title,
        ok: result.ok,
        ms: 0,
        gflops: 0,
        gbs: 0,
      };
      if (result.ok) Object.assign(row, await time(gpu, check, variant));
      else row.error = explain(result);
      rows.push(row);
    }
  }
  return rows;
}

async function time(
  gpu: Gpu,
  check: CheckCase,
  variant: string,
): Promise<Pick<RaceRow, 'ms' | 'gflops' | 'gbs'>> {
  const { plan, dispose } = await prepare(gpu, check, variant);
  try {
    const sample = async (repeats: number) => {
      const start = performance.now();
      await gpu.guarded(plan.label, () => {
        for (let i = 0; i < repeats; i++) plan.run();
      });
      await gpu.idle();
      return (performance.now() - start) / repeats;
    };
    await sample(1);
    const repeats = Math.max(1, Math.min(MAX_REPEATS, Math.ceil(SAMPLE_MS / (await sample(1)))));
    const times: number[] = [];
    for (let i = 0; i < SAMPLES; i++) times.push(await sample(repeats));
    const ms = times.sort((a, b) => a - b)[Math.floor(SAMPLES / 2)];
    const sum = (key: 'flops' | 'bytes') => plan.dispatches.reduce((total, d) => total + d[key], 0);
    return { ms, gflops: sum('flops') / ms / 1e6, gbs: sum('bytes') / ms / 1e6 };
  } finally {
    dispose();
  }
}
