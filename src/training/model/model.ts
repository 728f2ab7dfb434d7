/**
 * A network on one GPU: predict, train, explain. Plans are made for the batch and image sizes that come
 * along and kept; weights are shared by all of them.
 */
import {
  oneOf,
  requireFields,
  requireFunction,
  requireObject,
  trueOrFalse,
  wholeNumber,
} from '../../core/arguments.js';
import { NonFiniteError, UsageError } from '../../core/errors.js';
import { checkWork, type Progress, tell, untilAborted, WORK, type WorkOptions } from '../../core/work.js';
import type { Gpu } from '../../engine/device/gpu.js';
import type { Kernel } from '../../engine/plan/kernel.js';
import type { Plan, Precision } from '../../engine/plan/plan.js';
import type { Batch, BatchShape } from '../batch.js';
import { type ClassChoice, classIndices } from '../classNames.js';
import type { PreparedTraining, TrainingCompiler } from '../compile/compileTraining.js';
import { LazyCompiler } from '../compile/lazyCompiler.js';
import type { CamScore, GradcamMap } from '../inspection/explainer.js';
import type { InspectedMap, InspectedModel, InspectOptions } from '../inspection/inspect.js';
import { checkImageSize, type Network } from '../network.js';
import type { OptimizerState } from '../optimizers/state.js';
import type { WeightMap } from '../parameterSpec.js';
import type { CompiledTraining, TrainingOptions } from '../trainingOptions.js';
import { WeightAverage } from '../updates/weightAverage.js';
import { admitBatch, requireKnownLabels } from './admitBatch.js';
import { Affines } from './affines.js';
import { checkModelOptions, type ModelContext, recordedWith } from './context.js';
import { KeptPlans } from './keptPlans.js';
import { copiesOf, Parameters } from './parameters.js';
import { Predictor } from './predictor.js';
import type { Trainer } from './trainer.js';
import { TrainingState } from './trainingState.js';
import { type JobWork, Turns } from './turns.js';

/**
 * How a model is made. `onProgress` hears of its making (`upload`), and of every later call, as that call's own does:
 * before the first use of a new batch size or mode kernels compile (`compile`, the plan in `note`).
 */
export interface ModelOptions extends WorkOptions {
  /** Default: Keras' initialisers with `seed`. */
  weights?: WeightMap;
  seed?: number;
  /** Kernel variants to insist on, e.g. { 'conv.forward': 'naive' }. */
  variants?: Readonly<Record<string, string>>;
  /** Kernels of one's own in the place of built-in ones, which are then insisted on: `ownKernel` of chexgpu/lab. */
  kernels?: readonly Kernel[];
  /**
   * `f16`: predictions may round what convolutions multiply to f16 (sums stay f32) where the adapter has subgroup
   * matrices for it; elsewhere, and in training, nothing changes. Default `f32`.
   */
  precision?: Precision;
}

/** Any network that fulfils `Network`, with its weights on one GPU: predicts, explains, trains. */
export class Model {
  /** Names of the outputs; null where nobody gave them. */
  readonly labels: readonly string[] | null = null;
  private readonly predictors = new KeptPlans<Predictor>();
  private readonly trainers = new KeptPlans<Trainer>();
  private readonly affines: Affines;
  private readonly state: TrainingState;
  private readonly compiler: LazyCompiler;
  private readonly turns = new Turns(() => this.free());
  private readonly context: ModelContext;
  private readonly onProgress: WorkOptions['onProgress'];

  /** Without memory yet: `begin` gives it. */
  protected constructor(gpu: Gpu, network: Network, options: ModelOptions) {
    checkWork(options);
    this.onProgress = options.onProgress;
    const parameters = new Parameters(gpu, network);
    this.context = {
      gpu,
      network,
      parameters,
      average: new WeightAverage(gpu, parameters),
      ...recordedWith(options.kernels, options.variants),
      precision: oneOf('precision', options.precision ?? 'f32', ['f32', 'f16']),
    };
    this.affines = new Affines(this.context);
    this.state = new TrainingState(this.context, () => this.trainers.clear());
    this.compiler = new LazyCompiler(this.context, this.state);
  }

  /**
   * A network with weights on the GPU; the model keeps copies of the options.
   * @throws UsageError for options that make no sense and a network that is none (`checkNetwork`), WeightsError,
   *   OutOfMemoryError
   */
  static async of(gpu: Gpu, network: Network, options: ModelOptions = {}): Promise<Model> {
    checkModelOptions('Model.of', gpu, options);
    const own = { ...options, variants: { ...options.variants } };
    const { checkNetwork } = await import('../checkNetwork.js');
    checkNetwork(network);
    return new Model(gpu, network, own).begin(own);
  }

  /** Gives a new model its weights, or disposes of it. @throws WeightsError, OutOfMemoryError */
  protected async begin({ weights, seed, signal }: ModelOptions): Promise<this> {
    const { parameters, network } = this.context;
    const total = parameters.bytes;
    try {
      await this.next({ signal }, async (work) => {
        const uploaded = (done: number) => tell(work, { phase: 'upload', done, total, unit: 'bytes' });
        // First, so that a network too large for the GPU is refused before its numbers are drawn.
        await parameters.allocate('weights', 'moving');
        await uploaded(0);
        // What draws is loaded by those who have no weights.
        const drawn = async () => (await import('../initialisers.js')).drawWeights(network, seed ?? 0);
        await parameters.write(parameters.pack(weights ?? (await drawn())));
        await uploaded(total);
      });
    } catch (error) {
      await this.dispose();
      throw error;
    }
    return this;
  }

  get network(): Network {
    return this.context.network;
  }

  /** The optimizer's updates so far: since `compile`, and those of the state it was given. */
  get steps(): number {
    return this.state.updates;
  }

  /**
   * Probabilities of a batch, inference mode: p[b,classes]. Labels are not looked at. The batch is copied at once: its
   * arrays may be filled anew before the promise resolves.
   * @throws UsageError for an image size the network cannot halve, or pixels of another type, count or normalisation
   *   than a batch has; DataError for arrays of a wrong length or input that is not finite; NonFiniteError for outputs;
   *   the last two name the file
   */
  async predict(batch: Batch, options: WorkOptions = {}): Promise<Float32Array> {
    const own = admitBatch(batch, this.network, { labels: false });
    return this.next(options, async (work) => {
      const predictor = await this.predictor(own, work);
      return predictor.predict(own, work);
    });
  }

  /**
   * Grad-CAM of one image for some classes: where in the image the score of a class comes from.
   * @param classes outputs by their numbers, or by their names where the model has `labels`
   * @param options score: differentiate the `sigmoid` output (the course's util.py) or the `logit`; a network that ends
   *   in a softmax has the `logit` only
   * @throws as `predict`; UsageError for a class or a score that there is not
   */
  async gradcam(
    batch: Batch,
    classes: readonly ClassChoice[],
    options: { score?: CamScore } & WorkOptions = {},
  ): Promise<GradcamMap[]> {
    requireFields('The options of gradcam', options, ['score', ...WORK]);
    const { score: given = 'sigmoid', ...asked } = options;
    const own = admitBatch(batch, this.network, { labels: false });
    if (own.count !== 1) throw new UsageError(`Grad-CAM takes one image at a time, not ${own.count}.`);
    const wanted = classIndices(classes, this.labels, this.network);
    const score = oneOf('score', given, ['sigmoid', 'logit']);
    return this.next(asked, async (work) => {
      const predictor = await this.predictor(own, work);
      return predictor.gradcam(own, wanted, score, work);
    });
  }

  /**
   * Hands over what every layer gives for a batch, one map at a time and in the order of computation, each with its
   * formula and the kernel that made it; with `mode: 'training'` also the loss, and with `gradients` the gradient of
   * every map and weight, as the next `trainStep` would have them. The model stays as it is: no step is taken. Other
   * callers are served between two maps.
   * @param visit what it throws ends this. It must not call this model: such a call rejects with a UsageError. (A
   *   browser cannot tell who calls once `visit` has awaited something, and serves such a call like any other.)
   * @throws as `predict`; in training as `trainStep`, but numbers that are not finite are handed over; WeightsError for
   *   `weights` that are not the network's; OutOfMemoryError, as every map has memory of its own
   */
  async inspect(
    batch: Batch,
    visit: (map: InspectedMap) => void | Promise<void>,
    options: InspectOptions = {},
  ): Promise<void> {
    requireObject('The options', options);
    checkWork(options);
    const given = { ...options, weights: options.weights && copiesOf(options.weights) };
    const own = admitBatch(batch, this.network, { labels: given.mode === 'training' });
    requireFunction('The visitor of inspect', visit);
    return this.turns.aside(async (callBack) => {
      const { inspectMaps } = await import('./trainer.js');
      await inspectMaps(this.inside(options), own, (map) => callBack(() => visit(map)), given);
    }, options);
  }

  /** For inspections, those of chexgpu/lab too. @internal */
  inside({ signal, onProgress }: WorkOptions): InspectedModel {
    const next: InspectedModel['next'] = (job) => this.next({ signal, onProgress }, job);
    return { context: this.context, state: this.state, next, requireKnownLabels };
  }

  /**
   * Sets loss and optimizer, as Keras' `compile`. The optimizer starts again from zero, or goes on from a state in
   * `options.optimizer`; the weights stay as they are.
   * @throws UsageError for no loss or one that does not fit, and settings that make no sense (`checkTraining`);
   *   WeightsError for a state that is not this network's. After either all is as before.
   */
  async compile(options: TrainingOptions & WorkOptions): Promise<void> {
    return this.train(options, (compiler, prepared) => compiler.compile(prepared));
  }

  /**
   * Sets loss and optimizer for a training that goes on: the optimizer's state and count stay as they are, and so does
   * every setting that `options` leaves out. Where nothing is compiled yet, or `options.optimizer` brings a state or
   * an optimizer of another kind, it is `compile`. Another `accumulate`, and other layers to freeze, drop the gradients
   * of a group that waits, `ema: 0` the weights behind the average.
   * @returns the options that hold now
   * @throws as `compile`
   */
  async goOn(options: TrainingOptions & WorkOptions): Promise<CompiledTraining> {
    return this.train(options, (compiler, prepared) => compiler.goOn(prepared));
  }

  /**
   * One step of training on a batch; returns the loss of the weights before the update. The batch is copied at once.
   * With `accumulate` the batches of a group share an update, which the last one makes.
   * @param options endsGroup: make it now, however many wait for it
   * @throws UsageError before `compile`, and as `predict`; DataError also for labels that are not count * classes
   *   numbers, each 0 or 1 (or NaN, where the loss takes unknown ones); NonFiniteError naming the first layer or tensor
   *   with a value that is not finite, be it in the loss, the gradients, the moving averages or what the update would
   *   make of them. After any of them weights, moving averages, optimizer and count are as before.
   */
  async trainStep(batch: Batch, options: { endsGroup?: boolean } & WorkOptions = {}): Promise<number> {
    requireFields('The options of trainStep', options, ['endsGroup', ...WORK]);
    const { endsGroup = false, ...asked } = options;
    const own = admitBatch(batch, this.network, { labels: true });
    trueOrFalse('endsGroup', endsGroup);
    return this.next(asked, async (work) => {
      const trainer = await this.trainer(own, work);
      if (!this.state.compiled('training').loss.unknownLabels) requireKnownLabels(own);
      try {
        this.affines.outdate();
        await this.context.average.show('trained');
        const place = this.state.place(own.count, endsGroup);
        // Of a step that is given up there are none.
        this.state.hasGradients = false;
        const loss = await trainer.step(own, place, work);
        this.state.took(own.count, place);
        return loss;
      } catch (error) {
        if (error instanceof NonFiniteError) this.state.hasGradients = true;
        throw error;
      }
    });
  }

  /**
   * Gradients of the last `trainStep`, by Keras' names; also of one that was refused, to see what overflowed. With
   * `accumulate` they are the mean of the group so far, and what clipping left of them once the update is made.
   * Those of frozen layers are 0.
   * @throws UsageError before the first step after `compile`
   */
  async gradients(options: WorkOptions = {}): Promise<WeightMap> {
    return this.next(options, async (work) => {
      if (!this.state.hasGradients) {
        throw new UsageError('There are no gradients before a training step.', 'Call trainStep() first.');
      }
      return this.context.parameters.readTrainable('gradients', work);
    });
  }

  /**
   * The optimizer's state and count, to go on later with `compile({ ..., optimizer })`: with the weights exported at
   * the same time the training continues bit for bit on the same adapter.
   * @throws UsageError before `compile`
   */
  async exportOptimizer(options: WorkOptions = {}): Promise<OptimizerState> {
    return this.next(options, (work) => this.state.export(work));
  }

  /** Learning rate of the next steps. @throws UsageError before `compile` */
  get learningRate(): number {
    return this.state.compiled('reading learningRate').optimizer.settings.learningRate;
  }

  /** Sets it. @throws UsageError before `compile`, or unless it is a finite number, 0 or above */
  setLearningRate(rate: number): void {
    this.state.setLearningRate(rate);
  }

  /** All weights and moving averages: of the network, which with `ema` is the average of the weights. */
  async exportWeights(options: WorkOptions = {}): Promise<WeightMap> {
    const { parameters, average } = this.context;
    return this.next(options, (work) => parameters.read(average.buffers.network, work));
  }

  /**
   * Replaces all weights by a copy of these, or none; with `ema` also those behind the average. Gradients that wait for
   * an update are those of other weights and are dropped. Once they are there an abort changes nothing any more.
   * @throws WeightsError, OutOfMemoryError
   */
  async importWeights(weights: WeightMap, options: WorkOptions = {}): Promise<void> {
    const { parameters, average } = this.context;
    const packed = parameters.pack(weights);
    return this.next(options, async (work) => {
      const total = parameters.bytes;
      await tell(work, { phase: 'upload', done: 0, total, unit: 'bytes' });
      this.affines.outdate();
      await parameters.write(packed);
      await average.restart();
      this.state.dropGroup();
      await work.onProgress?.({ phase: 'upload', done: total, total, unit: 'bytes' });
    });
  }

  /**
   * The plan of one step, with its table of dispatches and its bytes: for benches, the profiler and pages that
   * explain. It is the model's: run it to time it, after a step has given it input; do not dispose of it.
   */
  async planOf(
    kind: 'predict' | 'train',
    batch: number,
    size: number,
    options: WorkOptions = {},
  ): Promise<Plan> {
    return this.next(options, async (work) => {
      oneOf('kind', kind, ['predict', 'train']);
      checkImageSize(this.network, size);
      const shape = { count: wholeNumber('batch', batch, 1), height: size, width: size };
      return (kind === 'predict' ? await this.predictor(shape, work) : await this.trainer(shape, work)).plan;
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

  /** What is waited for on the way to the next call, a batch: given up with the model, its device or by `signal`. */
  waitFor<T>(given: T | PromiseLike<T>, signal?: AbortSignal): Promise<T> {
    const settled = this.context.gpu.until(Promise.resolve(given));
    return untilAborted(untilAborted(settled, signal), this.turns.ended);
  }

  /** A job when its turn has come, ended by the caller's signal, told to its or to the model's `onProgress`. */
  private async next<T>(options: WorkOptions, job: (work: JobWork) => Promise<T>): Promise<T> {
    requireFields('The options', options, WORK);
    checkWork(options);
    const { signal } = options;
    const listeners = [this.onProgress, options.onProgress].filter((listener) => listener !== undefined);
    const onProgress = async (progress: Progress) => {
      for (const listener of listeners) await listener(progress);
    };
    return this.turns.next(job, { signal, onProgress: listeners.length > 0 ? onProgress : undefined });
  }

  /** `compile` and `goOn`: refused at once where the options make no sense, and done when its turn has come. */
  private async train<T>(
    options: TrainingOptions & WorkOptions,
    job: (compiler: TrainingCompiler, prepared: PreparedTraining) => Promise<T>,
  ): Promise<T> {
    const prepared = this.compiler.prepare(options);
    const { signal, onProgress } = options ?? {};
    const done = this.next({ signal, onProgress }, async () => {
      const own = await prepared;
      return job(this.compiler.loaded, own);
    });
    // Whichever fails first is what the caller hears of.
    done.catch(() => {});
    await prepared;
    return done;
  }

  private free(): void {
    this.predictors.clear();
    this.trainers.clear();
    this.affines.dispose();
    this.context.parameters.dispose();
  }

  private async predictor(shape: BatchShape, work: JobWork): Promise<Predictor> {
    // The network as it is now, with the affines of its batch norms.
    await this.context.average.show('average');
    await this.affines.refresh(work);
    return this.predictors.for(shape, () => Predictor.create(this.context, shape, this.affines.of, work));
  }

  private async trainer(shape: BatchShape, work: JobWork): Promise<Trainer> {
    const training = this.state.compiled('training');
    // What predicts alone is not made to carry it.
    const { Trainer } = await import('./trainer.js');
    return this.trainers.for(shape, () => Trainer.create(this.context, shape, training, work));
  }
}
