/**
 * Profiles in tables: by kernel, by layer, each with its share of the time and of what this adapter can do at most.
 */
import type { DispatchProfile, Profile } from './profile.js';

/** What an adapter reaches at most, measured on it. */
export interface Peaks {
  /** 1e9 FLOPs a second; a fused multiply-add counts two. */
  gflops: number;
  /** 1e9 bytes a second, reads plus writes, from memory to memory. */
  gbs: number;
}

/** What a measured piece of work moves and computes. */
export interface Work {
  flops: number;
  bytes: number;
  ns: number;
}

/** Shortest time in which the adapter can do it, nanoseconds: the longer of computing and moving. */
export function idealNs({ flops, bytes }: Pick<Work, 'flops' | 'bytes'>, peaks: Peaks): number {
  return Math.max(flops / peaks.gflops, bytes / peaks.gbs);
}

/** Which of the two peaks bounds a piece of work. */
export function boundOf({ flops, bytes }: Pick<Work, 'flops' | 'bytes'>, peaks: Peaks): 'compute' | 'memory' {
  return flops / peaks.gflops >= bytes / peaks.gbs ? 'compute' : 'memory';
}

/** 1e9 FLOPs a second that FLOPs-a-byte allows under the roof of both peaks. */
export function roof(flopsAByte: number, peaks: Peaks): number {
  return Math.min(peaks.gflops, flopsAByte * peaks.gbs);
}

export interface ProfileRow extends Work {
  /** Kernel or layer. */
  name: string;
  /** Dispatches in it. */
  count: number;
  /** Of the whole profile's time, 0..1. */
  share: number;
  gflops: number;
  gbs: number;
  /**
   * Of what the adapter can do, by the peak that bounds each dispatch: ideal time by real time. Above 1 where
   * the data come out of caches, which the peak of memory does not count. Null without peaks.
   */
  ofPeak: number | null;
}

/** One row a kernel, e.g. `conv.forward.subgroup`, those with most time first. */
export function byKernel(profile: Profile, peaks: Peaks | null = null): ProfileRow[] {
  return grouped(profile, peaks, (d) => `${d.op}.${d.variant}`);
}

/** One row a layer of the network, forward and backward together, those with most time first. */
export function byLayer(profile: Profile, peaks: Peaks | null = null): ProfileRow[] {
  return grouped(profile, peaks, (d) => d.label);
}

/** Rows by any name, those with most time first. */
export function grouped(
  profile: Profile,
  peaks: Peaks | null,
  nameOf: (dispatch: DispatchProfile) => string,
): ProfileRow[] {
  const groups = new Map<string, DispatchProfile[]>();
  for (const dispatch of profile.dispatches) {
    const name = nameOf(dispatch);
    const group = groups.get(name);
    if (group) group.push(dispatch);
    else groups.set(name, [dispatch]);
  }
  return [...groups]
    .map(([name, group]): ProfileRow => {
      const sum = (key: 'flops' | 'bytes' | 'ns') => group.reduce((total, d) => total + d[key], 0);
      const [flops, bytes, ns] = [sum('flops'), sum('bytes'), sum('ns')];
      const ideal = peaks && group.reduce((total, d) => total + idealNs(d, peaks), 0);
      return {
        name,
        count: group.length,
        flops,
        bytes,
        ns,
        share: ratio(ns, profile.ns),
        gflops: ratio(flops, ns),
        gbs: ratio(bytes, ns),
        ofPeak: ideal === null ? null : ratio(ideal, ns),
      };
    })
    .sort((a, b) => b.ns - a.ns);
}

function ratio(a: number, b: number): number {
  return b > 0 ? a / b : 0;
}
