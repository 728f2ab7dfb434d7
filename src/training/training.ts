/** A training under way: what its callbacks hold of it, and what of it a checkpoint keeps. */
import { shown } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import type { BatchSource } from './batch.js';
import { BatchStream, restoreSource, stateOf } from './batchStream.js';
import type { Callback, TrainingContext } from './callbacks/callback.js';
import {
  type Checkpoint,
  type CheckpointOptions,
  callbackStates,
  type Position,
  restoreCallbacks,
  type StepRecipe,
} from './checkpoint.js';
import type { LayerSettings } from './layers/layerSettings.js';
import type { Model } from './model/model.js';

export interface TrainingParts extends Pick<TrainingContext, 'epochs' | 'stepsPerEpoch' | 'validationSteps'> {
  model: Model;
  source: BatchSource;
  validation?: BatchSource;
  callbacks: readonly Callback[];
  checkpoint?: CheckpointOptions;
  resume?: Checkpoint;
  signal?: AbortSignal;
  layers: LayerSettings;
  recipe: StepRecipe;
}

export class Training implements TrainingContext {
  readonly model: Model;
  readonly callbacks: readonly Callback[];
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  readonly validationSteps: number;
  readonly resumedAt: TrainingContext['resumedAt'];
  readonly batches: BatchStream;
  private reason: string | null;
  /** Steps in all at the last checkpoint. */
  private savedAt: number | null = null;

  constructor(private readonly parts: TrainingParts) {
    const { epochs, stepsPerEpoch, validationSteps } = parts;
    this.model = parts.model;
    this.callbacks = parts.callbacks;
    this.epochs = epochs;
    this.stepsPerEpoch = stepsPerEpoch;
    this.validationSteps = validationSteps;
    this.batches = new BatchStream(parts.source, Boolean(parts.checkpoint && parts.signal));
    const { training } = parts.resume ?? {};
    this.reason = training?.stopReason ?? null;
    this.resumedAt = training ? { epoch: training.epoch, step: training.step } : null;
  }

  get learningRate(): number {
    return this.model.learningRate;
  }

  set learningRate(rate: number) {
    this.model.setLearningRate(rate);
  }

  get stopReason(): string | null {
    return this.reason;
  }

  stop(reason: string): void {
    if (typeof reason !== 'string' || reason === '') {
      throw new UsageError(`The reason to stop is ${shown(reason)}, it must be words for the history.`);
    }
    this.reason ??= reason;
  }

  /** Behind `onTrainBegin`, which may have set a rate. @returns where to go on */
  async restore({ training, optimizer }: Checkpoint): Promise<Position> {
    const { epoch, step, weightedLoss, images, ms, learningRate } = training;
    this.batches.restore(training);
    restoreSource('The validation source', this.parts.validation, training.validation);
    await restoreCallbacks(this.callbacks, training.callbacks);
    this.learningRate = optimizer.settings.learningRate as number;
    return { epoch, step, weightedLoss, images, ms, learningRate };
  }

  /** Hands over a checkpoint, where the options want any. */
  async save(position: Position): Promise<void> {
    const { checkpoint, validation, layers, recipe } = this.parts;
    if (!checkpoint) return;
    const { batch, source } = this.batches.state();
    const { stepsPerEpoch, stopReason } = this;
    this.savedAt = this.stepsAt(position);
    await checkpoint.save({
      training: {
        ...position,
        stepsPerEpoch,
        stopReason,
        batch,
        source,
        validation: stateOf(validation),
        layers: { ...layers },
        recipe,
        callbacks: callbackStates(this.callbacks),
      },
      weights: await this.model.exportWeights(),
      optimizer: await this.model.exportOptimizer(),
    });
  }

  /** After a step. */
  async saveIfDue(position: Position): Promise<void> {
    const { everySteps } = this.parts.checkpoint ?? {};
    if (everySteps !== undefined && this.stepsAt(position) % everySteps === 0) await this.save(position);
  }

  private stepsAt({ epoch, step }: Position): number {
    return epoch * this.stepsPerEpoch + step;
  }

  /** Does the work; where the signal ends it, what stood before is saved, unless it was already. */
  async saveIfAborted<T>(position: Position, work: () => Promise<T>): Promise<T> {
    const { signal } = this.parts;
    try {
      return await work();
    } catch (error) {
      const isAbort = signal?.aborted && error === signal.reason;
      if (isAbort && this.savedAt !== this.stepsAt(position)) await this.save(position);
      throw error;
    }
  }
}
