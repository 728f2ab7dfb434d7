/** How much of what an adapter can do at most a piece of work reaches: the roofline model. */

/** What an adapter reaches at most, measured on it. */
export interface Peaks {
  /** 1e9 FLOPs per second; a fused multiply-add counts two. */
  gflops: number;
  /** 1e9 bytes per second, reads plus writes, from memory to memory. */
  gbs: number;
}

/** What a piece of work computes, and the bytes that it must move at least once. */
export interface Work {
  flops: number;
  bytes: number;
}

/** Shortest time in which the adapter can do it, nanoseconds: the longer of computing and moving. */
export function idealNs({ flops, bytes }: Work, peaks: Peaks): number {
  return Math.max(flops / peaks.gflops, bytes / peaks.gbs);
}

/** Which of the two peaks bounds a piece of work. */
export function boundOf({ flops, bytes }: Work, peaks: Peaks): 'compute' | 'memory' {
  return flops / peaks.gflops >= bytes / peaks.gbs ? 'compute' : 'memory';
}

/** 1e9 FLOPs per second that a number of FLOPs per byte allows under the roof of both peaks. */
export function roof(flopsPerByte: number, peaks: Peaks): number {
  return Math.min(peaks.gflops, flopsPerByte * peaks.gbs);
}

/** How fast some work was done. */
export interface Rates extends Work {
  /** 1e9 FLOPs per second. */
  gflops: number;
  /** 1e9 bytes per second, of those that must be moved at least once. */
  gbs: number;
  /**
   * Of what the adapter can do, by the peak that bounds each part: ideal time by real time. Above 1 where the data
   * come out of caches, which the peak of memory does not count. Null without peaks.
   */
  ofPeak: number | null;
}

/** @param ns nanoseconds that all parts took together; 0 gives rates of 0 */
export function ratesOf(parts: readonly Work[], ns: number, peaks: Peaks): Rates & { ofPeak: number };
export function ratesOf(parts: readonly Work[], ns: number, peaks: Peaks | null): Rates;
export function ratesOf(parts: readonly Work[], ns: number, peaks: Peaks | null): Rates {
  const sum = (of: (part: Work) => number) => parts.reduce((total, part) => total + of(part), 0);
  const rate = (amount: number) => (ns > 0 ? amount / ns : 0);
  const [flops, bytes] = [sum((part) => part.flops), sum((part) => part.bytes)];
  return {
    flops,
    bytes,
    gflops: rate(flops),
    gbs: rate(bytes),
    ofPeak: peaks && rate(sum((part) => idealNs(part, peaks))),
  };
}
