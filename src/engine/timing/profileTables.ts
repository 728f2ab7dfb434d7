/**
 * Profiles in tables: by kernel, by layer, each with its share of the time and of what this adapter can do at most.
 */
import { type Peaks, type Rates, ratesOf } from './peaks.js';
import { type DispatchProfile, type Profile, requireProfile } from './profile.js';

export interface ProfileRow extends Rates {
  /** Kernel or layer. */
  name: string;
  /** Dispatches in it. */
  count: number;
  ns: number;
  /** Of the whole profile's time, 0..1. */
  share: number;
}

/** One row per kernel, e.g. `conv.forward.subgroup`, those with most time first. */
export function byKernel(profile: Profile, peaks: Peaks | null = null): ProfileRow[] {
  return grouped(profile, peaks, (d) => `${d.op}.${d.variant}`);
}

/** One row per layer of the network, forward and backward together, those with most time first. */
export function byLayer(profile: Profile, peaks: Peaks | null = null): ProfileRow[] {
  return grouped(profile, peaks, (d) => d.label);
}

/** Rows by any name, those with most time first. */
export function grouped(
  profile: Profile,
  peaks: Peaks | null,
  nameOf: (dispatch: DispatchProfile) => string,
): ProfileRow[] {
  requireProfile(profile);
  const groups = new Map<string, DispatchProfile[]>();
  for (const dispatch of profile.dispatches) {
    const name = nameOf(dispatch);
    const group = groups.get(name);
    if (group) group.push(dispatch);
    else groups.set(name, [dispatch]);
  }
  return [...groups]
    .map(([name, group]): ProfileRow => {
      const ns = group.reduce((total, dispatch) => total + dispatch.ns, 0);
      const share = profile.ns > 0 ? ns / profile.ns : 0;
      return { name, count: group.length, ns, share, ...ratesOf(group, ns, peaks) };
    })
    .sort((a, b) => b.ns - a.ns);
}
