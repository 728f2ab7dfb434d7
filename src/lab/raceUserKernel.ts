/** The lab's race: everybody on one shape, checked first, then timed in turns. */
import { median } from '../engine/timing/statistics.js';
import type { CheckCase } from '../shaders/checkCase.js';
import { type Raced, type RaceOptions, raceCase, UNTIMED } from '../verify/raceVariants.js';
import type { Lab, Runner, Verdict } from './checkUserKernel.js';
import type { Geometry } from './geometry.js';

export interface LabRaceRow extends Raced {
  name: string;
  /** The user's kernel. */
  own: boolean;
  geometry: Geometry;
  /** Wrong on this shape, so not timed. */
  wrong?: Verdict;
}

export interface LabRaceOptions extends Omit<RaceOptions, 'onRound'> {
  /** What is done next. */
  onStep?: (what: string) => void;
}

/**
 * Checks everybody on this shape, then times those that are right, round by round.
 * @returns a row for each of `runners`, in their order
 * @throws DeviceLostError when the device is lost; the reason of `signal` when it is aborted
 */
export async function raceOn(
  lab: Lab,
  check: CheckCase,
  runners: readonly Runner[],
  { peaks = null, signal, onStep = () => {} }: LabRaceOptions = {},
): Promise<LabRaceRow[]> {
  const rows: LabRaceRow[] = [];
  for (const runner of runners) {
    signal?.throwIfAborted();
    onStep(`${runner.name} on ${check.title}`);
    const { name, kernel, geometry } = runner;
    const verdict = await lab.check(check, runner);
    const wrong = verdict.ok ? {} : { wrong: verdict };
    rows.push({ name, own: kernel !== undefined, geometry, ...UNTIMED, ...wrong });
  }
  const right = runners.map((runner, i) => ({ runner, row: rows[i] })).filter(({ row }) => !row.wrong);
  const times = await raceCase(
    lab.gpu,
    right.map(
      ({ runner }) =>
        () =>
          lab.prepare(check, runner),
    ),
    {
      peaks,
      signal,
      onRound: (round, rounds) => onStep(`round ${round} of ${rounds} on ${check.title}`),
    },
  );
  for (const [i, { row }] of right.entries()) Object.assign(row, times[i]);
  return rows;
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
