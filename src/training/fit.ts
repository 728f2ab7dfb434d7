/**
 * The training loop, after Keras' `fit_generator` (keras-spec 5.4): epochs of a fixed number of steps over
 * a sequence of batches that goes on where the last epoch stopped, validation in inference mode, history.
 */
import { requireFunction, requireObject, wholeNumber } from '../core/arguments.js';
import { NonFiniteError, UsageError } from '../core/errors.js';
import type { BatchSource } from './batch.js';
import { checkSource } from './checkSource.js';
import type { Loss } from './losses/loss.js';
import type { Model } from './model/model.js';
import type { TrainingOptions } from './trainingOptions.js';

export interface StepInfo {
  epoch: number;
  epochs: number;
  /** Step of this epoch, from 0, and how many it has. */
  step: number;
  steps: number;
  /** Loss of this batch before the update. */
  loss: number;
  /** Images of this batch. */
  images: number;
  /** Mean loss of this epoch so far, weighted by batch size. */
  meanLoss: number;
  /** Images a second of this epoch so far, waiting for images included. */
  imagesPerSecond: number;
  /** Milliseconds this step waited for its images, and took on the GPU. */
  waitMs: number;
  stepMs: number;
}

export interface EpochInfo {
  epoch: number;
  /** Sum of loss*size over sum of size, while the weights change: Keras' `loss`. */
  loss: number;
  valLoss: number | null;
  seconds: number;
}

export interface History {
  /** One entry a training step, over all epochs. */
  stepLoss: number[];
  epochs: EpochInfo[];
  images: number;
  waitMs: number;
  stepMs: number;
  validationMs: number;
}

export interface FitOptions extends TrainingOptions {
  epochs: number;
  /** Default: the length of the training source. */
  stepsPerEpoch?: number;
  validation?: BatchSource;
  /** Default: the length of the validation source. */
  validationSteps?: number;
  /** Keras 2.3.0 and 2.3.1 report the loss of the last validation batch only; true restores that. */
  keras231ValLoss?: boolean;
  signal?: AbortSignal;
  /** Callbacks are waited for, and what they throw or reject with ends the training. */
  onStep?: (info: StepInfo) => void | Promise<void>;
  onValidation?: (done: number, total: number) => void | Promise<void>;
  onEpoch?: (info: EpochInfo) => void | Promise<void>;
}

/**
 * Trains a model. One that was trained or compiled before goes on, as with Keras' `fit`: Adam's moments and count of
 * steps are kept, and settings that `options` leaves out; those that are given hold from now on. Call
 * `model.compile` first to start Adam afresh, or give `optimizer`.
 * @returns losses a step and an epoch, and where the time went
 * @throws NonFiniteError when a step or the validation loss is not finite, naming the layer (`Model.trainStep`);
 *   UsageError for counts that are no whole numbers above 0, callbacks that are no functions, and as `Model.compile`
 */
export async function fit(model: Model, source: BatchSource, options: FitOptions): Promise<History> {
  requireObject('The options of fit', options);
  if (checkSource('The training source', source) === 0) {
    throw new UsageError('There are no images to train on.');
  }
  const epochs = wholeNumber('epochs', options.epochs, 1);
  const steps = wholeNumber('stepsPerEpoch', options.stepsPerEpoch ?? source.length, 1);
  if (options.validation && checkSource('The validation source', options.validation) === 0) {
    throw new UsageError('There are no images to validate on.');
  }
  if (options.validationSteps !== undefined) wholeNumber('validationSteps', options.validationSteps, 1);
  for (const name of ['onStep', 'onValidation', 'onEpoch'] as const) {
    if (options[name] !== undefined) requireFunction(name, options[name]);
  }
  options.signal?.throwIfAborted();
  const { loss: rule } = await model.goOn(options);
  const history: History = { stepLoss: [], epochs: [], images: 0, waitMs: 0, stepMs: 0, validationMs: 0 };
  const next = endless(source);

  for (let epoch = 0; epoch < epochs; epoch++) {
    const started = performance.now();
    let weighted = 0;
    let seen = 0;
    for (let step = 0; step < steps; step++) {
      options.signal?.throwIfAborted();
      const before = performance.now();
      const batch = await next();
      const loaded = performance.now();
      const loss = await model.trainStep(batch);
      const after = performance.now();
      weighted += loss * batch.count;
      seen += batch.count;
      history.stepLoss.push(loss);
      history.images += batch.count;
      history.waitMs += loaded - before;
      history.stepMs += after - loaded;
      await options.onStep?.({
        epoch,
        epochs,
        step,
        steps,
        loss,
        images: batch.count,
        meanLoss: weighted / seen,
        imagesPerSecond: (seen * 1000) / (after - started),
        waitMs: loaded - before,
        stepMs: after - loaded,
      });
    }
    const validating = performance.now();
    const valLoss = options.validation ? await validate(model, options.validation, options, rule) : null;
    history.validationMs += performance.now() - validating;
    const info = { epoch, loss: weighted / seen, valLoss, seconds: (performance.now() - started) / 1000 };
    history.epochs.push(info);
    await options.onEpoch?.(info);
  }
  return history;
}

/** Batches one after the other; a new epoch of the source begins when one is used up. */
function endless(source: BatchSource): () => ReturnType<BatchSource['getBatch']> {
  let index = 0;
  return () => {
    if (index === source.length) {
      source.onEpochEnd();
      index = 0;
    }
    return source.getBatch(index++);
  };
}

/** Loss over the validation images in inference mode, weighted by batch size. */
async function validate(model: Model, source: BatchSource, options: FitOptions, rule: Loss): Promise<number> {
  const steps = Math.min(options.validationSteps ?? source.length, source.length);
  let weighted = 0;
  let seen = 0;
  for (let i = 0; i < steps; i++) {
    options.signal?.throwIfAborted();
    const batch = await source.getBatch(i);
    const loss = rule.value(await model.predict(batch), batch.labels);
    if (options.keras231ValLoss) {
      weighted = 0;
      seen = 0;
    }
    weighted += loss * batch.count;
    seen += batch.count;
    await options.onValidation?.(i + 1, steps);
  }
  const loss = weighted / seen;
  if (!Number.isFinite(loss)) throw new NonFiniteError(`The validation loss is ${loss}.`);
  return loss;
}
