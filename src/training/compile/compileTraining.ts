/**
 * `Model.compile` and `Model.goOn`: what is asked for, checked and copied, becomes a model's training. A model loads
 * this when it is first compiled.
 */
import { UsageError } from '../../core/errors.js';
import { sameLoss } from '../losses/loss.js';
import type { ModelContext } from '../model/context.js';
import type { PackedSlots } from '../model/parameters.js';
import { NONE, type TrainingState } from '../model/trainingState.js';
import { OPTIMIZERS } from '../optimizers/index.js';
import { checkSettings, complete } from '../optimizers/optimizer.js';
import type { OptimizerState } from '../optimizers/state.js';
import {
  type CompiledTraining,
  checkTraining,
  chosenLayers,
  chosenLoss,
  type OptimizerRequest,
  type TrainingOptions,
  type TrainingSettings,
} from '../trainingOptions.js';
import { completeUpdates, type UpdateSettings } from '../updates/updateSettings.js';

/** What was asked of the optimizer, with a copy of the state. */
interface OwnRequest extends Omit<OptimizerRequest, 'state'> {
  state?: Pick<OptimizerState, 'iterations' | 'settings' | 'group'> & { slots: PackedSlots };
}

/** What was asked for, checked and copied. */
export interface PreparedTraining {
  readonly given: TrainingSettings;
  readonly request: OwnRequest;
}

/** Makes trainings of a model. */
export class TrainingCompiler {
  constructor(
    private readonly context: ModelContext,
    private readonly state: TrainingState,
  ) {}

  /** Checks and copies options. @throws as `checkTraining`; WeightsError for another network's state */
  prepare(options: TrainingOptions): PreparedTraining {
    const given = checkTraining(options, this.context.network);
    return { given, request: this.own(given.optimizer) };
  }

  /** Copies what was asked of the optimizer. */
  private own({ state, ...request }: OptimizerRequest): OwnRequest {
    if (!state) return request;
    const { iterations, settings, slots, group } = state;
    const packed = this.context.parameters.packSlots(slots);
    return { ...request, state: { iterations, settings: { ...settings }, slots: packed, group } };
  }

  /** `Model.compile`. */
  async compile({ given, request }: PreparedTraining): Promise<void> {
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
    this.state.updates = state?.iterations ?? 0;
    this.state.group = state?.group ?? NONE;
    this.state.hasGradients = false;
  }

  /** Recorded steps stay where they are those of the next training too, and have all their memory still. */
  private adopt(next: CompiledTraining): void {
    const { training } = this.state;
    const { ema, accumulate } = next.updates;
    const stay =
      training &&
      training.optimizer.kind === next.optimizer.kind &&
      isSame(training, next) &&
      ema === 0 &&
      accumulate === 1;
    if (stay) Object.assign(training, next);
    else {
      this.state.outdated();
      this.state.training = next;
    }
  }

  /** `Model.goOn`. */
  async goOn({ given, request }: PreparedTraining): Promise<CompiledTraining> {
    const { training } = this.state;
    const { average, network } = this.context;
    if (!training || request.state || (request.kind && request.kind !== training.optimizer.kind)) {
      await this.compile({ given, request });
      return { ...this.state.compiled('training') };
    }
    const { kind, settings } = training.optimizer;
    const optimizer = complete(kind, checkSettings(kind, request.settings), settings);
    const loss = chosenLoss(given, network.classes, training.loss);
    const { movingVarianceRule = training.movingVarianceRule } = given;
    const updates = completeUpdates(given.updates, training.updates);
    const layers = chosenLayers(network, given.layers, kind, training.layers);
    const next = { loss, movingVarianceRule, optimizer, updates, layers };
    if (!isSame(training, next)) this.state.outdated();
    if (updates.ema > 0 && !average.on) await average.begin();
    if (updates.ema === 0) await average.end();
    const groupStays =
      updates.accumulate === training.updates.accumulate &&
      JSON.stringify(layers) === JSON.stringify(training.layers);
    if (!groupStays) this.state.group = NONE;
    // Trainers that stay look into it for the optimizer's settings.
    Object.assign(training, next);
    return { ...training };
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
