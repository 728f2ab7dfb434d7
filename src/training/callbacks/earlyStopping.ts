/** Callback: ends a training that no longer gets better. Keras' `EarlyStopping`, by the rules of tf_keras 2.21. */
import { finite, nonNegativeNumber, requireFields, trueOrFalse, wholeNumber } from '../../core/arguments.js';
import { plural } from '../../core/formatting.js';
import { type StateValue, stateFields } from '../../core/stateValue.js';
import type { WeightMap } from '../parameterSpec.js';
import type { Callback, EpochInfo, TrainingContext } from './callback.js';
import { isWhole, Monitor, type MonitorOptions, sixDigits } from './monitor.js';

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Less than this is no improvement. Default: 0. */
  minDelta?: number;
  /** Epochs without improvement at which the training ends, never the first; 0 does what 1 does. Default: 0. */
  patience?: number;
  /** Until an epoch is better than this, the epochs count as without improvement. Default: none. */
  baseline?: number;
  /** The first epoch that is looked at, from 0: a warm-up before it may get worse. Default: 0. */
  startFromEpoch?: number;
  /**
   * At the end of the training the weights and moving averages of the best epoch come back, also where the epochs ran
   * out; the optimizer's state stays. Default: false.
   */
  restoreBestWeights?: boolean;
}

const OPTIONS = [
  'monitor',
  'minDelta',
  'patience',
  'mode',
  'baseline',
  'startFromEpoch',
  'restoreBestWeights',
] as const;

const STATE = ['wait', 'best', 'bestEpoch', 'bestWeights', 'stoppedEpoch'] as const;

export class EarlyStopping implements Callback {
  readonly name = 'EarlyStopping';
  private readonly options: Required<Omit<EarlyStoppingOptions, keyof MonitorOptions | 'baseline'>>;
  private readonly monitor: Monitor;
  private readonly baseline: number | null;
  private wait = 0;
  /**
   * The best epoch, from 0, whatever the baseline, and what it had; null before there is one. With
   * `restoreBestWeights` the first that is looked at counts as one, even where its log is NaN.
   */
  bestEpoch: number | null = null;
  best = 0;
  /** Weights of that epoch, with `restoreBestWeights`: also there for whoever catches an error of `fit`. */
  bestWeights: WeightMap | null = null;
  /** The epoch, from 0, that this ended the training at; null where it did not. */
  stoppedEpoch: number | null = null;

  /** @throws UsageError naming the option that makes no sense */
  constructor(options: EarlyStoppingOptions = {}) {
    requireFields('The options of EarlyStopping', options, OPTIONS);
    const { baseline } = options;
    this.monitor = new Monitor('EarlyStopping', options);
    this.options = {
      minDelta: nonNegativeNumber('minDelta', options.minDelta ?? 0),
      patience: wholeNumber('patience', options.patience ?? 0, 0),
      startFromEpoch: wholeNumber('startFromEpoch', options.startFromEpoch ?? 0, 0),
      restoreBestWeights: trueOrFalse('restoreBestWeights', options.restoreBestWeights ?? false),
    };
    this.baseline = baseline === undefined ? null : finite('baseline', baseline);
  }

  /** @throws UsageError for a log of a validation, in a training without one */
  onTrainBegin(training: TrainingContext): void {
    this.monitor.requireThere(training);
    this.wait = 0;
    this.best = this.monitor.worst;
    this.bestEpoch = null;
    this.bestWeights = null;
    this.stoppedEpoch = null;
  }

  /** @throws UsageError where nothing has written the log that is watched */
  async onEpoch(info: EpochInfo, training: TrainingContext): Promise<void> {
    const { epoch, logs } = info;
    const { minDelta, patience, startFromEpoch, restoreBestWeights } = this.options;
    if (!isWhole(info, training)) return;
    const current = this.monitor.valueIn(logs);
    if (epoch < startFromEpoch) return;
    const better = this.monitor.improves(current, this.best, minDelta);
    if (restoreBestWeights && (better || this.bestWeights === null)) {
      this.bestWeights = await training.model.exportWeights();
      this.bestEpoch = epoch;
    }
    this.wait++;
    if (better) {
      this.best = current;
      this.bestEpoch = epoch;
      if (this.beatsBaseline(current)) this.wait = 0;
    } else if (this.wait >= patience && epoch > 0) {
      this.stoppedEpoch = epoch;
      training.stop(this.reason());
    }
  }

  async onTrainEnd({ model }: TrainingContext): Promise<void> {
    if (this.bestWeights) await model.importWeights(this.bestWeights);
  }

  state(): StateValue {
    const { wait, best, bestEpoch, bestWeights, stoppedEpoch } = this;
    const weights = bestWeights && Object.fromEntries(bestWeights);
    return { wait, best, bestEpoch, bestWeights: weights, stoppedEpoch };
  }

  restore(state: StateValue): void {
    const { bestWeights, ...rest } = stateFields('EarlyStopping', state, STATE);
    Object.assign(this, rest);
    const weights = bestWeights as Record<string, Float32Array> | null;
    this.bestWeights = weights && new Map(Object.entries(weights));
  }

  private beatsBaseline(value: number): boolean {
    return this.baseline === null || this.monitor.improves(value, this.baseline, this.options.minDelta);
  }

  private reason(): string {
    const waited = `for ${plural(this.wait, 'epoch')}`;
    const best = Number.isFinite(this.best)
      ? `; the best was ${sixDigits(this.best)} in epoch ${(this.bestEpoch ?? 0) + 1}`
      : '';
    const { log } = this.monitor;
    return this.beatsBaseline(this.best)
      ? `${log} did not improve ${waited}${best}`
      : `${log} did not beat the baseline ${this.baseline} ${waited}${best}`;
  }
}
