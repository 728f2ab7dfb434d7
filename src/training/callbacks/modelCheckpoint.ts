/**
 * Callback: keeps the network after epochs or steps, all of them or the best so far. Keras' `ModelCheckpoint`, which
 * here hands over what is to be kept: a page has no folder.
 */
import {
  finite,
  requireFields,
  requireFunction,
  shown,
  trueOrFalse,
  wholeNumber,
} from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { type PythonFormat, pythonFormat } from '../../core/pythonFormat.js';
import { type StateValue, stateFields } from '../../core/stateValue.js';
import type { OptimizerState } from '../optimizers/state.js';
import type { WeightMap } from '../parameterSpec.js';
import type { Callback, EpochInfo, Logs, StepInfo, TrainingContext } from './callback.js';
import { isWhole, Monitor, type MonitorOptions, sixDigits } from './monitor.js';

/** What is to be kept. */
export interface CheckpointContents {
  weights: WeightMap;
  /** With `saveWeightsOnly` it is null. Where the training has `ema` it belongs to the weights behind the average. */
  optimizer: OptimizerState | null;
  /** From 0. */
  epoch: number;
  logs: Logs;
}

export interface ModelCheckpointOptions extends MonitorOptions {
  /**
   * The name, in Python's format: `{epoch}` counts from 1, and so does `{batch}` where steps are counted; every log is
   * there too. `{epoch:02d}-{val_loss:.3f}.h5` gives 03-0.693.h5.
   */
  file: string;
  /** Keeps it, under that name; in Node by `writeWeightFile` for example. It is waited for. */
  save(name: string, contents: CheckpointContents): void | Promise<void>;
  /** Only where the log that is watched is better than ever before. Default: false. */
  saveBestOnly?: boolean;
  /** Without the optimizer's state, from which a training could go on. Default: false. */
  saveWeightsOnly?: boolean;
  /** After every epoch, or after so many steps, counted over epochs. Default: epoch. */
  saveFreq?: 'epoch' | number;
  /** With `saveBestOnly`: what the first has to be better than. Default: none. */
  initialValueThreshold?: number;
  /** Gets a line for every one that is kept: Keras' `verbose`. */
  say?: (line: string) => void;
}

const OPTIONS = [
  'file',
  'save',
  'monitor',
  'mode',
  'saveBestOnly',
  'saveWeightsOnly',
  'saveFreq',
  'initialValueThreshold',
  'say',
] as const;

/** Python's ints among what a name may hold. */
const WHOLE: ReadonlySet<string> = new Set(['epoch', 'batch']);

export class ModelCheckpoint implements Callback {
  readonly name = 'ModelCheckpoint';
  private readonly options: ModelCheckpointOptions;
  private readonly monitor: Monitor | null;
  private readonly pattern: PythonFormat;
  /** Steps between two; null: epochs are counted. */
  private readonly every: number | null;
  private steps = 0;
  /** What the log that is watched was at its best. */
  best: number;

  /** @throws UsageError naming the option that makes no sense */
  constructor(options: ModelCheckpointOptions) {
    requireFields('The options of ModelCheckpoint', options, OPTIONS);
    const { saveFreq = 'epoch', initialValueThreshold, say = () => {} } = options;
    this.options = { ...options, say };
    requireFunction('save', options.save);
    requireFunction('say', say);
    trueOrFalse('saveWeightsOnly', options.saveWeightsOnly ?? false);
    this.pattern = pythonFormat('file', options.file);
    this.every = saveFreq === 'epoch' ? null : wholeNumber("saveFreq, if it is not 'epoch',", saveFreq, 1);
    const watches = trueOrFalse('saveBestOnly', options.saveBestOnly ?? false);
    const monitor = new Monitor('ModelCheckpoint', options);
    this.monitor = watches ? monitor : null;
    if (watches && this.every !== null && monitor.log !== 'loss') {
      throw new UsageError(
        `ModelCheckpoint watches ${monitor.log} after ${this.every} steps, which have a loss only.`,
        "Give saveFreq: 'epoch', or monitor: 'loss'.",
      );
    }
    if (initialValueThreshold !== undefined && !watches) {
      throw new UsageError(
        `initialValueThreshold is ${shown(initialValueThreshold)}, and every epoch is kept.`,
        'Give saveBestOnly: true.',
      );
    }
    this.best =
      initialValueThreshold === undefined
        ? monitor.worst
        : finite('initialValueThreshold', initialValueThreshold);
  }

  /** @throws UsageError for a log of a validation, watched or in the name, in a training without one */
  onTrainBegin(training: TrainingContext): void {
    this.monitor?.requireThere(training);
    const missing = this.pattern.names.find((name) => name.startsWith('val_'));
    if (missing === undefined || (training.validationSteps > 0 && this.every === null)) return;
    throw new UsageError(
      `The name ${shown(this.options.file)} wants ${missing}, which is not there: ` +
        (this.every === null ? 'this training has no validation.' : 'after a step there is no validation.'),
    );
  }

  async onStep({ epoch, step, meanLoss, learningRate }: StepInfo, training: TrainingContext): Promise<void> {
    if (this.every === null) return;
    this.steps++;
    if (this.steps < this.every) return;
    this.steps = 0;
    await this.keep({ epoch, batch: step + 1, logs: { loss: meanLoss, lr: learningRate } }, training);
  }

  /** @throws UsageError where nothing has written a log that is watched, or in the name */
  async onEpoch(info: EpochInfo, training: TrainingContext): Promise<void> {
    if (this.every !== null || !isWhole(info, training)) return;
    await this.keep({ epoch: info.epoch, logs: info.logs }, training);
  }

  state(): StateValue {
    const { best, steps } = this;
    return { best, steps };
  }

  restore(state: StateValue): void {
    Object.assign(this, stateFields(this.name, state, ['best', 'steps']));
  }

  private async keep(
    { epoch, batch, logs }: { epoch: number; batch?: number; logs: Logs },
    { model }: TrainingContext,
  ): Promise<void> {
    const { monitor } = this;
    const { save, say, saveWeightsOnly } = this.options;
    const name = this.pattern.format({ ...logs, batch, epoch: epoch + 1 }, WHOLE);
    let why = '';
    if (monitor) {
      const value = monitor.valueIn(logs);
      if (!monitor.improves(value, this.best)) return;
      this.best = value;
      why = `${monitor.log} ${sixDigits(value)} is the best so far, `;
    }
    const weights = await model.exportWeights();
    const optimizer = saveWeightsOnly ? null : await model.exportOptimizer();
    await save(name, { weights, optimizer, epoch, logs: { ...logs } });
    say?.(`Epoch ${epoch + 1}: ${why}saved ${name}`);
  }
}
