/** One cycle (Smith and Topin 2018): the rate rises to its peak, then falls to nearly nothing, half a cosine each. */
import { nonNegativeNumber, positiveNumber, requireFields, share } from '../../core/arguments.js';
import { halfCosine, type Schedule, type ScheduleKind, START_DIVISOR, warmUpSetting } from './schedule.js';

export interface OneCycleSettings {
  /** Share of the steps in which the rate rises. Default 0.3. */
  warmUp?: number;
  /** The first rate is the peak divided by this. Default 25. */
  startDivisor?: number;
  /** The last rate is the first one divided by this. Default 10000. */
  endDivisor?: number;
}

/** PyTorch's. */
const WARM_UP = warmUpSetting(0.3);
const END_DIVISOR = 1e4;

/**
 * PyTorch's `OneCycleLR` with cosine annealing in two phases. With n = count, m = warmUp n - 1, first = peak /
 * startDivisor and last = first / endDivisor, step i has
 * i <= m: first -> peak by half a cosine of i / m; else: peak -> last by half a cosine of (i - m) / (n - 1 - m).
 * @param peak the highest rate, 0 or above
 * @throws UsageError for a setting that there is not or that makes no sense
 */
export function oneCycle(peak: number, settings: OneCycleSettings = {}): Schedule {
  requireFields('The settings of one-cycle', settings, ['warmUp', 'startDivisor', 'endDivisor']);
  nonNegativeNumber('peak', peak);
  const warmUp = share('warmUp', settings.warmUp ?? WARM_UP.default);
  const first = peak / positiveNumber('startDivisor', settings.startDivisor ?? START_DIVISOR.default);
  const last = first / positiveNumber('endDivisor', settings.endDivisor ?? END_DIVISOR);
  return (index, _, count) => {
    const top = warmUp * count - 1;
    if (index < top) return halfCosine(first, peak, index / top);
    const fall = count - 1 - top;
    return fall > 0 ? halfCosine(peak, last, (index - top) / fall) : peak;
  };
}

export const ONE_CYCLE: ScheduleKind = {
  name: 'one-cycle',
  help: 'rises for a share of the steps, then falls to nearly nothing',
  settings: {
    warmUp: WARM_UP,
    startDivisor: START_DIVISOR,
    endDivisor: {
      default: END_DIVISOR,
      check: positiveNumber,
      help: 'the last rate is the first one divided by this',
    },
  },
  make: oneCycle,
  describe: (peak) => `one cycle up to ${peak}`,
};
