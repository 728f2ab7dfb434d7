/** How fast a dispatch was, in words. */
import { byteSize, percent, plural, threeDigits, whole } from '../../../../src/core/formatting.js';
import { boundOf, ratesOf } from '../../../../src/engine/timing/peaks.js';
import type { DebuggedDispatch, Peaks } from './types.js';

/** Below this a browser's clock, which goes by 65 µs, says nothing of how fast something was. */
const TELLS_NS = 400_000;

/** Nanoseconds for a list. */
export function duration(ns: number): string {
  if (ns < 65_536) return ns === 0 ? '< 0.07 ms' : `${threeDigits(ns / 1e6)} ms`;
  return ns < 1e9 ? `${threeDigits(ns / 1e6)} ms` : `${threeDigits(ns / 1e9)} s`;
}

export interface Fact {
  readonly what: string;
  readonly value: string;
}

/** The figures of a dispatch. @param ns how long it took; undefined before it ran */
export function factsOf(
  dispatch: DebuggedDispatch,
  ns: number | undefined,
  peaks: Peaks | null,
  clock: 'gpu' | 'wall',
): Fact[] {
  const { shape, workgroups, flops, bytesRead, bytesWritten } = dispatch;
  const groups = workgroups.reduce((a, b) => a * b, 1);
  const facts = [
    { what: 'Shape', value: shape },
    { what: 'Workgroups', value: `${workgroups.join(' x ')} = ${whole(groups)}` },
    { what: 'Reads at least', value: byteSize(bytesRead) },
    { what: 'Writes', value: byteSize(bytesWritten) },
    { what: 'Computes', value: plural(flops, 'FLOP') },
    { what: 'Time of this run', value: ns === undefined ? 'not run yet' : timeWords(ns, clock) },
  ];
  if (ns === undefined || (clock === 'gpu' && ns < TELLS_NS)) {
    const why = ns === undefined ? 'known once it ran' : "too short for the browser's clock";
    return [...facts, { what: 'Share of peak', value: why }];
  }
  const work = { flops, bytes: bytesRead + bytesWritten };
  const { gflops, gbs, ofPeak } = ratesOf([work], ns, peaks);
  const share =
    ofPeak === null || !peaks ? 'peak not measured yet' : shareWords(ofPeak, boundOf(work, peaks));
  return [
    ...facts,
    { what: 'Rate', value: `${threeDigits(gflops)} GFLOP/s, ${threeDigits(gbs)} GB/s` },
    { what: 'Share of peak', value: share },
  ];
}

const timeWords = (ns: number, clock: 'gpu' | 'wall') =>
  clock === 'gpu' ? `${duration(ns)}, by the GPU's clock` : `${duration(ns)}, with the way there and back`;

const shareWords = (share: number, bound: 'compute' | 'memory') =>
  `${percent(share)} of what the adapter can ${bound === 'compute' ? 'compute' : 'move'}`;
