/** From profiles of the same step with different variants to rows that can be compared: arithmetic only. */
import type { Scalars } from '../../src/engine/plan/kernel.js';
import { boundOf, type Peaks, ratesOf } from '../../src/engine/timing/peaks.js';
import type { DispatchProfile, Profile } from '../../src/engine/timing/profile.js';
import { grouped, type ProfileRow } from '../../src/engine/timing/profileTables.js';
import { median } from '../../src/engine/timing/statistics.js';

export interface KernelRow {
  op: string;
  variant: string;
  /** Constants of its tile, e.g. `PIXELS=4 OUT4=8`; empty where the plan and the default agree. */
  tile: string;
  shape: string;
  /** Dispatches of this shape in the step; 0 for what no step holds. */
  count: number;
  /** One dispatch, with the reduction that belongs to it, milliseconds. */
  ms: number;
  /** As a share of `ms`; null where it was not measured often enough to tell. */
  noise: number | null;
  flops: number;
  bytes: number;
  gflops: number;
  gbs: number;
  /** Of what the adapter can do. */
  ofPeak: number;
  bound: 'compute' | 'memory';
  /** What the plan uses. */
  chosen: boolean;
  /** Of all variants measured on this shape. */
  fastest: boolean;
}

/** One profile: of the plan as it is, or with variants that were insisted on. */
export interface Measured {
  profile: Profile;
  /** By operation; empty for the plan as it is. */
  forced: Readonly<Record<string, string>>;
}

/** Names of constants that say what a dispatch computes, not how. */
const GEOMETRY = new Set([
  ...['KERNEL', 'STRIDE', 'PAD', 'PROLOGUE', 'EPILOGUE', 'AFFINE', 'RELU', 'ACCUMULATE'],
  ...['STATISTICS', 'NORM', 'MODE', 'POOLED', 'FIRST', 'SIGMOID'],
]);

/** The constants of a tile in words. */
export function tileName(constants: Scalars): string {
  return Object.entries(constants)
    .filter(([name]) => !GEOMETRY.has(name))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

interface Gathered {
  first: DispatchProfile;
  tile: string;
  chosen: boolean;
  /** Of the step as it is; else of the profile that has it. */
  count: number;
  /** Of one profile each: nanoseconds per dispatch. */
  ns: number[];
  noise: (number | null)[];
}

/**
 * A dispatch's cost: its own time and that of the reductions that follow for the same layer, since a variant that
 * splits its sum leaves the rest of the work to them.
 */
export function costs({ dispatches }: Profile): number[] {
  return dispatches.map((d, i) => {
    let ns = d.ns;
    for (let next = i + 1; next < dispatches.length; next++) {
      const { op, label, ns: more } = dispatches[next];
      if (label !== d.label || !op.startsWith('reduce.') || d.op.startsWith('reduce.')) break;
      ns += more;
    }
    return ns;
  });
}

/** Rows of the wanted operations, those with most time in the step first, variants of one shape side by side. */
export function kernelRows(
  measured: readonly Measured[],
  wanted: (op: string) => boolean,
  peaks: Peaks,
): KernelRow[] {
  const shapes = new Map<string, Map<string, Gathered>>();
  for (const { profile, forced } of measured) {
    for (const [key, found] of gather(profile, forced, wanted)) {
      const shapeKey = `${found.first.op} ${found.first.shape}`;
      const variants = shapes.get(shapeKey) ?? new Map<string, Gathered>();
      shapes.set(shapeKey, variants);
      const known = variants.get(key);
      if (!known) variants.set(key, found);
      else {
        known.ns.push(...found.ns);
        known.noise.push(...found.noise);
      }
    }
  }
  const rows = [...shapes.values()].map((variants) => rowsOfShape([...variants.values()], peaks));
  const weight = (group: readonly KernelRow[]) => {
    const row = group.find(({ chosen }) => chosen) ?? group[0];
    return row.ms * row.count;
  };
  return rows.sort((a, b) => weight(b) - weight(a)).flat();
}

function gather(
  profile: Profile,
  forced: Measured['forced'],
  wanted: (op: string) => boolean,
): Map<string, Gathered> {
  const found = new Map<string, Gathered & { sum: number }>();
  const asIs = Object.keys(forced).length === 0;
  const cost = costs(profile);
  for (const [i, dispatch] of profile.dispatches.entries()) {
    const { op, variant, shape, constants } = dispatch;
    // Where the variant does not take the shape, the plan uses another one, which says nothing new.
    if (!wanted(op) || !(asIs || forced[op] === variant)) continue;
    const tile = tileName(constants);
    const key = `${op} ${variant} ${tile} ${shape}`;
    const known = found.get(key);
    if (known) {
      known.count++;
      known.sum += cost[i];
      known.noise.push(dispatch.noise);
    } else {
      found.set(key, {
        first: dispatch,
        tile,
        chosen: asIs,
        count: 1,
        sum: cost[i],
        ns: [],
        noise: [dispatch.noise],
      });
    }
  }
  for (const entry of found.values()) entry.ns.push(entry.sum / entry.count);
  return found;
}

function rowsOfShape(variants: Gathered[], peaks: Peaks): KernelRow[] {
  const sameTile = (v: Gathered) =>
    variants.every((other) => other === v || other.first.variant !== v.first.variant);
  const rows = variants.map((v): KernelRow => {
    const { op, variant, shape } = v.first;
    const ns = median(v.ns);
    return {
      op,
      variant,
      tile: sameTile(v) ? '' : v.tile,
      shape,
      count: v.count,
      ms: ns / 1e6,
      noise: noiseOf(v),
      ...ratesOf([v.first], ns, peaks),
      bound: boundOf(v.first, peaks),
      chosen: v.chosen,
      fastest: false,
    };
  });
  rows.sort((a, b) => a.ms - b.ms);
  if (rows[0].ms > 0) rows[0].fastest = true;
  return rows;
}

/** What runs of one profile differ by, and what profiles differ by: the larger. */
function noiseOf({ ns, noise }: Gathered): number | null {
  const known = noise.filter((value): value is number => value !== null);
  const within = known.length > 0 ? median(known) : null;
  if (ns.length < 2) return within;
  const between = (Math.max(...ns) - Math.min(...ns)) / 2 / median(ns);
  return Math.max(within ?? 0, between);
}

/** One row per operation and variant: what the step would spend on it if it were used wherever it fits. */
export interface VariantTotal {
  op: string;
  variant: string;
  /** Shapes and dispatches it was measured on. */
  shapes: number;
  count: number;
  /** All those dispatches, milliseconds. */
  ms: number;
  gflops: number;
  gbs: number;
  ofPeak: number;
  /** Shapes where the plan uses it, and where it is the fastest. */
  chosen: number;
  fastest: number;
  /**
   * How many times as fast as `naive`, on the shapes that both were measured on; null where there are none. Documents
   * of before do not tell it.
   */
  overNaive?: number | null;
}

/** Sums of the rows, by operation in the rows' order, the quickest variant first. */
export function variantTotals(rows: readonly KernelRow[], peaks: Peaks): VariantTotal[] {
  const groups = new Map<string, Map<string, KernelRow[]>>();
  for (const row of rows) {
    const variants = groups.get(row.op) ?? new Map<string, KernelRow[]>();
    groups.set(row.op, variants);
    const known = variants.get(row.variant) ?? [];
    variants.set(row.variant, known);
    // Two tiles of one variant on a shape: the better one is what the variant can do.
    const twin = known.findIndex(({ shape }) => shape === row.shape);
    if (twin < 0) known.push(row);
    else if (row.ms < known[twin].ms) known[twin] = row;
  }
  return [...groups].flatMap(([op, variants]) =>
    [...variants]
      .map(([variant, group]): VariantTotal => {
        const sum = (of: (row: KernelRow) => number) => group.reduce((total, row) => total + of(row), 0);
        const times = (row: KernelRow) => Math.max(1, row.count);
        const ns = sum((row) => times(row) * row.ms) * 1e6;
        const parts = group.map((row) => ({ flops: times(row) * row.flops, bytes: times(row) * row.bytes }));
        const { gflops, gbs, ofPeak } = ratesOf(parts, ns, peaks);
        return {
          op,
          variant,
          shapes: group.length,
          count: sum((row) => row.count),
          ms: ns / 1e6,
          gflops,
          gbs,
          ofPeak,
          chosen: rows.filter((row) => row.op === op && row.variant === variant && row.chosen).length,
          fastest: group.filter(({ fastest }) => fastest).length,
          overNaive: factorOver(variants.get('naive') ?? [], group),
        };
      })
      .sort((a, b) => b.shapes - a.shapes || a.ms - b.ms),
  );
}

/** Times of one variant by those of another, on the shapes that both have; null where there are none. */
function factorOver(slow: readonly KernelRow[], fast: readonly KernelRow[]): number | null {
  let [slowMs, fastMs] = [0, 0];
  for (const row of fast) {
    const twin = slow.find(({ shape }) => shape === row.shape);
    if (!twin) continue;
    const count = Math.max(1, row.count);
    slowMs += count * twin.ms;
    fastMs += count * row.ms;
  }
  return slowMs > 0 && fastMs > 0 ? slowMs / fastMs : null;
}

/** Below this share of the step a convolution is not worth judging. */
const WORTH_JUDGING = 0.03;
/** No convolution worth judging may reach less than this share of what the best one reaches. */
export const BAR = 0.5;
/** Of the best: one that takes next to nothing of the step is measured too roughly to set the mark. */
const WORTH_COMPARING = 0.01;

export interface ConvolutionRow extends ProfileRow {
  /** Its share of the peak by that of the best convolution. */
  ofBest: number;
  /** `ofBest` is at least BAR. */
  ok: boolean;
}

/**
 * The convolutions that take over 3 % of the step, each against the best. One row per direction, window and size of
 * map: the 1x1 convolutions of a dense block, which differ in their input channels only, count as one.
 */
export function convolutionRows(profile: Profile, peaks: Peaks): ConvolutionRow[] {
  const convolutions = {
    ...profile,
    dispatches: profile.dispatches.filter(({ op }) => op.startsWith('conv.')),
  };
  const rows = grouped(convolutions, peaks, ({ op, shape }) => `${op} ${convolutionName(shape)}`);
  const comparable = rows.filter(({ share }) => share > WORTH_COMPARING);
  const best = Math.max(0, ...(comparable.length ? comparable : rows).map(({ ofPeak }) => ofPeak ?? 0));
  return rows
    .filter(({ share }) => share > WORTH_JUDGING)
    .map((row) => {
      const ofBest = best > 0 ? (row.ofPeak ?? 0) / best : 0;
      return { ...row, ofBest, ok: ofBest >= BAR };
    });
}

/** What a dispatch does, in which it is like others of all sizes: `conv.forward 3x3`, `pool.averageForward`. */
export function workGroup({ op, shape }: Pick<DispatchProfile, 'op' | 'shape'>): string {
  const window = op.startsWith('conv.') ? / (\d+x\d+(?:\/\d+)?) -> /.exec(shape)?.[1] : undefined;
  return window ? `${op} ${window}` : op;
}

/**
 * `[4,16,16,96] 1x1 -> 128`, or several of them in one dispatch, without the channels that grow within a block:
 * `1x1 at 16x16`.
 */
export function convolutionName(shape: string): string {
  const parts = /^(?:\d+ times )?\[\d+,(\d+),(\d+),\d+\] (\d+x\d+(?:\/\d+)?) -> \d+/.exec(shape);
  return parts ? `${parts[3]} at ${parts[1]}x${parts[2]}` : shape;
}
