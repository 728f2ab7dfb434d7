/** Profiles made by hand: what arithmetic on them gives is known. */

import { Kernel } from '../../src/engine/plan/kernel.js';
import type { Dispatch } from '../../src/engine/plan/plan.js';
import type { DispatchTime } from '../../src/engine/timing/dispatchTimes.js';
import { assemble, type Profile } from '../../src/engine/timing/profile.js';

export interface FakeDispatch {
  label?: string;
  op: string;
  variant: string;
  shape?: string;
  constants?: Record<string, number>;
  flops?: number;
  bytes?: number;
  /** One time per run, nanoseconds. */
  ns: number | readonly number[];
}

/** A plan's table without a GPU. */
export function fakeTable(dispatches: readonly FakeDispatch[]): Dispatch[] {
  return dispatches.map((d, index) => ({
    index,
    kernel: new Kernel(d.op, d.variant, ''),
    label: d.label ?? `layer${index}`,
    constants: d.constants,
    params: {},
    tensors: {},
    workgroups: [1, 1, 1],
    shape: d.shape ?? 'a shape',
    flops: d.flops ?? 0,
    bytes: d.bytes ?? 0,
  }));
}

/** Runs one after the other without a pause, each dispatch encoded in a microsecond from 100 ms on. */
export function fakeProfile(dispatches: readonly FakeDispatch[]): Profile {
  const runs = Math.max(...dispatches.map(({ ns }) => (typeof ns === 'number' ? 1 : ns.length)));
  const times = Array.from({ length: runs }, (_, run): DispatchTime[] => {
    let now = 0;
    return dispatches.map(({ ns }, i) => {
      const begin = now;
      now += typeof ns === 'number' ? ns : ns[run];
      return { begin, end: now, encodeBegin: 100 + i * 1e-3, encodeEnd: 100 + (i + 1) * 1e-3, times: 1 };
    });
  });
  return assemble({ label: 'a fake plan', dispatches: fakeTable(dispatches) }, times, 'gpu');
}
