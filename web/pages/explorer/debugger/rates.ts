/** How fast a dispatch was, in words. */
import { byteSize, percent, plural, threeDigits, whole } from '../../../../src/core/formatting.js';
import { boundOf, ratesOf } from '../../../../src/engine/timing/peaks.js';
import type { DebuggedDispatch, Peaks } from './types.js';

/** Browsers may round the GPU's clock to this, nanoseconds. */
const ROUNDED_NS = 65_536;
/** Below so many steps of a rounded clock it says nothing of how fast something was. */
const STEPS = 6;

/** Nanoseconds for a list. */
export function duration(ns: number): string {
  if (ns === 0) return '< 66 µs';
  if (ns < 1e6) return `${threeDigits(ns / 1e3)} µs`;
  return ns < 1e9 ? `${threeDigits(ns / 1e6)} ms` : `${threeDigits(ns / 1e9)} s`;
}

/** What times were measured by. */
type TimeSource = 'gpu' | 'rounded' | 'wall';

/** @param times nanoseconds */
export function sourceOf(clock: 'gpu' | 'wall', times: Iterable<number>): TimeSource {
  return clock === 'gpu' && [...times].every((ns) => ns % ROUNDED_NS === 0) ? 'rounded' : clock;
}

interface Fact {
  readonly what: string;
  readonly value: string;
}

/** The figures of a dispatch. @param ns how long it took; undefined before it ran */
export function factsOf(
  dispatch: DebuggedDispatch,
  ns: number | undefined,
  peaks: Peaks | null,
  source: TimeSource,
): Fact[] {
  const { shape, workgroups, flops, bytesRead, bytesWritten } = dispatch;
  const groups = workgroups.reduce((a, b) => a * b, 1);
  const facts = [
    { what: 'Shape', value: shape },
    { what: 'Workgroups', value: `${workgroups.join(' x ')} = ${whole(groups)}` },
    { what: 'Reads at least', value: byteSize(bytesRead) },
    { what: 'Writes', value: byteSize(bytesWritten) },
    { what: 'Computes', value: plural(flops, 'FLOP') },
    { what: 'Time of this run', value: ns === undefined ? 'not run yet' : timeWords(ns, source) },
  ];
  if (ns === undefined || (source === 'rounded' && ns < STEPS * ROUNDED_NS)) {
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

export const SOURCE_WORDS: Readonly<Record<TimeSource, string>> = {
  gpu: "by the GPU's clock",
  rounded: "by the GPU's clock, which the browser rounds to 66 µs",
  wall: 'with the way there and back: this GPU has no clock of its own',
};

const timeWords = (ns: number, source: TimeSource) => `${duration(ns)}, ${SOURCE_WORDS[source]}`;

const shareWords = (share: number, bound: 'compute' | 'memory') =>
  `${percent(share)} of what the adapter can ${bound === 'compute' ? 'compute' : 'move'}`;
