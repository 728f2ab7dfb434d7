/** A rate that stays, after a linear warm-up (Goyal et al. 2017). */
import { nonNegativeNumber, positiveNumber, requireFields, share } from '../../core/arguments.js';
import { linearWarmUp, type Schedule, type ScheduleKind, START_DIVISOR, warmUpSetting } from './schedule.js';

export interface ConstantRateSettings {
  /** Share of the steps in which the rate rises, by the same amount from step to step. Default 0.05. */
  warmUp?: number;
  /** The first rate is the peak divided by this. Default 25. */
  startDivisor?: number;
}

const WARM_UP = warmUpSetting(0.05);

/**
 * PyTorch's `LinearLR` with start_factor 1 / startDivisor. With w = warmUp count in whole steps and first = peak /
 * startDivisor, step i has i < w: first + (peak - first) i / w; else: peak.
 * @param peak the highest rate, 0 or above
 * @throws UsageError for a setting that there is not or that makes no sense
 */
export function constantRate(peak: number, settings: ConstantRateSettings = {}): Schedule {
  requireFields('The settings of constant', settings, ['warmUp', 'startDivisor']);
  nonNegativeNumber('peak', peak);
  const warmUp = share('warmUp', settings.warmUp ?? WARM_UP.default);
  const first = peak / positiveNumber('startDivisor', settings.startDivisor ?? START_DIVISOR.default);
  return (index, _, count) => {
    const rise = linearWarmUp(peak, first, warmUp, count);
    return index < rise.steps ? rise.rate(index) : peak;
  };
}

export const CONSTANT: ScheduleKind = {
  name: 'constant',
  help: 'rises for a share of the steps, then stays',
  settings: { warmUp: WARM_UP, startDivisor: START_DIVISOR },
  make: constantRate,
  describe: (peak) => `a warm-up to ${peak}`,
};
