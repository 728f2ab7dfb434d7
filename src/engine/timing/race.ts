/**
 * Plans timed against each other: warmed up, then in rounds in which all take turns, so that whatever slows the
 * machine slows all of them. The one way in which the tuner, the lab, `chexgpu doctor` and the bench time kernels.
 */
import type { StopSignal } from '../../core/work.js';
import type { Gpu } from '../device/gpu.js';
import type { Plan } from '../plan/plan.js';
import { Stopwatch } from './stopwatch.js';

export interface RaceSettings {
  /** Samples of each plan. */
  rounds: number;
  /** A sample repeats the run until it takes about so many milliseconds: the way to the GPU and back weighs little. */
  sampleMs: number;
  /** Runs before the first round, the first of which finds everything cold. Default 2. */
  warmUps?: number;
  /**
   * For races that only look for the fastest: a plan drops out that is slower than the best by this factor after the
   * warm-up, after the first round, and so on. The race is over when one is left.
   */
  hopeless?: readonly number[];
  /** Ends it between two rounds. */
  signal?: StopSignal;
  /** Before each round, from 1. */
  onRound?: (round: number, rounds: number) => void;
}

/** Of one plan, milliseconds per run. */
export interface RaceTimes {
  /** The last run of the warm-up. */
  warmUp: number;
  /** One per round in which it took part. */
  samples: number[];
}

/** A sample takes this many steps of the clock at least. */
const SAMPLE_STEPS = 50;
/** Runs in a sample. */
const MOST_REPEATS = 200;
/** A plan that takes longer than this for one run gets few rounds: the answer is clear. */
const SLOW_MS = 500;
const SLOW_ROUNDS = 2;

/**
 * @returns a row per plan, in their order
 * @throws DeviceLostError when the device is lost; OutOfMemoryError; the reason of `signal`
 */
export async function racePlans(
  gpu: Gpu,
  plans: readonly Plan[],
  settings: RaceSettings,
): Promise<RaceTimes[]> {
  const { rounds, sampleMs, warmUps = 2, hopeless, signal, onRound } = settings;
  const racers = plans.map((plan): Racer => ({ plan, warmUp: 0, samples: [] }));
  if (racers.length === 0) return [];
  const stopwatch = await Stopwatch.create(gpu, racers.length);
  try {
    for (let i = 0; i < warmUps; i++) {
      signal?.throwIfAborted();
      const cold = racers.filter(({ warmUp }) => warmUp <= SLOW_MS);
      const times = await stopwatch.round(cold.map(({ plan }) => ({ plan, repeats: 1 })));
      for (const [k, racer] of cold.entries()) racer.warmUp = times[k];
    }
    let racing = stillRacing(racers, hopeless?.[0]);
    for (let round = 1; round <= rounds; round++) {
      const fit = racing.filter((racer) => round <= SLOW_ROUNDS || bestOf(racer) <= SLOW_MS);
      if (fit.length === 0) break;
      signal?.throwIfAborted();
      onRound?.(round, rounds);
      // Another one begins each round: who comes first finds the cores asleep.
      const start = (round - 1) % fit.length;
      const turns = [...fit.slice(start), ...fit.slice(0, start)];
      const length = Math.max(sampleMs, SAMPLE_STEPS * stopwatch.resolutionMs);
      const times = await stopwatch.round(
        turns.map((racer) => ({ plan: racer.plan, repeats: repeatsFor(length, bestOf(racer)) })),
      );
      for (const [k, racer] of turns.entries()) racer.samples.push(times[k]);
      racing = stillRacing(racing, hopeless?.[round]);
      if (hopeless && racing.length === 1) break;
    }
    return racers.map(({ warmUp, samples }) => ({ warmUp, samples }));
  } finally {
    stopwatch.dispose();
  }
}

interface Racer extends RaceTimes {
  readonly plan: Plan;
}

/** The best time so far, milliseconds per run. */
export function bestOf({ warmUp, samples }: RaceTimes): number {
  return samples.length > 0 ? Math.min(...samples) : warmUp;
}

function stillRacing(racing: readonly Racer[], factor = Number.POSITIVE_INFINITY): readonly Racer[] {
  const best = Math.min(...racing.map(bestOf));
  return racing.filter((racer) => bestOf(racer) <= factor * best);
}

/** Runs that take about `sampleMs` together. */
function repeatsFor(sampleMs: number, runMs: number): number {
  return Math.max(1, Math.min(MOST_REPEATS, Math.ceil(sampleMs / runMs)));
}
