/** How a long list of dispatches goes to the GPU: in submits of some work each, and given up between two of them. */
import { tell, untilAborted, type WorkOptions } from '../../core/work.js';
import type { Gpu } from '../device/gpu.js';

/**
 * Work in one submit at most, in FLOPs, if a single dispatch is not more: keeps the desktop alive, and what is given up
 * is given up within one submit. SwiftShader at 320 px: 28 submits for one image, the longest conv1/conv alone.
 */
const COST_PER_SUBMIT = { software: 5e8, hardware: 5e10 } as const;
/** FLOPs that take about as long as moving a byte. */
const COST_PER_BYTE = 4;
/** Submits that are under way at once: a GPU gets the next one before it is through with the last. */
const SUBMITS_AHEAD = { software: 1, hardware: 2 } as const;

/** Dispatches [from, to) of a submit. */
export type Submit = readonly [from: number, to: number];

/** Cuts a list of dispatches where the work of a submit would grow too large. */
export function submitsOf(
  { info }: Gpu,
  dispatches: readonly { readonly flops: number; readonly bytes: number }[],
): Submit[] {
  const submits: [number, number][] = [];
  let cost = Number.POSITIVE_INFINITY;
  for (const [i, { flops, bytes }] of dispatches.entries()) {
    const more = flops + COST_PER_BYTE * bytes;
    cost += more;
    if (cost > COST_PER_SUBMIT[info.kind]) {
      submits.push([i, i]);
      cost = more;
    }
    submits[submits.length - 1][1] = i + 1;
  }
  return submits;
}

/**
 * Submits one after the other: what is behind a submit waits until the GPU is nearly through with those before.
 * @param note what they are for
 * @param submits WebGPU calls, within `Gpu.guarded`
 * @throws as `Gpu.guarded`; the signal's reason; what `onProgress` throws
 */
export async function inSteps(
  gpu: Gpu,
  note: string,
  work: WorkOptions,
  submits: readonly (() => void)[],
): Promise<void> {
  const total = submits.length;
  const underWay: Promise<void>[] = [];
  for (const [i, submit] of submits.entries()) {
    work.signal?.throwIfAborted();
    await gpu.guarded(note, submit);
    await tell(work, { phase: 'run', done: i + 1, total, unit: 'submits', note });
    if (i === total - 1) break;
    const done = gpu.idle();
    done.catch(() => {});
    underWay.push(done);
    if (underWay.length < SUBMITS_AHEAD[gpu.info.kind]) continue;
    await untilAborted(underWay.shift()!, work.signal);
  }
}
