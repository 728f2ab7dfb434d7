/**
 * What each dispatch of a plan costs: the median of several runs, beside the FLOPs and bytes that the plan's table
 * gives. Tables of it are made in profileTables.ts, traces in profileTrace.ts.
 */
import { requireArray, requireObject } from '../../core/arguments.js';
import { checkWork, tell, type WorkOptions } from '../../core/work.js';
import type { Gpu } from '../device/gpu.js';
import { requireGpu } from '../device/requireGpu.js';
import type { Scalars } from '../plan/kernel.js';
import type { Plan } from '../plan/plan.js';
import { type Clock, clockOf, type DispatchTime, timeDispatches } from './dispatchTimes.js';
import { repeated } from './repeatRuns.js';
import { median, spreadOf } from './statistics.js';
import { ROUNDED_NS } from './timestamps.js';

export interface DispatchProfile {
  /** Its place in the plan. */
  index: number;
  /** What it is for in the network, e.g. `conv2_block1_1_conv`. */
  label: string;
  op: string;
  variant: string;
  constants: Scalars;
  shape: string;
  workgroups: readonly [number, number, number];
  flops: number;
  /** Bytes that must be moved at least once. */
  bytes: number;
  /** Median time of one run, nanoseconds. */
  ns: number;
  /** Half the distance of the quartiles, as a share of `ns`; null of fewer than three runs. */
  noise: number | null;
}

/** When one dispatch of the last run was encoded and ran, milliseconds of performance.now(). */
export interface TimelineEntry {
  encodeBegin: number;
  encodeEnd: number;
  begin: number;
  end: number;
}

export interface Profile {
  /** The plan's label. */
  label: string;
  clock: Clock;
  /** Smallest difference that the clock can tell, nanoseconds; above 1 where timestamps are rounded. */
  resolutionNs: number;
  repeats: number;
  dispatches: DispatchProfile[];
  /** Sum of the dispatches' medians, nanoseconds. */
  ns: number;
  /** The last run, one entry per dispatch. */
  timeline: TimelineEntry[];
}

/** @throws UsageError unless it is one of `profilePlan` */
export function requireProfile(profile: Profile): void {
  requireObject('The profile', profile);
  requireArray('The profile: dispatches', profile.dispatches, 'of what was timed');
  requireArray('The profile: timeline', profile.timeline, 'of when it ran');
}

/** The signal is asked between runs; `onProgress` hears of `profile`, with the runs that are done. */
export interface ProfileOptions extends WorkOptions {
  /** Runs that count; one more goes before them. Default 5. */
  repeats?: number;
  /** No further run begins after so many milliseconds; the first always does. */
  budgetMs?: number;
  /** Dispatches to time, by their place in the plan; default all. */
  chosen?: readonly number[];
}

/**
 * Times every dispatch of a plan; where a browser rounds the clock, short ones by running them up to 100 times. Give
 * the plan's model a real batch first: buffers of zeros or of denormal numbers can take another time than real ones.
 *
 * A profiled run is slower than a plain one, as dispatches do not overlap; compare shares, not sums.
 * @throws DeviceLostError; GpuError when a dispatch is refused
 */
export async function profilePlan(gpu: Gpu, plan: Plan, options: ProfileOptions = {}): Promise<Profile> {
  requireGpu('profilePlan', gpu);
  requireObject('The plan', plan);
  checkWork(options);
  const { repeats = 5, budgetMs, signal, chosen } = options;
  const onDone = (done: number, total: number) =>
    tell(options, { phase: 'profile', done, total, unit: 'runs' });
  let times: readonly number[] | undefined;
  const run = async () => {
    const measured = await timeDispatches(gpu, plan, { chosen, times });
    times ??= timesEach(measured, resolutionOf([measured], clockOf(gpu)));
    return measured;
  };
  const runs = await repeated(run, { count: repeats, budgetMs, signal, onDone });
  return assemble(plan, runs, clockOf(gpu), chosen);
}

/** Steps of the clock that a sample of a dispatch takes at least. */
const STEPS = 20;
/** A dispatch runs at most so often in a sample. */
const MOST_TIMES = 100;

/** What the GPU's clock goes up by, nanoseconds. A begin is no difference, so it shows the rounding whatever ran. */
function resolutionOf(runs: readonly (readonly DispatchTime[])[], clock: Clock): number {
  const begins = runs.flatMap((run) => run.map(({ begin }) => begin));
  // The first begins at 0.
  const moved = begins.filter((ns) => ns > 0);
  return clock === 'gpu' && moved.length > 1 && moved.every((ns) => ns % ROUNDED_NS === 0) ? ROUNDED_NS : 1;
}

/** How often each dispatch is to run in a sample, so that a coarse clock can tell how long it takes. */
export function timesEach(measured: readonly DispatchTime[], resolutionNs: number): number[] {
  return measured.map(({ begin, end }) => {
    if (resolutionNs <= 1) return 1;
    const ns = Math.max(end - begin, resolutionNs / STEPS);
    return Math.min(MOST_TIMES, Math.ceil((STEPS * resolutionNs) / ns));
  });
}

/** Medians of runs that were measured; `runs[r][i]` is dispatch `chosen[i]` of run r. */
export function assemble(
  plan: Pick<Plan, 'label' | 'dispatches'>,
  runs: readonly (readonly DispatchTime[])[],
  clock: Clock,
  chosen: readonly number[] = [...plan.dispatches.keys()],
): Profile {
  const dispatches = chosen.map((index, i): DispatchProfile => {
    const d = plan.dispatches[index];
    const times = runs.map((run) => (run[i].end - run[i].begin) / run[i].times);
    return {
      index,
      label: d.label,
      op: d.kernel.op,
      variant: d.kernel.variant,
      constants: d.constants ?? {},
      shape: d.shape,
      workgroups: d.workgroups,
      flops: d.flops,
      bytes: d.bytes,
      ns: median(times),
      noise: spreadOf(times),
    };
  });
  return {
    label: plan.label,
    clock,
    resolutionNs: resolutionOf(runs, clock),
    repeats: runs.length,
    dispatches,
    ns: dispatches.reduce((sum, d) => sum + d.ns, 0),
    timeline: timelineOf(runs.at(-1) ?? []),
  };
}

/**
 * Puts the GPU's clock onto performance.now(): the two have no common start. Nothing runs before it was submitted,
 * so the earliest start that fits is the one at which a dispatch begins just as it is handed over.
 */
export function timelineOf(run: readonly DispatchTime[]): TimelineEntry[] {
  const offset = run.reduce(
    (most, t) => Math.max(most, t.encodeEnd - t.begin / 1e6),
    Number.NEGATIVE_INFINITY,
  );
  return run.map(({ begin, end, encodeBegin, encodeEnd, times }) => ({
    encodeBegin,
    encodeEnd,
    begin: offset + begin / 1e6,
    end: offset + (begin + (end - begin) / times) / 1e6,
  }));
}
