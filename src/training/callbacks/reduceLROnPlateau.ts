/** Callback: a smaller learning rate where a log no longer gets better. Keras' `ReduceLROnPlateau`. */
import {
  fraction,
  nonNegativeNumber,
  requireFields,
  requireFunction,
  wholeNumber,
} from '../../core/arguments.js';
import { plural } from '../../core/formatting.js';
import { type StateValue, stateFields } from '../../core/stateValue.js';
import type { Callback, EpochInfo, TrainingContext } from './callback.js';
import { isWhole, Monitor, type MonitorOptions, sixDigits } from './monitor.js';

export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** What the rate is multiplied by, below 1. Default: 0.1. */
  factor?: number;
  /** Epochs without improvement at which the rate falls; 0 does what 1 does. Default: 10. */
  patience?: number;
  /** Less than this is no improvement. Default: 1e-4. */
  minDelta?: number;
  /** Epochs after a fall in which none is counted. Default: 0. */
  cooldown?: number;
  /** The rate falls no further than this. Default: 0. */
  minLr?: number;
  /** Gets a line for every fall: Keras' `verbose`. */
  say?: (line: string) => void;
}

const OPTIONS = ['monitor', 'mode', 'factor', 'patience', 'minDelta', 'cooldown', 'minLr', 'say'] as const;

/** A schedule that sets the rate of every step undoes what this does: use one of the two. */
export class ReduceLROnPlateau implements Callback {
  readonly name = 'ReduceLROnPlateau';
  private readonly monitor: Monitor;
  private readonly options: Required<Omit<ReduceLROnPlateauOptions, keyof MonitorOptions>>;
  private best = 0;
  private wait = 0;
  private cooling = 0;

  /** @throws UsageError naming the option that makes no sense */
  constructor(options: ReduceLROnPlateauOptions = {}) {
    requireFields('The options of ReduceLROnPlateau', options, OPTIONS);
    const { say = () => {} } = options;
    requireFunction('say', say);
    this.monitor = new Monitor('ReduceLROnPlateau', options);
    this.options = {
      factor: fraction('factor', options.factor ?? 0.1),
      patience: wholeNumber('patience', options.patience ?? 10, 0),
      minDelta: nonNegativeNumber('minDelta', options.minDelta ?? 1e-4),
      cooldown: wholeNumber('cooldown', options.cooldown ?? 0, 0),
      minLr: nonNegativeNumber('minLr', options.minLr ?? 0),
      say,
    };
  }

  /** @throws UsageError for a log of a validation, in a training without one */
  onTrainBegin(training: TrainingContext): void {
    this.monitor.requireThere(training);
    this.best = this.monitor.worst;
    this.wait = 0;
    this.cooling = 0;
  }

  /** @throws UsageError where nothing has written the log that is watched */
  onEpoch(info: EpochInfo, training: TrainingContext): void {
    if (!isWhole(info, training)) return;
    const { patience, minDelta, cooldown } = this.options;
    const current = this.monitor.valueIn(info.logs);
    if (this.cooling > 0) {
      this.cooling--;
      this.wait = 0;
    }
    if (this.improves(current, minDelta)) {
      this.best = current;
      this.wait = 0;
    } else if (this.cooling === 0) {
      this.wait++;
      if (this.wait >= patience && this.reduce(info.epoch, training)) {
        this.cooling = cooldown;
        this.wait = 0;
      }
    }
  }

  state(): StateValue {
    const { best, wait, cooling } = this;
    return { best, wait, cooling };
  }

  restore(state: StateValue): void {
    Object.assign(this, stateFields(this.name, state, ['best', 'wait', 'cooling']));
  }

  /** Keras' arithmetic, which is not quite that of its EarlyStopping. */
  private improves(value: number, delta: number): boolean {
    return this.monitor.mode === 'max' ? value > this.best + delta : value < this.best - delta;
  }

  /** Whether the rate was above its least one, and fell. In Keras it is a float32. */
  private reduce(epoch: number, training: TrainingContext): boolean {
    const { factor, minLr, say } = this.options;
    const before = training.learningRate;
    if (Math.fround(before) <= Math.fround(minLr)) return false;
    const after = Math.max(before * factor, minLr);
    training.learningRate = after;
    say(
      `Epoch ${epoch + 1}: ${this.monitor.log} did not improve for ${plural(this.wait, 'epoch')}; ` +
        `the learning rate falls from ${sixDigits(before)} to ${sixDigits(after)}`,
    );
    return true;
  }
}
