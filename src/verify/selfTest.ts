/** Self-test of all kernels: every small case of every operation (`*.check.ts`) on the adapter at hand. */
import type { Gpu } from '../engine/device/gpu.js';
import type { CheckResult } from '../shaders/checkCase.js';

export interface SelfTestOptions {
  /** Operations or folders to test, e.g. `conv.forward`, `conv`; default all. */
  ops?: readonly string[];
  /** More devices of the same adapter, where its driver compiles for each by itself: the work is shared out. */
  beside?: readonly Gpu[];
  /** Cases done, cases in all, and what is waited for: before each case, and at the end. */
  onProgress?: (done: number, total: number, waitingFor: string) => void;
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
  // A page that checks nothing does not load the cases.
  const [{ checksOf }, { judge }] = await Promise.all([
    import('./checksOf.js'),
    import('../shaders/checkCase.js'),
  ]);
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
