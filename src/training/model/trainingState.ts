/** A model's training between two steps: by which loss and optimizer, how many updates so far, what waits for one. */
import { nonNegativeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { WorkOptions } from '../../core/work.js';
import type { BatchGroup, OptimizerState } from '../optimizers/state.js';
import type { CompiledTraining } from '../trainingOptions.js';
import type { ModelContext } from './context.js';
import { slotBuffer } from './parameters.js';

/** A training step among others. */
export interface StepPlace {
  /** Number of the update that it is part of, from 1. */
  t: number;
  /** Its images as a share of those of its group so far. */
  share: number;
  /** Whether the update is made with it. */
  last: boolean;
}

/** No batch waits. */
export const NONE: BatchGroup = { batches: 0, images: 0 };

export class TrainingState {
  training: CompiledTraining | null = null;
  /** Updates so far: those since `compile`, and of the state it was given. */
  updates = 0;
  /** Batches whose mean gradient waits for the others of its group. */
  group: BatchGroup = NONE;
  /** Whether the gradients' buffer holds those of a step since `compile`. */
  hasGradients = false;

  /** @param outdated the recorded steps are no longer those of this training */
  constructor(
    private readonly context: ModelContext,
    readonly outdated: () => void,
  ) {}

  /** @throws UsageError where nothing is compiled; `before` says what wants it */
  compiled(before: string): CompiledTraining {
    if (!this.training) throw new UsageError(`Call compile() before ${before}.`);
    return this.training;
  }

  /** @param endsGroup whether the update is made now, however many batches wait for it */
  place(images: number, endsGroup: boolean): StepPlace {
    const { accumulate } = this.compiled('training').updates;
    const { group } = this;
    const share = images / (group.images + images);
    return { t: this.updates + 1, share, last: endsGroup || group.batches + 1 >= accumulate };
  }

  /** A step was taken. */
  took(images: number, { last }: StepPlace): void {
    const { group } = this;
    this.group = last ? NONE : { batches: group.batches + 1, images: group.images + images };
    if (last) this.updates++;
    this.hasGradients = true;
  }

  /** The batches that wait are forgotten. */
  dropGroup(): void {
    this.group = NONE;
  }

  /** `Model.exportOptimizer`. */
  async export(work: WorkOptions = {}): Promise<OptimizerState> {
    const { kind, settings } = this.compiled('exportOptimizer').optimizer;
    const { parameters, average } = this.context;
    const { updates: iterations, group } = this;
    const slots: OptimizerState['slots'] = {};
    for (const slot of Object.keys(kind.slots))
      slots[slot] = await parameters.readTrainable(slotBuffer(slot), work);
    const state: OptimizerState = { optimizer: kind.name, iterations, slots, settings: { ...settings } };
    if (average.on) slots.trained = await parameters.readTrainable(average.buffers.trained, work);
    if (group.batches === 0) return state;
    slots.accumulated = await parameters.readTrainable('slot accumulated', work);
    return { ...state, group };
  }

  setLearningRate(rate: number): void {
    const training = this.compiled('setLearningRate');
    // What is undefined would pass for left out.
    nonNegativeNumber('learningRate', rate);
    const { kind, settings } = training.optimizer;
    const learningRate = kind.settings.learningRate.check('learningRate', rate);
    training.optimizer = { kind, settings: { ...settings, learningRate } };
  }
}
