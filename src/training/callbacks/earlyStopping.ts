/** Callback: ends a training that no longer gets better. Keras' `EarlyStopping`. */
import {
  finite,
  nonNegativeNumber,
  oneOf,
  requireFields,
  shown,
  trueOrFalse,
  wholeNumber,
} from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import type { WeightMap } from '../parameterSpec.js';
import type { Callback, EpochInfo, TrainingContext } from './callback.js';

export interface EarlyStoppingOptions {
  /** The log that is watched. Default: val_loss. */
  monitor?: string;
  /** Less than this is no improvement. Default: 0. */
  minDelta?: number;
  /** Epochs without improvement at which the training ends; 0 does what 1 does. Default: 0. */
  patience?: number;
  /** Which way is better; `auto`: max for a name with `acc` or `auc` in it, else min. */
  mode?: 'auto' | 'min' | 'max';
  /** What the first epoch must be better than. */
  baseline?: number;
  /**
   * At the end of the training the weights and moving averages of the best epoch come back; the optimizer's state
   * stays. As in Keras 3: also where the epochs ran out, in which Keras 2 keeps the last weights. Default: false.
   */
  restoreBestWeights?: boolean;
}

const OPTIONS = ['monitor', 'minDelta', 'patience', 'mode', 'baseline', 'restoreBestWeights'] as const;

export class EarlyStopping implements Callback {
  private readonly options: Required<Omit<EarlyStoppingOptions, 'baseline'>>;
  private readonly baseline: number;
  /** The number to beat: the best so far that beat the baseline. */
  private toBeat = 0;
  private wait = 0;
  /** The best epoch, from 0, whatever the baseline, and what it had; null before one is a number. */
  bestEpoch: number | null = null;
  best = 0;
  /** Weights of that epoch, with `restoreBestWeights`: also there for whoever catches an error of `fit`. */
  bestWeights: WeightMap | null = null;
  /** The epoch, from 0, that this ended the training at; null where it did not. */
  stoppedEpoch: number | null = null;

  /** @throws UsageError naming the option that makes no sense */
  constructor(options: EarlyStoppingOptions = {}) {
    requireFields('The options of EarlyStopping', options, OPTIONS);
    const { monitor = 'val_loss', mode = 'auto', baseline, restoreBestWeights = false } = options;
    if (typeof monitor !== 'string') {
      throw new UsageError(`monitor is ${shown(monitor)}, it must be the name of a log.`);
    }
    const chosen = oneOf('mode', mode, ['auto', 'min', 'max']);
    this.options = {
      monitor,
      minDelta: nonNegativeNumber('minDelta', options.minDelta ?? 0),
      patience: wholeNumber('patience', options.patience ?? 0, 0),
      mode: chosen === 'auto' ? (/acc|auc/.test(monitor) ? 'max' : 'min') : chosen,
      restoreBestWeights: trueOrFalse('restoreBestWeights', restoreBestWeights),
    };
    this.baseline = baseline === undefined ? this.worst : finite('baseline', baseline);
  }

  /** @throws UsageError for val_loss in a training without validation */
  onTrainBegin({ validationSteps }: TrainingContext): void {
    if (this.options.monitor === 'val_loss' && validationSteps === 0) {
      throw new UsageError(
        'EarlyStopping watches val_loss, and this training has no validation.',
        "Give fit a validation, or EarlyStopping monitor: 'loss'.",
      );
    }
    this.wait = 0;
    this.toBeat = this.baseline;
    this.best = this.worst;
    this.bestEpoch = null;
    this.bestWeights = null;
    this.stoppedEpoch = null;
  }

  /** @throws UsageError where nothing has written the log that is watched */
  async onEpoch({ epoch, steps, logs }: EpochInfo, training: TrainingContext): Promise<void> {
    const { monitor, patience, restoreBestWeights } = this.options;
    const current = logs[monitor];
    // An epoch that was cut short is not compared with whole ones.
    if (steps < training.stepsPerEpoch) return;
    if (current === undefined) {
      throw new UsageError(
        `EarlyStopping watches ${monitor}, which the logs do not have; they have ${Object.keys(logs).join(', ')}.`,
        'A callback that writes it must come before EarlyStopping in the list.',
      );
    }
    if (this.improves(current, this.best)) {
      this.best = current;
      this.bestEpoch = epoch;
      if (restoreBestWeights) this.bestWeights = await training.model.exportWeights();
    }
    if (this.improves(current, this.toBeat)) {
      this.toBeat = current;
      this.wait = 0;
      return;
    }
    this.wait++;
    if (this.wait < patience) return;
    this.stoppedEpoch = epoch;
    training.stop(`${monitor} did not improve for ${plural(this.wait, 'epoch')}${this.bestInWords()}`);
  }

  async onTrainEnd({ model }: TrainingContext): Promise<void> {
    if (this.bestWeights) await model.importWeights(this.bestWeights);
  }

  private improves(value: number, than: number): boolean {
    const { mode, minDelta } = this.options;
    return mode === 'max' ? value - minDelta > than : value + minDelta < than;
  }

  /** What every number is better than. */
  private get worst(): number {
    return this.options.mode === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  private bestInWords(): string {
    if (this.bestEpoch === null) return '';
    return `; the best was ${Number(this.best.toPrecision(6))} in epoch ${this.bestEpoch + 1}`;
  }
}
