/**
 * The training loop, after Keras' `fit_generator`: epochs of a fixed number of steps over a sequence of batches that
 * goes on where the last epoch stopped, and validation in inference mode. All that is not the loop itself, the history
 * included, is a callback.
 */

import {
  listOfNumbers,
  requireFields,
  requireFunction,
  requireObject,
  wholeNumber,
} from '../core/arguments.js';
import { DataError, NonFiniteError, UsageError } from '../core/errors.js';
import { checkWork, tell, type WorkOptions } from '../core/work.js';
import type { BatchSource } from './batch.js';
import { type Callback, checkCallbacks, type EpochInfo, type RefusedStepInfo } from './callbacks/callback.js';
import { History } from './callbacks/history.js';
import {
  beginOf,
  type Checkpoint,
  type CheckpointOptions,
  checkResume,
  type Position,
  recipeOf,
  requireSameRecipe,
  resumedLayers,
} from './checkpoint.js';
import { checkSource, requireModel } from './checkSource.js';
import type { Loss } from './losses/loss.js';
import type { Model } from './model/model.js';
import type { Network } from './network.js';
import { Training } from './training.js';
import { chosenLoss, type TrainingOptions } from './trainingOptions.js';
import { checkUpdates, completeUpdates } from './updates/updateSettings.js';

/**
 * How long, on what and by what `fit` trains; loss and optimizer as in `TrainingOptions`. `onProgress` hears of
 * `train`, with the steps of all epochs that are done, of `validate`, and of what `trainStep` and `predict` say.
 */
export interface FitOptions extends TrainingOptions, WorkOptions {
  epochs: number;
  /** Default: the length of the training source. */
  stepsPerEpoch?: number;
  validation?: BatchSource;
  /** Default, and at most: the length of the validation source. */
  validationSteps?: number;
  /** Keras 2.3.0 and 2.3.1 report the loss of the last validation batch only; true restores that. */
  keras231ValLoss?: boolean;
  /**
   * Aborted, it ends the training: `fit` rejects with its reason, the weights are those of the last whole step. A batch
   * that is waited for is dropped when it comes, a step gives up within one submit to the GPU; a hook comes to its end.
   */
  signal?: AbortSignal;
  /** Called in this order, each waited for; what they throw or reject with ends the training. */
  callbacks?: readonly Callback[];
  /** Hands over what a later `fit` can go on from. */
  checkpoint?: CheckpointOptions;
  /**
   * Goes on from there instead of beginning: with the weights, the optimizer and its settings, the place in the source
   * and the callbacks' gatherings of the checkpoint. Options, data and callbacks must be what they were; only `epochs`
   * may be more. The history is that of the whole training.
   */
  resume?: Checkpoint;
}

/**
 * Trains a model. One that was trained or compiled before goes on, as with Keras' `fit`: the optimizer's state and
 * count of steps are kept, and settings that `options` leaves out; those that are given hold from now on. Call
 * `model.compile` first to start the optimizer afresh, or give one of another kind, or a state.
 *
 * With `accumulate` a step is still a batch. The last step of an epoch makes an update of the batches that wait, so
 * that validation sees them; a training that is stopped before leaves them for its next step.
 * @returns losses per step and epoch, what stopped the training, and where the time went
 * @throws NonFiniteError when a step or the validation loss is not finite, naming the layer (`Model.trainStep`);
 *   UsageError for counts that are no whole numbers above 0, callbacks that are none (`checkCallbacks`), a model that
 *   another fit is training, and as `Model.compile`
 */
export async function fit(model: Model, source: BatchSource, options: FitOptions): Promise<History> {
  requireModel('fit', model);
  requireObject('The options of fit', options);
  // Between steps the caller may do with his object what he likes.
  const own = { ...options };
  if (underWay.has(model)) {
    throw new UsageError(
      'The model is in another fit, which trains it by a loss and an optimizer of its own.',
      'Wait for that one to end, or stop it.',
    );
  }
  underWay.add(model);
  try {
    return await train(model, source, own);
  } finally {
    underWay.delete(model);
  }
}

/** Models that a fit trains now. */
const underWay = new WeakSet<Model>();

async function train(model: Model, source: BatchSource, options: FitOptions): Promise<History> {
  const { epochs, steps, validationSteps, callbacks } = checkedOptions(source, options);
  const { signal, resume, validation } = options;
  signal?.throwIfAborted();
  // What does not fit is refused before anything of the model is replaced.
  const wanted = resume ? resumed(model.network, options, resume) : options;
  if (resume) await model.importWeights(resume.weights);
  const compiled = await model.goOn(wanted);
  const { loss, layers } = compiled;
  const history = new History();
  // The last, as in Keras: so it has what the others add to the logs.
  callbacks.push(history);
  const { checkpoint } = options;
  const counts = { epochs, stepsPerEpoch: steps, validationSteps };
  const parts = {
    model,
    source,
    validation,
    callbacks,
    checkpoint,
    resume,
    signal,
    layers,
    recipe: recipeOf(compiled),
  };
  const training = new Training({ ...counts, ...parts });

  for (const callback of callbacks) await callback.onTrainBegin?.(training);
  let position = resume ? await training.restore(resume) : beginOf(0);
  // An epoch that was stopped at its checkpoint is still to be closed.
  const goesOn = () => training.stopReason === null || position.step > 0;
  for (; position.epoch < epochs && goesOn(); position = beginOf(position.epoch + 1)) {
    const info = await trainEpoch(position, training, options);
    // Its first step was refused.
    if (info.steps === 0) break;
    if (validation && info.steps === steps) {
      const started = performance.now();
      await training.saveIfAborted(position, () =>
        validate(info, training, callbacks, { ...options, validation }, loss),
      );
      info.validationMs = performance.now() - started;
      info.seconds += info.validationMs / 1000;
    }
    for (const callback of callbacks) await callback.onEpoch?.(info, training);
    await training.save(beginOf(position.epoch + 1));
  }
  signal?.throwIfAborted();
  for (const callback of callbacks) await callback.onTrainEnd?.(training);
  return history;
}

/** The checkpoint says all of the optimizer, the settings included: a schedule may have moved them. */
function resumed(network: Network, options: FitOptions, checkpoint: Checkpoint): TrainingOptions {
  const { optimizer } = checkpoint;
  const { learningRate, beta1, beta2, adamEpsilon, ...rest } = options;
  const wanted = options.optimizer;
  const name = wanted && ('kind' in wanted ? wanted.kind.name : wanted.optimizer);
  if (name !== undefined && name !== optimizer.optimizer) {
    throw new UsageError(
      `The training had the optimizer ${optimizer.optimizer}, not ${name}.`,
      'It goes on with that one.',
    );
  }
  const loss = chosenLoss(options, network.classes);
  const { movingVarianceRule } = options;
  requireSameRecipe(
    { loss, updates: completeUpdates(checkUpdates(options)), movingVarianceRule },
    checkpoint,
  );
  return { ...rest, ...resumedLayers(options, checkpoint), optimizer };
}

/** Options of earlier versions, and the hook that each is now. */
const MOVED = { onStep: 'onStep', onValidation: 'onValidationStep', onEpoch: 'onEpoch' };

function checkedOptions(source: BatchSource, options: FitOptions) {
  checkWork(options);
  for (const [name, hook] of Object.entries(MOVED)) {
    if ((options as unknown as Record<string, unknown>)[name] === undefined) continue;
    throw new UsageError(
      `${name} is no option of fit: its hooks are those of callbacks.`,
      `Give callbacks: [{ ${hook}(info) { ... } }].`,
    );
  }
  if (checkSource('The training source', source) === 0) {
    throw new UsageError('There are no images to train on.');
  }
  requireFunction('The training source: onEpochEnd', source.onEpochEnd);
  const epochs = wholeNumber('epochs', options.epochs, 1);
  const steps = wholeNumber('stepsPerEpoch', options.stepsPerEpoch ?? source.length, 1);
  const { validation } = options;
  const length = validation ? checkSource('The validation source', validation) : 0;
  if (validation && length === 0) throw new UsageError('There are no images to validate on.');
  const wanted = wholeNumber('validationSteps', options.validationSteps ?? Math.max(1, length), 1);
  const validationSteps = Math.min(wanted, length);
  if (options.resume !== undefined) checkResume(options.resume, epochs, steps);
  const { checkpoint } = options;
  if (checkpoint !== undefined) {
    requireFields('checkpoint', checkpoint, ['everySteps', 'save']);
    requireFunction('checkpoint.save', checkpoint.save);
    if (checkpoint.everySteps !== undefined) wholeNumber('checkpoint.everySteps', checkpoint.everySteps, 1);
  }
  return { epochs, steps, validationSteps, callbacks: checkCallbacks(options.callbacks ?? []) };
}

/** The steps of an epoch, until its last one or a stop. @param position counts them */
async function trainEpoch(
  position: Position,
  training: Training,
  { signal, onProgress }: FitOptions,
): Promise<EpochInfo> {
  const { model, epochs, stepsPerEpoch: steps, callbacks, batches } = training;
  const { epoch } = position;
  const started = performance.now() - position.ms;
  while (position.step < steps && training.stopReason === null) {
    const { step } = position;
    const before = performance.now();
    let loaded = before;
    let learningRate = 0;
    const { batch, loss } = await training.saveIfAborted(position, async () => {
      signal?.throwIfAborted();
      const batch = await model.waitFor(batches.next(), signal);
      loaded = performance.now();
      learningRate = training.learningRate;
      const endsGroup = step === steps - 1;
      const loss = await model.trainStep(batch, { endsGroup, signal, onProgress }).catch(refusal);
      return { batch, loss };
    });
    batches.used();
    if (loss instanceof NonFiniteError) {
      await refused({ epoch, step, steps, error: loss }, training, callbacks);
      break;
    }
    const after = performance.now();
    position.step++;
    position.weightedLoss += loss * batch.count;
    position.images += batch.count;
    position.learningRate = learningRate;
    position.ms = after - started;
    const info = {
      epoch,
      epochs,
      step,
      steps,
      loss,
      meanLoss: position.weightedLoss / position.images,
      learningRate,
      images: batch.count,
      imagesPerSecond: imagesPerSecond(position),
      waitMs: loaded - before,
      stepMs: after - loaded,
    };
    for (const callback of callbacks) await callback.onStep?.(info, training);
    await training.saveIfDue(position);
    const done = epoch * steps + position.step;
    await training.saveIfAborted(position, () =>
      tell({ signal, onProgress }, { phase: 'train', done, total: epochs * steps, unit: 'steps' }),
    );
  }
  return {
    epoch,
    epochs,
    steps: position.step,
    logs: { loss: position.weightedLoss / position.images, lr: position.learningRate },
    imagesPerSecond: imagesPerSecond(position),
    seconds: (performance.now() - started) / 1000,
    validationMs: 0,
  };
}

const imagesPerSecond = ({ images, ms }: Position): number => (images * 1000) / ms;

/** A step that is refused is told to the callbacks. @throws all other errors */
function refusal(error: unknown): NonFiniteError {
  if (error instanceof NonFiniteError) return error;
  throw error;
}

/** What callbacks make of a step that was not taken. @throws its error, where none of them stops the training */
async function refused(
  info: RefusedStepInfo,
  training: Training,
  callbacks: readonly Callback[],
): Promise<void> {
  for (const callback of callbacks) await callback.onRefusedStep?.(info, training);
  if (training.stopReason === null) throw info.error;
}

/** Writes val_loss into the epoch's logs: over the validation images in inference mode, weighted by batch size. */
async function validate(
  { epoch, logs }: EpochInfo,
  training: Training,
  callbacks: readonly Callback[],
  { keras231ValLoss, signal, onProgress, validation: source }: FitOptions & { validation: BatchSource },
  rule: Loss,
): Promise<void> {
  const { model, validationSteps: steps } = training;
  const probabilities: Float32Array[] = [];
  const labels: Float32Array[] = [];
  let weighted = 0;
  let seen = 0;
  let known = false;
  for (let step = 0; step < steps; step++) {
    signal?.throwIfAborted();
    const batch = await model.waitFor(source.getBatch(step), signal);
    const p = await model.predict(batch, { signal, onProgress }).catch((error: unknown) => {
      throw error instanceof NonFiniteError ? diverged(epoch, error) : error;
    });
    const given = listOfNumbers('The validation source: batch.labels', batch.labels);
    const loss = rule.value(p, given);
    probabilities.push(p);
    // A source may fill its arrays anew.
    const copy = Float32Array.from(given);
    labels.push(copy);
    known ||= copy.some((label) => !Number.isNaN(label));
    if (keras231ValLoss) {
      weighted = 0;
      seen = 0;
    }
    weighted += loss * batch.count;
    seen += batch.count;
    for (const callback of callbacks) await callback.onValidationStep?.({ epoch, step, steps }, training);
    await tell({ signal, onProgress }, { phase: 'validate', done: step + 1, total: steps, unit: 'batches' });
  }
  if (!known) {
    throw new DataError('No label of the validation images is known.', 'Leave out validation, or give some.');
  }
  const loss = weighted / seen;
  if (!Number.isFinite(loss)) throw new NonFiniteError(`The validation loss is ${loss}.`);
  logs.val_loss = loss;
  const all = { probabilities: joined(probabilities), labels: joined(labels) };
  const classes = source.labels ?? Array.from({ length: model.network.classes }, (_, c) => `class ${c}`);
  const info = { epoch, classes, ...all, logs };
  for (const callback of callbacks) await callback.onValidation?.(info, training);
}

function joined(parts: readonly Float32Array[]): Float32Array {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const part of parts) {
    whole.set(part, end);
    end += part.length;
  }
  return whole;
}

/** Every step was finite, and yet the network is none that predicts: moving averages far from what batches have. */
function diverged(epoch: number, cause: NonFiniteError): NonFiniteError {
  return new NonFiniteError(
    `Validation after epoch ${epoch + 1}: ${cause.message}`,
    'If not, the training diverged: use a smaller learning rate, or larger batches and images.',
    { cause },
  );
}
