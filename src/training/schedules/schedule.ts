/** What a learning-rate schedule is: a formula of the step, and the settings that it has. */
import { positiveNumber, share } from '../../core/arguments.js';
import type { Setting } from '../setting.js';

/**
 * The learning rate of epoch or step `index` of `count`, from 0 and over the whole training.
 * @param rate what it is until then
 */
export type Schedule = (index: number, rate: number, count: number) => number;

export type ScheduleSettings = Readonly<Record<string, number>>;

/** A kind of schedule, by name; its settings have their defaults. */
export interface ScheduleKind {
  /** As --schedule takes it. */
  readonly name: string;
  /** One line of help. */
  readonly help: string;
  readonly settings: Readonly<Record<string, Setting<number>>>;
  /** @param peak the highest rate: the optimizer's learning rate */
  make(peak: number, settings: ScheduleSettings): Schedule;
  /** "one-cycle rate up to 0.002" */
  describe(peak: number, settings: ScheduleSettings): string;
}

/** A kind with values for its settings. */
export interface ScheduleChoice {
  readonly kind: ScheduleKind;
  readonly settings: ScheduleSettings;
}

/** Half a cosine: `from` where `share` is 0, `to` where it is 1. */
export function halfCosine(from: number, to: number, share: number): number {
  return to + ((from - to) * (1 + Math.cos(Math.PI * share))) / 2;
}

/** Settings that several kinds share. */
export const warmUpSetting = (fallback: number): Setting<number> => ({
  default: fallback,
  check: share,
  help: 'share of the steps in which the rate rises',
});

export const START_DIVISOR: Setting<number> = {
  default: 25,
  check: positiveNumber,
  help: 'the first rate is the peak divided by this',
};

/** A first phase in which the rate rises by the same amount from step to step. */
export interface WarmUp {
  /** How many steps it has; the next one is the first at the peak. */
  steps: number;
  /** The rate of step `index`, one of its own. */
  rate(index: number): number;
}

/** Keras' and PyTorch's linear warm-up over a share of `count` steps, in whole steps. */
export function linearWarmUp(peak: number, first: number, warmUp: number, count: number): WarmUp {
  const steps = Math.round(warmUp * count);
  return { steps, rate: (index) => first + ((peak - first) * index) / steps };
}
