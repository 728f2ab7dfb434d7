/**
 * DenseNet on one GPU: predict, train, explain. Plans are made for the batch and image sizes that come
 * along and kept; weights are shared by all of them.
 */
import { UsageError } from '../core/errors.js';
import type { Gpu } from '../engine/gpu.js';
import { fixedTensor, type Plan, PlanBuilder, type Precision } from '../engine/plan.js';
import type { Tensor } from '../engine/tensor.js';
import { prepareInference } from '../shaders/batchnorm/batchnorm.js';
import { type AdamState, adamSettings, checkAdamState } from './adamState.js';
import {
  checkImageSize,
  type DenseNetConfig,
  densenetConfig,
  layerTable,
  type WeightMap,
} from './architecture.js';
import type { Batch, BatchShape } from './batch.js';
import type { ModelContext } from './context.js';
import { initialWeights } from './initialisers.js';
import { type Inspection, inspectForward, type LayerOutput } from './inspect.js';
import { Parameters } from './parameters.js';
import { type CamScore, type GradcamMap, Predictor } from './predictor.js';
import { Trainer, type TrainingOptions } from './trainer.js';
import { Turns } from './turns.js';

export interface ModelOptions {
  /** Default: densenet121 with 14 classes. */
  config?: DenseNetConfig;
  /** Default: Keras' initialisers with `seed`. */
  weights?: WeightMap;
  seed?: number;
  /** Kernel variants to insist on, e.g. { 'conv.forward': 'naive' }. */
  variants?: Readonly<Record<string, string>>;
  /**
   * `f16`: predictions may round what convolutions multiply to f16 (sums stay f32) where the adapter has subgroup
   * matrices for it; elsewhere, and in training, nothing changes. Default `f32`.
   */
  precision?: Precision;
  /** Called while pipelines compile, before the first use of a new batch size or mode. */
  onCompile?: (plan: string, done: number, total: number) => void;
}

/** Plans kept for different batch sizes; the least recently used one goes first. */
const KEPT_PLANS = 3;

export class DenseNet {
  private readonly predictors = new Map<string, Predictor>();
  /** Of every batch norm; made for the first prediction. */
  private affines: Map<string, Tensor> | null = null;
  private affinesFresh = false;
  private trainers = new Map<string, Trainer>();
  private training: TrainingOptions | null = null;
  private step = 0;
  private readonly turns = new Turns(() => this.free());
  private readonly context: ModelContext;

  private constructor(parts: Omit<ModelContext, 'signal'>) {
    this.context = { ...parts, signal: this.turns.signal };
  }

  /**
   * A network with weights on the GPU.
   * @throws WeightsError, OutOfMemoryError
   */
  static async create(gpu: Gpu, options: ModelOptions = {}): Promise<DenseNet> {
    const config = options.config ?? densenetConfig('densenet121');
    const parameters = new Parameters(gpu, config);
    const model = new DenseNet({
      gpu,
      config,
      parameters,
      variants: options.variants ?? {},
      precision: options.precision ?? 'f32',
      onCompile: options.onCompile ?? (() => {}),
    });
    try {
      await parameters.write(options.weights ?? initialWeights(config, options.seed ?? 0));
    } catch (error) {
      await model.dispose();
      throw error;
    }
    return model;
  }

  get config(): DenseNetConfig {
    return this.context.config;
  }

  /** Adam's updates so far: training steps since `compile`, and those of the state it was given. */
  get steps(): number {
    return this.step;
  }

  /**
   * Probabilities of a batch, inference mode: p[b,classes].
   * @throws UsageError for an image size the network cannot halve; NonFiniteError naming the file
   */
  predict(batch: Batch): Promise<Float32Array> {
    return this.turns.next(async () => {
      const predictor = await this.predictor(batch);
      return predictor.predict(batch);
    });
  }

  /**
   * Grad-CAM of one image for some classes: where in the image the score of a class comes from.
   * @param classes indices of outputs
   * @param score differentiate the `sigmoid` output (the course's util.py) or the `logit`; a network that ends
   *   in a softmax has the `logit` only
   */
  gradcam(
    batch: Batch,
    classes: readonly number[],
    options: { score?: CamScore } = {},
  ): Promise<GradcamMap[]> {
    return this.turns.next(async () => {
      if (batch.count !== 1) throw new UsageError(`Grad-CAM takes one image at a time, not ${batch.count}.`);
      for (const c of classes) {
        if (!Number.isInteger(c) || c < 0 || c >= this.config.classes) {
          throw new UsageError(`There is no class ${c}; ${this.config.name} has ${this.config.classes}.`);
        }
      }
      const predictor = await this.predictor(batch);
      return predictor.gradcam(batch, classes, options.score ?? 'sigmoid');
    });
  }

  /**
   * Hands over what every convolution, pool and the head give for a batch in inference mode, one map at a time
   * and in the order of computation. Every map has memory of its own while this runs. Other callers are served
   * between two maps.
   * @param visit what it throws ends this. It must not call this model: such a call rejects with a UsageError. (A
   *   browser cannot tell who calls once `visit` has awaited something, and serves such a call like any other.)
   */
  inspect(batch: Batch, visit: (output: LayerOutput) => void | Promise<void>): Promise<void> {
    return this.turns.aside(async (callBack) => {
      let inspection: Inspection | undefined;
      try {
        const { maps, read } = await this.turns.next(async () => {
          this.checkSize(batch);
          await this.refreshAffines();
          inspection = await inspectForward(this.context, batch, this.affine);
          return inspection;
        });
        for (const [name, map] of maps) {
          const values = await this.turns.next(() => read(map));
          await callBack(() => visit({ name, shape: map.shape, values }));
        }
      } finally {
        inspection?.dispose();
      }
    });
  }

  /**
   * Sets loss weights and optimiser, as Keras' `compile`. Adam starts again from zero, or goes on from
   * `options.optimizer`; the weights stay as they are.
   * @throws UsageError for loss weights that do not fit or a network that ends in a softmax; WeightsError for a
   *   state that is not this network's. After either all is as before.
   */
  compile(options: TrainingOptions): Promise<void> {
    return this.turns.next(() => this.compileNow(options));
  }

  private async compileNow(options: TrainingOptions): Promise<void> {
    this.checkTraining(options);
    const { optimizer } = options;
    if (optimizer) checkAdamState(optimizer, this.config);
    if (optimizer) await this.context.parameters.writeOptimizer(optimizer);
    else await this.context.parameters.resetOptimizer();
    this.dropTrainers();
    this.step = optimizer?.iterations ?? 0;
    const given = givenOptions(options);
    this.training = { ...given, ...adamSettings(given, optimizer?.settings) };
  }

  /**
   * Sets loss weights and optimiser for a training that goes on: Adam's moments and count stay as they are, and so
   * does every setting that `options` leaves out. Where nothing is compiled yet, or `options.optimizer` brings
   * another state, it is `compile`.
   * @returns the options that hold now
   * @throws as `compile`
   */
  goOn(options: TrainingOptions): Promise<TrainingOptions> {
    return this.turns.next(async () => {
      const { training } = this;
      if (!training || options.optimizer) {
        await this.compileNow(options);
      } else {
        const wanted = { ...training, ...givenOptions(options) };
        this.checkTraining(wanted);
        const recorded = ({ posWeights, negWeights, epsilon, movingVarianceRule }: TrainingOptions) =>
          JSON.stringify([posWeights, negWeights, epsilon, movingVarianceRule]);
        if (recorded(wanted) !== recorded(training)) this.dropTrainers();
        // Trainers that stay look into it for Adam's settings.
        Object.assign(training, wanted);
      }
      return { ...this.training! };
    });
  }

  private checkTraining(options: TrainingOptions): void {
    const { classes, activation, name: network } = this.config;
    if (activation !== 'sigmoid') {
      throw new UsageError(
        `${network} ends in a ${activation}, and the weighted loss is for sigmoids.`,
        "Train it with densenetConfig(name, { activation: 'sigmoid' }).",
      );
    }
    for (const name of ['posWeights', 'negWeights'] as const) {
      const weights = options[name];
      if (weights.length !== classes || !weights.every(Number.isFinite)) {
        throw new UsageError(`${name} must be ${classes} finite numbers, one a class.`);
      }
    }
  }

  /**
   * One step of training on a batch; returns the loss of the weights before the update.
   * @throws UsageError before `compile`; NonFiniteError naming the first layer with a value that is not
   *   finite, in which case the weights stay as they were
   */
  trainStep(batch: Batch): Promise<number> {
    return this.turns.next(async () => {
      const trainer = await this.trainer(batch);
      const loss = await trainer.step(batch, this.step + 1);
      this.step++;
      this.affinesFresh = false;
      return loss;
    });
  }

  /** Gradients of the last `trainStep`, by Keras' names. */
  gradients(): Promise<WeightMap> {
    return this.turns.next(() => this.context.parameters.readTrainable('gradients'));
  }

  /**
   * Adam's moments and count, to go on later with `compile({ ..., optimizer })`: with the weights exported at
   * the same time the training continues bit for bit on the same adapter.
   * @throws UsageError before `compile`
   */
  exportOptimizer(): Promise<AdamState> {
    return this.turns.next(async () => {
      if (!this.training) throw new UsageError('Call compile() before exportOptimizer().');
      const { parameters } = this.context;
      const [iterations, settings] = [this.step, adamSettings(this.training)];
      const m = await parameters.readTrainable('adamM');
      return { iterations, m, v: await parameters.readTrainable('adamV'), settings };
    });
  }

  /** Learning rate of the next steps. */
  setLearningRate(rate: number): void {
    if (!this.training) throw new UsageError('Call compile() before setLearningRate().');
    if (!(rate > 0 && Number.isFinite(rate)))
      throw new UsageError(`A learning rate of ${rate} makes no sense.`);
    this.training.learningRate = rate;
  }

  exportWeights(): Promise<WeightMap> {
    return this.turns.next(() => this.context.parameters.read());
  }

  /** Replaces all weights, or none. @throws WeightsError */
  importWeights(weights: WeightMap): Promise<void> {
    return this.turns.next(async () => {
      await this.context.parameters.write(weights);
      this.affinesFresh = false;
    });
  }

  /**
   * The plan of one step, with its table of dispatches and its bytes: for benches, the profiler and pages that
   * explain. It is the model's: run it to time it, after a step has given it input; do not dispose of it.
   */
  planOf(kind: 'predict' | 'train', batch: number, size: number): Promise<Plan> {
    return this.turns.next(async () => {
      const shape = { count: batch, height: size, width: size };
      return (kind === 'predict' ? await this.predictor(shape) : await this.trainer(shape)).plan;
    });
  }

  /**
   * Frees what the model has on the GPU; calls that are under way, and later ones, reject with a UsageError.
   * @returns settles when none of them runs any more and all is freed: at once, before this returns, where none
   *   was running. Need not be awaited.
   */
  dispose(): Promise<void> {
    return this.turns.end();
  }

  private free(): void {
    for (const predictor of this.predictors.values()) predictor.dispose();
    this.dropTrainers();
    for (const tensor of this.affines?.values() ?? []) this.context.gpu.destroyBuffer(tensor.storage.buffer!);
    this.context.parameters.dispose();
  }

  private checkSize({ height, width }: { height: number; width: number }): void {
    checkImageSize(this.config, height);
    checkImageSize(this.config, width);
  }

  private async predictor(shape: BatchShape): Promise<Predictor> {
    this.checkSize(shape);
    await this.refreshAffines();
    // A plan for more images serves fewer as well: in inference they do not see each other.
    for (const [key, predictor] of this.predictors) {
      if (predictor.fits(shape)) return touch(this.predictors, key, predictor);
    }
    makeRoom(this.predictors);
    const predictor = await Predictor.create(this.context, shape, this.affine);
    this.predictors.set(keyOf(shape), predictor);
    return predictor;
  }

  private async trainer(shape: BatchShape): Promise<Trainer> {
    if (!this.training) throw new UsageError('Call compile() with the loss weights before training.');
    this.checkSize(shape);
    const key = keyOf(shape);
    const known = this.trainers.get(key);
    if (known) return touch(this.trainers, key, known);
    makeRoom(this.trainers);
    const trainer = await Trainer.create(this.context, shape, this.training);
    this.trainers.set(key, trainer);
    return trainer;
  }

  private readonly affine = (batchnorm: string): Tensor => this.affines!.get(batchnorm)!;

  /** Affines of all batch norms from the moving averages; once after every change of the weights. */
  private async refreshAffines(): Promise<void> {
    if (this.affinesFresh) return;
    const { gpu, config, parameters, variants, signal } = this.context;
    const norms = layerTable(config).filter(({ kind }) => kind === 'batchnorm');
    this.affines ??= await gpu.guarded('the affines', () => {
      const make = (name: string, c: number) => fixedTensor(gpu, `${name} affine`, [1, 1, 2, c]);
      return new Map(norms.map(({ name, cout }) => [name, make(name, cout)]));
    });
    const builder = new PlanBuilder(gpu, 'affines', { variants });
    for (const { name } of norms) {
      const affine = this.affines.get(name)!;
      const moving = parameters.view('moving', `${name}/moving`);
      const gammaBeta = parameters.view('weights', `${name}/gammaBeta`);
      prepareInference(builder, name, { moving, gammaBeta, affine }, { epsilon: config.bnEpsilon });
    }
    const plan = await builder.build(undefined, signal);
    try {
      await gpu.guarded(plan.label, () => plan.run());
    } finally {
      plan.dispose();
    }
    this.affinesFresh = true;
  }

  private dropTrainers(): void {
    for (const trainer of this.trainers.values()) trainer.dispose();
    this.trainers = new Map();
  }
}

/** Copies of what is given; nothing of what else the caller's object holds. */
function givenOptions(options: TrainingOptions): TrainingOptions {
  const { learningRate, beta1, beta2, adamEpsilon, epsilon, movingVarianceRule } = options;
  const settings = { learningRate, beta1, beta2, adamEpsilon, epsilon, movingVarianceRule };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const weights = { posWeights: [...options.posWeights], negWeights: [...options.negWeights] };
  return { ...weights, ...Object.fromEntries(given) };
}

function keyOf({ count, height, width }: BatchShape): string {
  return `${count}x${height}x${width}`;
}

function touch<T>(map: Map<string, T>, key: string, value: T): T {
  map.delete(key);
  map.set(key, value);
  return value;
}

function makeRoom(map: Map<string, { dispose(): void }>): void {
  while (map.size >= KEPT_PLANS) {
    const [oldest, value] = map.entries().next().value!;
    map.delete(oldest);
    value.dispose();
  }
}
