/** Training steps for one batch size and image size: forward, loss, backward, then Adam. */
import { DataError, NonFiniteError } from '../core/errors.js';
import { fixedTensor, type Plan, PlanBuilder } from '../engine/plan.js';
import { Readback } from '../engine/readback.js';
import type { Tensor } from '../engine/tensor.js';
import { recordTuned } from '../engine/tuner.js';
import { adamRate, adamStep } from '../shaders/adam/adam.js';
import type { MovingVarianceRule } from '../shaders/batchnorm/batchnorm.js';
import { weightedLoss } from '../shaders/loss/loss.js';
import { type AdamSettings, type AdamState, adamSettings } from './adamState.js';
import { recordBackward } from './backward.js';
import type { Batch, BatchShape } from './batch.js';
import { describeBatch, type ModelContext } from './context.js';
import { type RecordedForward, recordForward } from './forward.js';
import { InputStage } from './input.js';
import { readMap, storedMaps } from './inspect.js';

export interface TrainingOptions extends AdamSettings {
  /** One weight a class for positive and negative labels: keras-spec 1.5. */
  posWeights: readonly number[];
  negWeights: readonly number[];
  /** Inside the logarithms of the loss. */
  epsilon?: number;
  /** Which Keras' rule the moving variance follows. */
  movingVarianceRule?: MovingVarianceRule;
  /**
   * Adam's state to go on from; without it the moments start from zero. Its settings hold where the
   * options above say nothing.
   */
  optimizer?: AdamState;
}

export class Trainer {
  private constructor(
    private readonly context: ModelContext,
    private readonly shape: BatchShape,
    private readonly options: TrainingOptions,
    private readonly input: InputStage,
    private readonly fixed: Record<'labels' | 'classWeights' | 'p' | 'loss' | 'dlogits' | 'hyper', Tensor>,
    private readonly back: Readback,
    readonly plan: Plan,
    private readonly update: Plan,
  ) {}

  static async create(context: ModelContext, shape: BatchShape, options: TrainingOptions): Promise<Trainer> {
    const { gpu, config, parameters, variants, onCompile, signal } = context;
    const { count } = shape;
    const { classes } = config;
    const label = `train, ${describeBatch(shape)}`;
    await parameters.allocate('gradients', 'adamM', 'adamV');
    const { input, fixed, back } = await gpu.guarded(label, () => {
      const classWeights = fixedTensor(gpu, 'class weights', [1, 1, 1, 2 * classes]);
      const perClass = Float32Array.from([...options.posWeights, ...options.negWeights]);
      gpu.device.queue.writeBuffer(classWeights.storage.buffer!, 0, perClass);
      return {
        input: new InputStage(gpu, shape, config.inputChannels),
        back: new Readback(gpu, 4),
        fixed: {
          labels: fixedTensor(gpu, 'labels', [count, 1, 1, classes]),
          classWeights,
          p: fixedTensor(gpu, 'probabilities', [count, 1, 1, classes]),
          loss: fixedTensor(gpu, 'loss', [1, 1, 1, 1]),
          dlogits: fixedTensor(gpu, 'dlogits', [count, 1, 1, classes]),
          hyper: fixedTensor(gpu, 'Adam', [1, 1, 1, 4]),
        },
      };
    });
    let plan: Plan | undefined;
    try {
      const rule = options.movingVarianceRule ?? 'keras2.3';
      const { labels, classWeights: weights, p, loss, dlogits: dz } = fixed;
      const record = (step: PlanBuilder) => {
        const forward = recordForward(step, config, parameters, input.image, { kind: 'training', rule });
        const tensors = { z: forward.logits, labels, weights, p, loss, dz };
        weightedLoss(step, 'loss', tensors, { epsilon: options.epsilon ?? 1e-7 });
        recordBackward(step, config, parameters, forward, dz);
      };
      const make = () => new PlanBuilder(gpu, label, { variants });
      const { builder } = await recordTuned(gpu, make, record, signal);
      plan = await builder.build((done, total) => onCompile(label, done, total), signal);

      const updater = new PlanBuilder(gpu, 'Adam', { variants });
      adamStep(updater, 'Adam', {
        w: parameters.flat('weights'),
        gradient: parameters.flat('gradients'),
        m: parameters.flat('adamM'),
        v: parameters.flat('adamV'),
        hyper: fixed.hyper,
      });
      const update = await updater.build(undefined, signal);
      return new Trainer(context, shape, options, input, fixed, back, plan, update);
    } catch (error) {
      plan?.dispose();
      input.dispose();
      back.dispose();
      for (const t of Object.values(fixed)) gpu.destroyBuffer(t.storage.buffer!);
      throw error;
    }
  }

  /**
   * @param t number of this step, from 1: Adam's bias correction
   * @returns the loss before the update
   */
  async step(batch: Batch, t: number): Promise<number> {
    const { gpu, config } = this.context;
    const { labels } = batch;
    if (batch.count !== this.shape.count || labels.length !== batch.count * config.classes) {
      throw new DataError(
        `A batch of ${batch.count} images came with ${labels.length} labels; ${config.classes} an image are wanted.`,
      );
    }
    const bad = labels.findIndex((v) => v !== 0 && v !== 1);
    if (bad >= 0)
      throw new DataError(
        `A label of ${batch.files[Math.floor(bad / config.classes)]} is ${labels[bad]}, not 0 or 1.`,
      );

    const load = await this.input.loader(batch);
    await gpu.guarded(this.plan.label, () => {
      const upload = labels as Float32Array<ArrayBuffer>;
      gpu.device.queue.writeBuffer(this.fixed.labels.storage.buffer!, 0, upload);
      load();
      this.plan.run();
      this.back.copy(this.fixed.loss.storage.buffer!, 0, 4);
    });
    const [loss] = new Float32Array(await this.back.take());
    // Before Adam, so that a batch that overflows costs no weights.
    if (!Number.isFinite(loss)) throw await this.diagnose(loss, t);

    const { learningRate, beta1, beta2, adamEpsilon } = adamSettings(this.options);
    const rate = adamRate(learningRate, beta1, beta2, t);
    const hyper = new Float32Array([rate, beta1, beta2, adamEpsilon]);
    await gpu.guarded('Adam', () => {
      gpu.device.queue.writeBuffer(this.fixed.hyper.storage.buffer!, 0, hyper);
      this.update.run();
    });
    return loss;
  }

  /** Repeats the forward pass with every map kept and names the first that is not finite. */
  private async diagnose(loss: number, t: number): Promise<NonFiniteError> {
    const { gpu, config, parameters, variants } = this.context;
    const builder = new PlanBuilder(gpu, 'diagnosis', { variants });
    const rule = this.options.movingVarianceRule ?? 'keras2.3';
    const mode = { kind: 'training', rule } as const;
    // Momentum 1: the repeat must not move the averages a second time.
    const still = { ...config, bnMomentum: 1 };
    const forward = recordForward(builder, still, parameters, this.input.image, mode, true);
    const plan = await builder.build();
    try {
      await gpu.guarded(plan.label, () => plan.run());
      const where = (await firstNonFinite(this.context, forward)) ?? 'the loss itself';
      return new NonFiniteError(
        `The loss of step ${t} is ${loss}; the first values that are not finite are in ${where}.`,
        'The weights are as before this step. Use a smaller learning rate, or start from an earlier checkpoint.',
      );
    } finally {
      plan.dispose();
    }
  }

  dispose(): void {
    this.input.dispose();
    this.back.dispose();
    this.plan.dispose();
    this.update.dispose();
    for (const t of Object.values(this.fixed)) this.context.gpu.destroyBuffer(t.storage.buffer!);
  }
}

/** The first map, in the order of computation, that holds a value that is not finite; null if none does. */
async function firstNonFinite(
  { gpu, config }: ModelContext,
  forward: RecordedForward,
): Promise<string | null> {
  for (const [name, map] of [['the input image', forward.image] as const, ...storedMaps(forward, config)]) {
    if (!(await readMap(gpu, map)).every(Number.isFinite)) return name;
  }
  return null;
}
