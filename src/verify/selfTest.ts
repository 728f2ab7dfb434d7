/** Self-test of all kernels: every small case of every operation (`*.check.ts`) on the adapter at hand. */
import { listOfStrings, requireFields } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import { checkWork, tell, WORK, type WorkOptions } from '../core/work.js';
import type { Gpu } from '../engine/device/gpu.js';
import { requireGpu } from '../engine/device/requireGpu.js';
import type { CheckResult } from '../shaders/checkCase.js';

/** `onProgress` hears of `check`, with the cases that are done and what is waited for: before each, and at the end. */
export interface SelfTestOptions extends WorkOptions {
  /** Operations or folders to test, e.g. `conv.forward`, `conv`; default all. */
  ops?: readonly string[];
  /** More devices of the same adapter, where its driver compiles for each by itself: the work is shared out. */
  beside?: readonly Gpu[];
}

/**
 * Runs every small case of every variant that this adapter can run. A variant that fails one is entered in
 * `gpu.broken`, so that no plan picks it from then on.
 * @returns a result for each case and variant that ran
 * @throws UsageError for an operation that there is not; DeviceLostError when a device is lost; OutOfMemoryError; the
 *   signal's reason
 */
export async function selfTest(gpu: Gpu, given: SelfTestOptions = {}): Promise<CheckResult[]> {
  requireGpu('selfTest', gpu);
  requireFields('The options of selfTest', given, ['ops', 'beside', ...WORK]);
  const { ops, beside = [], ...options } = given;
  checkWork(options);
  // A page that checks nothing does not load the cases.
  const [{ checksOf }, { judge }] = await Promise.all([
    import('./checksOf.js'),
    import('../shaders/checkCase.js'),
  ]);
  const unknown = ops && listOfStrings('ops', ops, 'name').find((name) => checksOf([name]).length === 0);
  if (unknown !== undefined) throw new UsageError(`There is no operation '${unknown}' to test.`);
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
  const told = () => {
    const note = [...busy.values()].join(', ');
    return tell(options, { phase: 'check', done, total: runs.length, unit: 'cases', note });
  };
  const work = async (device: Gpu): Promise<void> => {
    for (let next = queue.shift(); next; next = queue.shift()) {
      const [name, group] = next;
      busy.set(device, name);
      for (const i of group) {
        await told();
        results[i] = await judge(device, runs[i].check, runs[i].variant, options);
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
  await told();
  return results.filter((result) => result !== null);
}
