/** Cosine decay (Loshchilov and Hutter 2017), without restarts and with a linear warm-up before it. */
import { nonNegativeNumber, positiveNumber, requireFields, share } from '../../core/arguments.js';
import {
  halfCosine,
  linearWarmUp,
  type Schedule,
  type ScheduleKind,
  START_DIVISOR,
  warmUpSetting,
} from './schedule.js';

export interface CosineDecaySettings {
  /** Share of the steps in which the rate rises, by the same amount from step to step. Default 0: none. */
  warmUp?: number;
  /** With a warm-up the first rate is the peak divided by this. Default 25. */
  startDivisor?: number;
  /** What the rate falls towards, as a share of the peak; Keras' `alpha`. Default 0. */
  finalShare?: number;
}

const WARM_UP = warmUpSetting(0);
const FINAL_SHARE = 0;

/**
 * Keras' `CosineDecay`. With n = count, w = warmUp n in whole steps and first = peak / startDivisor, step i has
 * i < w: first + (peak - first) i / w; else: peak -> finalShare peak by half a cosine of (i - w) / (n - w).
 * Without a warm-up it is PyTorch's `CosineAnnealingLR` too; in both the end would be that of step n.
 * @param peak the highest rate, 0 or above
 * @throws UsageError for a setting that there is not or that makes no sense
 */
export function cosineDecay(peak: number, settings: CosineDecaySettings = {}): Schedule {
  requireFields('The settings of cosine', settings, ['warmUp', 'startDivisor', 'finalShare']);
  nonNegativeNumber('peak', peak);
  const warmUp = share('warmUp', settings.warmUp ?? WARM_UP.default);
  const first = peak / positiveNumber('startDivisor', settings.startDivisor ?? START_DIVISOR.default);
  const last = peak * share('finalShare', settings.finalShare ?? FINAL_SHARE);
  return (index, _, count) => {
    const rise = linearWarmUp(peak, first, warmUp, count);
    if (index < rise.steps) return rise.rate(index);
    return halfCosine(peak, last, (index - rise.steps) / (count - rise.steps));
  };
}

export const COSINE: ScheduleKind = {
  name: 'cosine',
  help: 'falls by half a cosine, after a warm-up if wanted',
  settings: {
    warmUp: WARM_UP,
    startDivisor: START_DIVISOR,
    finalShare: {
      default: FINAL_SHARE,
      check: share,
      help: 'what the rate falls towards, as a share of the peak',
    },
  },
  make: cosineDecay,
  describe: (peak) => `a cosine down from ${peak}`,
};
