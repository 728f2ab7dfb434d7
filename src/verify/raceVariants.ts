/** Kernels raced on the network's shapes: the cases that operations keep for that (`race` in `*.check.ts`). */
import type { StopSignal } from '../core/work.js';
import type { Gpu } from '../engine/device/gpu.js';
import { type Peaks, type Rates, ratesOf } from '../engine/timing/peaks.js';
import { racePlans } from '../engine/timing/race.js';
import { median } from '../engine/timing/statistics.js';
import { type CheckCase, explain, type Prepared, prepare, runCheck } from '../shaders/checkCase.js';
import { checksOf } from './checksOf.js';

const ROUNDS = 9;
const SAMPLE_MS = 20;

export interface RaceOptions {
  peaks?: Peaks | null;
  signal?: StopSignal;
  /** Before each round, from 1. */
  onRound?: (round: number, rounds: number) => void;
}

/** Times of one that took part. */
export interface Raced extends Rates {
  /** Median of the samples, milliseconds per run. */
  ms: number;
  /** One per round. */
  samples: readonly number[];
}

/** Of one that is not timed. */
export const UNTIMED: Raced = { ms: 0, samples: [], flops: 0, bytes: 0, gflops: 0, gbs: 0, ofPeak: null };

/**
 * Times one case, prepared in several ways. Timed is the whole case: where an operation comes with others (partial
 * sums and their reduction, the three passes of samplewise moments), only its own kernel differs.
 * @param entrants each one checked before
 * @throws DeviceLostError when the device is lost; OutOfMemoryError; the reason of `signal`
 */
export async function raceCase(
  gpu: Gpu,
  entrants: readonly (() => Promise<Prepared>)[],
  { peaks = null, signal, onRound }: RaceOptions = {},
): Promise<Raced[]> {
  const prepared: Prepared[] = [];
  try {
    for (const entrant of entrants) prepared.push(await entrant());
    const plans = prepared.map(({ plan }) => plan);
    const times = await racePlans(gpu, plans, { rounds: ROUNDS, sampleMs: SAMPLE_MS, signal, onRound });
    return times.map(({ samples }, i) => {
      const ms = median(samples);
      return { ms, samples, ...ratesOf(plans[i].dispatches, ms * 1e6, peaks) };
    });
  } finally {
    for (const { dispose } of prepared) dispose();
  }
}

export interface RaceRow extends Raced {
  op: string;
  variant: string;
  /** Shape in words. */
  title: string;
  /** Passed the check on this shape; without that it is not timed. */
  ok: boolean;
  /** Why not. */
  error?: string;
}

/**
 * Races the variants of an operation on its real shapes, each checked first.
 * @param op e.g. `conv.forward`, or a folder, e.g. `conv`
 * @throws as `raceCase`
 */
export async function raceVariants(gpu: Gpu, op: string, options: RaceOptions = {}): Promise<RaceRow[]> {
  const rows: RaceRow[] = [];
  for (const check of checksOf([op]).filter(({ race }) => race)) {
    const checked = await checkedVariants(gpu, check, options);
    const right = checked.filter(({ ok }) => ok);
    const entrants = right.map((row) => () => prepare(gpu, check, row.variant));
    const times = await raceCase(gpu, entrants, options);
    for (const [i, row] of right.entries()) Object.assign(row, times[i]);
    rows.push(...checked);
  }
  return rows;
}

async function checkedVariants(gpu: Gpu, check: CheckCase, { signal }: RaceOptions): Promise<RaceRow[]> {
  const { op, title } = check;
  const rows: RaceRow[] = [];
  for (const variant of check.variants) {
    signal?.throwIfAborted();
    const result = await runCheck(gpu, check, variant);
    gpu.assertAlive();
    if (!result) continue;
    const why = result.ok ? {} : { error: explain(result) };
    rows.push({ op, variant, title, ok: result.ok, ...UNTIMED, ...why });
  }
  return rows;
}
