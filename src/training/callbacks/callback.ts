/**
 * Callbacks: what watches a training, writes to its logs, sets its learning rate or ends it. `fit` calls the hooks of
 * its list in order and waits for each; what a hook throws or rejects with ends the training with that error. Any
 * object with some of the hooks is a callback: `{ onEpoch({ logs }) { console.log(logs.loss); } }`.
 */
import { requireFunction, requireObject, shown } from '../../core/arguments.js';
import { type NonFiniteError, UsageError } from '../../core/errors.js';
import type { StateValue } from '../../core/stateValue.js';
import type { Model } from '../model/model.js';

/** A step that was taken. */
export interface StepInfo {
  /** From 0. */
  epoch: number;
  epochs: number;
  /** Step of this epoch, from 0, and how many it is to have. */
  step: number;
  steps: number;
  /** Loss of this batch before the update. */
  loss: number;
  /** Mean loss of this epoch so far, weighted by batch size. */
  meanLoss: number;
  /** What the update was made with. */
  learningRate: number;
  /** Images of this batch. */
  images: number;
  /** Images per second of this epoch so far, waiting for images included. */
  imagesPerSecond: number;
  /** Milliseconds this step waited for its images, and took on the GPU. */
  waitMs: number;
  stepMs: number;
}

/** A validation batch that was predicted. */
export interface ValidationStepInfo {
  epoch: number;
  /** Batch of this validation, from 0, and how many it has. */
  step: number;
  steps: number;
}

/** What the network gave for the validation images, n of them, at the end of an epoch. */
export interface ValidationInfo {
  epoch: number;
  /** Names of the classes, as the source has them. */
  classes: readonly string[];
  /** probabilities[n,classes] and labels[n,classes]; a label that is unknown is NaN. */
  probabilities: Float32Array;
  labels: Float32Array;
  /** The epoch's, val_loss included; what is added here `onEpoch` of all callbacks sees. */
  logs: Logs;
}

/** A step that was not taken, as something in it was not finite: weights and optimizer are as before it. */
export interface RefusedStepInfo {
  epoch: number;
  step: number;
  steps: number;
  /** It names the first layer or tensor. */
  error: NonFiniteError;
}

/** Numbers of an epoch by Keras' names. */
export interface Logs {
  /** Mean of the step losses weighted by batch size, while the weights change. */
  loss: number;
  /** Loss on the validation images at the end of the epoch; absent where none was made. */
  val_loss?: number;
  /** Learning rate of the epoch's last step. */
  lr: number;
  /** What callbacks add. */
  [name: string]: number | undefined;
}

/** An epoch that is over. */
export interface EpochInfo {
  /** From 0. */
  epoch: number;
  epochs: number;
  /** Steps taken: fewer than planned where the training was stopped in one of them. */
  steps: number;
  /** What callbacks add or change here, those after them see, and the history keeps. */
  logs: Logs;
  /** Images per second of its steps, waiting for images included. */
  imagesPerSecond: number;
  /** The whole epoch, validation included. */
  seconds: number;
  validationMs: number;
}

/** The training under way, as its callbacks see it. */
export interface TrainingContext {
  /** Hooks may call it: no step runs while they are waited for. */
  readonly model: Model;
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Batches per validation; 0 where there is none. */
  readonly validationSteps: number;
  /** Where a training that goes on from a checkpoint began; null for one that began at the beginning. */
  readonly resumedAt: { readonly epoch: number; readonly step: number } | null;
  /** Learning rate of the next step. @throws UsageError unless it is set to a finite number, 0 or above */
  learningRate: number;
  /** Why the training stops; null while it goes on. */
  readonly stopReason: string | null;
  /**
   * Ends the training when the step under way is over, as Keras does: the epoch is closed with the steps that it has
   * had, validated only if that was its last one, and `onEpoch` and `onTrainEnd` are called. May also be called from
   * outside the hooks. Of several reasons the first is kept.
   */
  stop(reason: string): void;
}

export interface Callback {
  /** Before the first step. Stopped here, the training takes none. */
  onTrainBegin?(training: TrainingContext): void | Promise<void>;
  /** After every training step. */
  onStep?(step: StepInfo, training: TrainingContext): void | Promise<void>;
  /**
   * After a step that `Model.trainStep` refused. Where one of the callbacks stops the training, it ends as any that is
   * stopped, without this step; an epoch of which it would have been the first is not closed. Otherwise `fit` rejects
   * with the error.
   */
  onRefusedStep?(step: RefusedStepInfo, training: TrainingContext): void | Promise<void>;
  /** After every validation batch. */
  onValidationStep?(step: ValidationStepInfo, training: TrainingContext): void | Promise<void>;
  /** After the last validation batch of an epoch. */
  onValidation?(validation: ValidationInfo, training: TrainingContext): void | Promise<void>;
  /** After every epoch and its validation. */
  onEpoch?(epoch: EpochInfo, training: TrainingContext): void | Promise<void>;
  /**
   * After the last epoch, also of a training that was stopped. As in Keras not after an error or an abort: what must
   * be let go of in any case belongs into a `finally` around `fit`.
   */
  onTrainEnd?(training: TrainingContext): void | Promise<void>;
  /** By it a checkpoint finds the callback again; needed with `state`. Several of one name are told by their order. */
  readonly name?: string;
  /**
   * All that it has gathered since `onTrainBegin` and that decides what it does from here on; nothing where only the
   * present step or epoch does. Asked between two steps, and after epochs.
   */
  state?(): StateValue;
  /**
   * Takes back what `state` gave, maybe in another process, in a training that goes on from a checkpoint: behind
   * everyone's `onTrainBegin`, before the first hook of a step.
   */
  restore?(state: StateValue): void | Promise<void>;
}

const HOOKS = [
  'onTrainBegin',
  'onStep',
  'onRefusedStep',
  'onValidationStep',
  'onValidation',
  'onEpoch',
  'onTrainEnd',
] as const;

/**
 * A copy of the list.
 * @throws UsageError unless it is an array of objects with some of the hooks, each of them a function
 */
export function checkCallbacks(callbacks: readonly Callback[]): Callback[] {
  if (!Array.isArray(callbacks)) {
    throw new UsageError(`callbacks is ${shown(callbacks)}, it must be an array.`);
  }
  return callbacks.map((callback: Callback, i) => {
    const name = `callbacks[${i}]`;
    requireObject(name, callback);
    const hooks = HOOKS.filter((hook) => callback[hook] !== undefined);
    if (hooks.length === 0) throw new UsageError(`${name} has none of the hooks ${HOOKS.join(', ')}.`);
    for (const hook of hooks) requireFunction(`${name}.${hook}`, callback[hook]);
    checkState(name, callback);
    return callback;
  });
}

/** @throws UsageError for one that is to be kept and could not be found again, or brought back */
function checkState(field: string, { name, state, restore }: Callback): void {
  if (state === undefined && restore === undefined) return;
  requireFunction(`${field}.state`, state);
  requireFunction(`${field}.restore`, restore);
  if (typeof name === 'string' && name !== '') return;
  throw new UsageError(
    `${field} has a state and no name: ${shown(name)}.`,
    'A checkpoint keeps it by its name.',
  );
}
