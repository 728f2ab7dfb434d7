/**
 * Callback: the training as TensorBoard's event files, laid out and named as by tf.keras' `TensorBoard` (2.21): a run
 * `train` and a run `validation`, and, of the whole, hyperparameters and texts. Where the bytes go a sink says.
 */
import { requireFields, requireFunction, requireObject, shown, wholeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { WeightMap } from '../parameterSpec.js';
import { concat } from '../tensorboard/protobuf.js';
import { beginRecords, eventRecord } from '../tensorboard/record.js';
import {
  type Hyperparameters,
  histogramValue,
  imageValue,
  type Picture,
  type SummaryValue,
  scalarValue,
  sessionEnd,
  sessionStart,
  textValue,
} from '../tensorboard/summaries.js';
import type { Callback, EpochInfo, StepInfo, TrainingContext, ValidationInfo } from './callback.js';

/** A folder of event files, below that of the training; '' is that one itself. */
export type EventRun = '' | 'train' | 'validation';

/** Gets the bytes: a folder of files (`EventFolder`, Node), or whatever keeps them. */
export interface EventSink {
  /** @param records whole ones; those of a run make a file as they come, and the first begins it */
  write(run: EventRun, records: Uint8Array<ArrayBuffer>): void | Promise<void>;
  /** What was written before is to be kept even if the machine fails. After every epoch and at the end. */
  flush?(): void | Promise<void>;
}

/** A picture under a name; those of one name are shown as they change from epoch to epoch. */
export interface TaggedPicture extends Picture {
  run: EventRun;
  tag: string;
}

/** @param validation null where the epoch had none */
export type PictureMaker = (
  epoch: EpochInfo,
  validation: ValidationInfo | null,
  training: TrainingContext,
) => Promise<readonly TaggedPicture[]>;

export interface TensorBoardOptions {
  sink: EventSink;
  /** Scalars of every so many training steps; 0 for none, Keras' `update_freq='epoch'`. Default: 1. */
  stepEvery?: number;
  /** Histograms after every so many epochs, the first included; 0 for none. Default, as Keras': 0. */
  histogramEvery?: number;
  /** The same for `pictures`. Default: 1. */
  pictureEvery?: number;
  pictures?: PictureMaker;
  /** By name; TensorBoard compares trainings by them. */
  hyperparameters?: Hyperparameters;
  /** Markdown by name. */
  texts?: Readonly<Record<string, string>>;
  /** Gets what the sink throws, and nothing more is written. Default: it ends the training. */
  onFailure?: (error: Error) => void;
}

const OPTIONS = [
  'sink',
  'stepEvery',
  'histogramEvery',
  'pictureEvery',
  'pictures',
  'hyperparameters',
  'texts',
  'onFailure',
] as const;

/**
 * Scalars per step (`batch_loss`, the mean of the epoch so far, and `batch_lr` by Keras' names; `step_loss`, of the
 * batch alone), counted from 1; per epoch, counted from 0, all that is in the logs: `epoch_loss`, `epoch_lr`, of the
 * validation `epoch_loss` and `evaluation_loss_vs_iterations`. Histograms, per tensor, of the weights and moving
 * averages after the epoch (`conv1/conv/kernel_0/histogram`) and of the gradients of its last step, before the update
 * (`conv1/conv/kernel_0_grad/histogram`). It only reads: the training has the same bits with it. It belongs behind
 * the callbacks whose logs it is to show.
 */
export class TensorBoard implements Callback {
  /** Milliseconds that it took of the last training: to write scalars and the rest, and to make what is shown. */
  readonly spent = { scalars: 0, histograms: 0, pictures: 0 };
  private readonly options: TensorBoardOptions &
    Required<Pick<TensorBoardOptions, 'stepEvery' | 'histogramEvery' | 'pictureEvery'>>;
  private readonly begun = new Set<EventRun>();
  private validation: ValidationInfo | null = null;
  private isOver = true;
  /** Whether the model has gradients of this training. */
  private hasSteps = false;
  private hasFailed = false;

  /** @throws UsageError naming the option that makes no sense */
  constructor(options: TensorBoardOptions) {
    requireFields('The options of TensorBoard', options, OPTIONS);
    const { sink, pictures, onFailure, hyperparameters = {}, texts = {} } = options;
    requireObject('sink', sink);
    requireFunction('sink.write', sink.write);
    for (const [name, hook] of Object.entries({ 'sink.flush': sink.flush, pictures, onFailure })) {
      if (hook !== undefined) requireFunction(name, hook);
    }
    this.options = {
      ...options,
      stepEvery: wholeNumber('stepEvery', options.stepEvery ?? 1, 0),
      histogramEvery: wholeNumber('histogramEvery', options.histogramEvery ?? 0, 0),
      pictureEvery: wholeNumber('pictureEvery', options.pictureEvery ?? 1, 0),
      hyperparameters: checked('hyperparameters', hyperparameters, ['number', 'string', 'boolean']),
      texts: checked('texts', texts, ['string']),
    };
  }

  onTrainBegin(): Promise<void> {
    Object.assign(this.spent, { scalars: 0, histograms: 0, pictures: 0 });
    this.begun.clear();
    this.validation = null;
    this.isOver = false;
    this.hasSteps = false;
    this.hasFailed = false;
    const { hyperparameters = {}, texts = {} } = this.options;
    return this.timed('scalars', async () => {
      const time = Date.now() / 1000;
      await this.put('', 0, [
        sessionStart(hyperparameters, time),
        ...Object.entries(texts).map(([tag, text]) => textValue(tag, text)),
      ]);
      await this.flush();
    });
  }

  onStep({ epoch, step, steps, loss, meanLoss, learningRate }: StepInfo): void | Promise<void> {
    this.hasSteps = true;
    const { stepEvery } = this.options;
    const count = epoch * steps + step + 1;
    if (stepEvery === 0 || count % stepEvery !== 0) return;
    const scalars = { batch_loss: meanLoss, step_loss: loss, batch_lr: learningRate };
    return this.timed('scalars', () => this.put('train', count, scalarValues(scalars)));
  }

  onValidation(validation: ValidationInfo): void {
    this.validation = validation;
  }

  async onEpoch(info: EpochInfo, training: TrainingContext): Promise<void> {
    const { validation } = this;
    this.validation = null;
    if (this.hasFailed) return;
    const { epoch } = info;
    const { histogramEvery, pictureEvery, pictures } = this.options;
    const { train, validated, evaluated } = valuesOf(info.logs);
    const values: Record<EventRun, SummaryValue[]> = { '': [], train, validation: validated };
    if (isDue(epoch, histogramEvery)) {
      await this.timed('histograms', async () => {
        train.push(...(await this.histograms(training)));
      });
    }
    if (pictures && isDue(epoch, pictureEvery)) {
      await this.timed('pictures', async () => {
        for (const { run, tag, ...picture } of await pictures(info, validation, training)) {
          values[run].push(imageValue(tag, picture));
        }
      });
    }
    await this.timed('scalars', async () => {
      await this.put('validation', epoch * training.stepsPerEpoch + info.steps, evaluated);
      // One record per run: of an epoch that comes again all tags are replaced by the first one.
      for (const run of Object.keys(values) as EventRun[]) await this.put(run, epoch, values[run]);
      await this.flush();
    });
  }

  onTrainEnd(): Promise<void> {
    return this.end('success');
  }

  /**
   * Says how the training ended: to be called where `fit` rejects, since callbacks are not. Nothing happens where it
   * ended already.
   */
  async end(status: 'success' | 'failure'): Promise<void> {
    if (this.isOver) return;
    this.isOver = true;
    await this.timed('scalars', async () => {
      await this.put('', 0, [sessionEnd(status, Date.now() / 1000)]);
      await this.flush();
    });
  }

  private async histograms({ model }: TrainingContext): Promise<SummaryValue[]> {
    const weights = await model.exportWeights();
    // One that goes on from the end of an epoch has none of it.
    const gradients: WeightMap = this.hasSteps ? await model.gradients() : new Map();
    return model.network.parameters.flatMap(({ key }) => {
      const gradient = gradients.get(key);
      const own = histogramValue(`${key}_0/histogram`, weights.get(key)!);
      return gradient ? [own, histogramValue(`${key}_0_grad/histogram`, gradient)] : [own];
    });
  }

  /** A record of these values, in a file that begins as it should. */
  private async put(run: EventRun, step: number, values: readonly SummaryValue[]): Promise<void> {
    if (this.hasFailed || values.length === 0) return;
    const time = Date.now() / 1000;
    const records = eventRecord(time, step, values);
    const isFirst = !this.begun.has(run);
    this.begun.add(run);
    await this.attempt(() =>
      this.options.sink.write(run, isFirst ? concat([beginRecords(time, step), records]) : records),
    );
  }

  private async flush(): Promise<void> {
    if (!this.hasFailed) await this.attempt(() => this.options.sink.flush?.());
  }

  private async attempt(work: () => void | Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.hasFailed = true;
      const { onFailure } = this.options;
      if (!onFailure) throw error;
      onFailure(error as Error);
    }
  }

  private async timed(what: keyof TensorBoard['spent'], work: () => Promise<void>): Promise<void> {
    const started = performance.now();
    try {
      await work();
    } finally {
      this.spent[what] += performance.now() - started;
    }
  }
}

const isDue = (epoch: number, every: number): boolean => every > 0 && epoch % every === 0;

const scalarValues = (scalars: Readonly<Record<string, number>>): SummaryValue[] =>
  Object.entries(scalars).map(([tag, value]) => scalarValue(tag, value));

/** The logs of an epoch as scalars: those counted by epochs, and those of the validation that are counted by steps. */
function valuesOf(logs: EpochInfo['logs']) {
  const train: SummaryValue[] = [];
  const validated: SummaryValue[] = [];
  const evaluated: SummaryValue[] = [];
  for (const [name, value] of Object.entries(logs)) {
    if (value === undefined) continue;
    const own = name.replace(/^val_/, '');
    if (own === name) train.push(scalarValue(`epoch_${name}`, value));
    else {
      validated.push(scalarValue(`epoch_${own}`, value));
      evaluated.push(scalarValue(`evaluation_${own}_vs_iterations`, value));
    }
  }
  return { train, validated, evaluated };
}

/** A copy. @throws UsageError for a value of another type */
function checked<T>(field: string, values: Readonly<Record<string, T>>, types: readonly string[]) {
  requireObject(field, values);
  for (const [name, value] of Object.entries(values)) {
    if (types.includes(typeof value)) continue;
    throw new UsageError(`${field}.${name} is ${shown(value)}, it must be a ${types.join(' or a ')}.`);
  }
  return { ...values };
}
