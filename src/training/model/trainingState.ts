/** A model's training between two steps: by which loss and optimizer, how many updates so far, what waits for one. */
import { nonNegativeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { sameLoss } from '../losses/loss.js';
import { OPTIMIZERS } from '../optimizers/index.js';
import { checkSettings, complete } from '../optimizers/optimizer.js';
import type { BatchGroup, OptimizerState } from '../optimizers/state.js';
import {
  type CompiledTraining,
  chosenLayers,
  chosenLoss,
  type OptimizerRequest,
  type TrainingSettings,
} from '../trainingOptions.js';
import { completeUpdates, type UpdateSettings } from '../updates/updateSettings.js';
import type { ModelContext } from './context.js';
import { type PackedSlots, slotBuffer } from './parameters.js';

/** What was asked of the optimizer, with a copy of the state. */
interface OwnRequest extends Omit<OptimizerRequest, 'state'> {
  state?: Pick<OptimizerState, 'iterations' | 'settings' | 'group'> & { slots: PackedSlots };
}

/** A training step among others. */
export interface StepPlace {
  /** Number of the update that it is part of, from 1. */
  t: number;
  /** Its images as a share of those of its group so far. */
  share: number;
  /** Whether the update is made with it. */
  last: boolean;
}

const NONE: BatchGroup = { batches: 0, images: 0 };

export class TrainingState {
  private training: CompiledTraining | null = null;
  private updates = 0;
  /** Batches whose mean gradient waits for the others of its group. */
  private group: BatchGroup = NONE;
  /** Whether the gradients' buffer holds those of a step since `compile`. */
  hasGradients = false;

  /** @param outdated the recorded steps are no longer those of this training */
  constructor(
    private readonly context: ModelContext,
    private readonly outdated: () => void,
  ) {}

  /** Updates so far: those since `compile`, and of the state it was given. */
  get steps(): number {
    return this.updates;
  }

  /** @throws UsageError where nothing is compiled; `before` says what wants it */
  compiled(before: string): CompiledTraining {
    if (!this.training) throw new UsageError(`Call compile() before ${before}.`);
    return this.training;
  }

  /** Copies what was asked of the optimizer. */
  own({ state, ...request }: OptimizerRequest): OwnRequest {
    if (!state) return request;
    const { iterations, settings, slots, group } = state;
    const packed = this.context.parameters.packSlots(slots);
    return { ...request, state: { iterations, settings: { ...settings }, slots: packed, group } };
  }

  /** `Model.compile`. */
  async compile(given: TrainingSettings, request: OwnRequest): Promise<void> {
    const { parameters, average } = this.context;
    const loss = chosenLoss(given, this.context.network.classes);
    const { kind = OPTIMIZERS[0], settings, state } = request;
    const optimizer = complete(kind, settings, state?.settings);
    const updates = completeUpdates(given.updates);
    const layers = chosenLayers(this.context.network, given.layers, kind);
    const { trained, accumulated, ...slots } = state?.slots ?? {};
    requireRoomFor(updates, { trained, accumulated });
    if (updates.ema > 0) await average.prepare();
    if (state) await parameters.writeSlots({ ...slots, ...(accumulated ? { accumulated } : {}) });
    else await parameters.resetSlots(Object.keys(kind.slots));
    this.adopt({ loss, movingVarianceRule: given.movingVarianceRule, optimizer, updates, layers });
    await average.end();
    if (updates.ema > 0) await average.begin(trained);
    this.updates = state?.iterations ?? 0;
    this.group = state?.group ?? NONE;
    this.hasGradients = false;
  }

  /** Recorded steps stay where they are those of the next training too, and have all their memory still. */
  private adopt(next: CompiledTraining): void {
    const { training } = this;
    const { ema, accumulate } = next.updates;
    const stay =
      training &&
      training.optimizer.kind === next.optimizer.kind &&
      isSame(training, next) &&
      ema === 0 &&
      accumulate === 1;
    if (stay) Object.assign(training, next);
    else {
      this.outdated();
      this.training = next;
    }
  }

  /** `Model.goOn`. */
  async goOn(given: TrainingSettings, request: OwnRequest): Promise<CompiledTraining> {
    const { training } = this;
    const { average, network } = this.context;
    if (!training || request.state || (request.kind && request.kind !== training.optimizer.kind)) {
      await this.compile(given, request);
      return { ...this.compiled('training') };
    }
    const { kind, settings } = training.optimizer;
    const optimizer = complete(kind, checkSettings(kind, request.settings), settings);
    const loss = chosenLoss(given, network.classes, training.loss);
    const { movingVarianceRule = training.movingVarianceRule } = given;
    const updates = completeUpdates(given.updates, training.updates);
    const layers = chosenLayers(network, given.layers, kind, training.layers);
    const next = { loss, movingVarianceRule, optimizer, updates, layers };
    if (!isSame(training, next)) this.outdated();
    if (updates.ema > 0 && !average.on) await average.begin();
    if (updates.ema === 0) await average.end();
    const groupStays =
      updates.accumulate === training.updates.accumulate &&
      JSON.stringify(layers) === JSON.stringify(training.layers);
    if (!groupStays) this.group = NONE;
    // Trainers that stay look into it for the optimizer's settings.
    Object.assign(training, next);
    return { ...training };
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
  async export(): Promise<OptimizerState> {
    const { kind, settings } = this.compiled('exportOptimizer').optimizer;
    const { parameters, average } = this.context;
    const { updates: iterations, group } = this;
    const slots: OptimizerState['slots'] = {};
    for (const slot of Object.keys(kind.slots))
      slots[slot] = await parameters.readTrainable(slotBuffer(slot));
    const state: OptimizerState = { optimizer: kind.name, iterations, slots, settings: { ...settings } };
    if (average.on) slots.trained = await parameters.readTrainable(average.buffers.trained);
    if (group.batches === 0) return state;
    slots.accumulated = await parameters.readTrainable('slot accumulated');
    return { ...state, group };
  }

  setLearningRate(rate: number): void {
    const training = this.compiled('setLearningRate');
    // What is undefined would pass for left out.
    nonNegativeNumber('learningRate', rate);
    const { kind, settings } = training.optimizer;
    training.optimizer = complete(kind, checkSettings(kind, { learningRate: rate }), settings);
  }
}

/** Whether steps of one training are recorded as those of another with this kind of optimizer. */
function isSame(one: CompiledTraining, other: CompiledTraining): boolean {
  return (
    sameLoss(one.loss, other.loss) &&
    one.movingVarianceRule === other.movingVarianceRule &&
    JSON.stringify(one.updates) === JSON.stringify(other.updates) &&
    JSON.stringify(one.layers) === JSON.stringify(other.layers)
  );
}

/** @throws UsageError for a state that holds what these settings have no place for */
function requireRoomFor(
  { ema, accumulate }: UpdateSettings,
  { trained, accumulated }: { trained?: unknown; accumulated?: unknown },
): void {
  if (trained && ema === 0) {
    throw new UsageError(
      "The optimizer's state is of a training whose network is a moving average of the weights.",
      'Give the ema that it had, or take slots.trained out of the state to go on from the average.',
    );
  }
  if (accumulated && accumulate === 1) {
    throw new UsageError(
      "The optimizer's state holds gradients of a group of batches that is not complete.",
      'Give the accumulate that it had, or take group and slots.accumulated out of the state.',
    );
  }
}
