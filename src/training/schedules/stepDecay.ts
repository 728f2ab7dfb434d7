/** Step decay: the rate stays for a part of the training, then falls to a share of itself, and so on. */
import { nonNegativeNumber, requireFields, share, wholeNumber } from '../../core/arguments.js';
import { plural } from '../../core/formatting.js';
import type { Schedule, ScheduleKind } from './schedule.js';

export interface StepDecaySettings {
  /** How often the rate falls: so many and one parts of the training have one rate each. Default 2. */
  drops?: number;
  /** What the rate is multiplied by. Default 0.1. */
  factor?: number;
}

const DROPS = 2;
const FACTOR = 0.1;
const MOST_DROPS = 1000;

/**
 * rate(i) = peak factor^floor(i (drops + 1) / n) for step i of n = count: PyTorch's `StepLR` with a step_size of
 * n / (drops + 1), and Keras' `ExponentialDecay` of the same decay_steps with staircase.
 * @param peak the first rate, 0 or above
 * @throws UsageError for a setting that there is not or that makes no sense
 */
export function stepDecay(peak: number, settings: StepDecaySettings = {}): Schedule {
  requireFields('The settings of step', settings, ['drops', 'factor']);
  nonNegativeNumber('peak', peak);
  const drops = wholeNumber('drops', settings.drops ?? DROPS, 1, MOST_DROPS);
  const factor = share('factor', settings.factor ?? FACTOR);
  return (index, _, count) => peak * factor ** Math.floor((index * (drops + 1)) / count);
}

export const STEP: ScheduleKind = {
  name: 'step',
  help: 'stays, and falls to a share of itself a few times, evenly over the training',
  settings: {
    drops: {
      default: DROPS,
      check: (field, value) => wholeNumber(field, value, 1, MOST_DROPS),
      help: 'how often the rate falls',
    },
    factor: { default: FACTOR, check: share, help: 'what it is multiplied by then' },
  },
  make: stepDecay,
  describe: (peak, { drops = DROPS, factor = FACTOR }) =>
    `from ${peak} on ${plural(drops, 'step')} down by a factor of ${factor}`,
};
