/** Start-up self-test and race: both run the cases of checks.ts on the adapter at hand. */
import type { Gpu } from '../engine/gpu.js';
import { type CheckCase, type CheckResult, explain, prepare, runCheck } from './check.js';
import { ALL_CHECKS } from './checks.js';

export interface SelfTestOptions {
  /** Operations or folders to test, e.g. `conv.forward`, `conv`; default all. */
  ops?: readonly string[];
  /** Cases done, cases in all, after each. */
  onProgress?: (done: number, total: number) => void;
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
 * @throws GpuError when the device is lost
 */
export async function selfTest(
  gpu: Gpu,
  { ops, onProgress = () => {} }: SelfTestOptions = {},
): Promise<CheckResult[]> {
  const runs = checksOf(ops)
    .filter((check) => !check.race)
    .flatMap((check) => check.variants.map((variant) => ({ check, variant })));
  const results: CheckResult[] = [];
  for (const [i, { check, variant }] of runs.entries()) {
    const result = await runCheck(gpu, check, variant);
    if (result) results.push(result);
    if (result && !result.ok) {
      gpu.assertAlive();
      gpu.broken.add(`${check.op}.${variant}`);
    }
    onProgress(i + 1, runs.length);
  }
  return results;
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
