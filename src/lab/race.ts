/** The lab's race: everybody on one shape, in turns, so that whatever slows the machine slows all of them. */
import { idealNs, type Peaks } from '../engine/timing/profileTables.js';
import { Stopwatch } from '../engine/timing/stopwatch.js';
import type { CheckCase, Prepared } from '../shaders/checkCase.js';
import type { Lab, Runner, Verdict } from './check.js';
import type { Geometry } from './geometry.js';

export interface LabRaceRow {
  name: string;
  /** The user's kernel. */
  own: boolean;
  geometry: Geometry;
  /** Median of the samples, milliseconds; 0 where it did not run. */
  ms: number;
  /** One a round. */
  samples: readonly number[];
  gflops: number;
  /** Bytes that must be moved at least once, by time. */
  gbs: number;
  /** Of what the adapter can do, by the peak that bounds each dispatch; null where no peaks were measured. */
  share: number | null;
  /** Wrong on this shape, so not timed. */
  wrong?: Verdict;
}

export interface RaceOptions {
  peaks?: Peaks | null;
  /** Ends it between two samples. */
  signal?: AbortSignal;
  /** What is done next. */
  onStep?: (what: string) => void;
}

const ROUNDS = 9;
/** A sample repeats the run until it takes about this long, so that the way to the GPU and back weighs little. */
const SAMPLE_MS = 20;
/** A sample takes this many steps of the clock at least. */
const SAMPLE_STEPS = 50;
const MAX_REPEATS = 200;
/** Who takes longer than this for one run gets few rounds: the answer is clear. */
const SLOW_MS = 500;
const SLOW_ROUNDS = 2;

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

interface Racer {
  row: LabRaceRow;
  prepared: Prepared;
  /** One run, roughly. */
  once: number;
  samples: number[];
}

/**
 * Checks everybody on this shape, then times those that are right, round by round. Timed is the whole case, as
 * `chexgpu doctor --kernel` does it: where an operation comes with others (partial sums and their reduction), only
 * its own variant changes from row to row.
 * @returns a row for each of `runners`, in their order
 * @throws GpuError when the device is lost; the reason of `signal` when it is aborted
 */
export async function raceOn(
  lab: Lab,
  check: CheckCase,
  runners: readonly Runner[],
  { peaks = null, signal, onStep = () => {} }: RaceOptions = {},
): Promise<LabRaceRow[]> {
  const rows: LabRaceRow[] = [];
  if (runners.length === 0) return rows;
  const racers: Racer[] = [];
  const stopwatch = await Stopwatch.create(lab.gpu, runners.length);
  const step = (what: string) => {
    signal?.throwIfAborted();
    onStep(`${what} on ${check.title}`);
  };
  try {
    for (const runner of runners) {
      step(runner.name);
      const { name, kernel, geometry } = runner;
      const row: LabRaceRow = {
        name,
        own: kernel !== undefined,
        geometry,
        ms: 0,
        samples: [],
        gflops: 0,
        gbs: 0,
        share: null,
      };
      rows.push(row);
      const verdict = await lab.check(check, runner);
      if (!verdict.ok) {
        row.wrong = verdict;
        continue;
      }
      const racer: Racer = { row, prepared: await lab.prepare(check, runner), once: 0, samples: [] };
      racers.push(racer);
      // Twice, as the first run finds everything cold.
      for (let i = 0; i < 2 && racer.once < SLOW_MS; i++) {
        [racer.once] = await stopwatch.round([{ plan: racer.prepared.plan, repeats: 1 }]);
      }
    }
    const sample = Math.max(SAMPLE_MS, SAMPLE_STEPS * stopwatch.resolutionMs);
    for (let round = 0; round < ROUNDS && racers.length > 0; round++) {
      step(`round ${round + 1} of ${ROUNDS}`);
      const fit = racers.filter(({ once }) => once <= SLOW_MS || round < SLOW_ROUNDS);
      // Another one begins each round: who comes first finds the cores asleep.
      const start = round % fit.length;
      const racing = [...fit.slice(start), ...fit.slice(0, start)];
      const times = await stopwatch.round(
        racing.map(({ prepared: { plan }, once }) => ({
          plan,
          repeats: Math.max(1, Math.min(MAX_REPEATS, Math.ceil(sample / once))),
        })),
      );
      for (const [i, racer] of racing.entries()) racer.samples.push(times[i]);
    }
    for (const racer of racers) finish(racer, peaks);
    return rows;
  } finally {
    stopwatch.dispose();
    for (const { prepared } of racers) prepared.dispose();
  }
}

function finish({ row, prepared: { plan }, samples }: Racer, peaks: Peaks | null): void {
  const ms = median(samples);
  const sum = (key: 'flops' | 'bytes') =>
    plan.dispatches.reduce((total, dispatch) => total + dispatch[key], 0);
  const gflops = sum('flops') / ms / 1e6;
  const gbs = sum('bytes') / ms / 1e6;
  const ideal = peaks && plan.dispatches.reduce((total, dispatch) => total + idealNs(dispatch, peaks), 0);
  const share = ideal === null ? null : ideal / (ms * 1e6);
  Object.assign(row, { ms, samples, gflops, gbs, share });
}

export interface Comparison {
  rival: string;
  /** How many times as fast as the rival: median over the rounds, each of which both ran. */
  speedup: number;
  /** Without the fastest and the slowest round, where there are enough. */
  low: number;
  high: number;
}

/** The user's best row against the best built-in one; null where either is missing. */
export function compareBest(rows: readonly LabRaceRow[]): Comparison | null {
  const timed = rows.filter(({ samples }) => samples.length > 0);
  const best = (own: boolean) =>
    timed
      .filter((row) => row.own === own)
      .reduce<LabRaceRow | null>((a, b) => (a && a.ms <= b.ms ? a : b), null);
  const [mine, rival] = [best(true), best(false)];
  if (!mine || !rival) return null;
  const rounds = Math.min(mine.samples.length, rival.samples.length);
  const ratios = Array.from({ length: rounds }, (_, i) => rival.samples[i] / mine.samples[i]);
  const sorted = [...ratios].sort((a, b) => a - b);
  const cut = rounds >= 5 ? 1 : 0;
  return {
    rival: rival.name,
    speedup: median(ratios),
    low: sorted[cut],
    high: sorted[rounds - 1 - cut],
  };
}
