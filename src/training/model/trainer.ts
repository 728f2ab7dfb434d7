/**
 * Training steps for one batch size and image size: forward, loss, backward, the mean with the other batches of the
 * group, then the update: clip, optimizer, moving average of the weights. Nothing of the model moves before the loss,
 * the gradients, the next moving averages and what the update would make of them are known to be finite: a step is
 * taken whole or not at all.
 */
import { ChexError, NonFiniteError } from '../../core/errors.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { Readback } from '../../engine/device/readback.js';
import { fixedTensor, type Plan, PlanBuilder } from '../../engine/plan/plan.js';
import { recordPlan } from '../../engine/plan/recordPlan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import { blend } from '../../shaders/blend/blend.js';
import { largestMagnitudes } from '../../shaders/reduce/reduce.js';
import type { BatchShape, Labelled } from '../batch.js';
import { readMap } from '../inspection/readMap.js';
import { blockFactors, type LayerRoles, layerRoles } from '../layers/layerSettings.js';
import { smoothLabels } from '../losses/loss.js';
import type { RecordedNetwork } from '../network.js';
import { factorsOf } from '../optimizers/optimizer.js';
import { brokenGradient, findOverflow } from '../optimizers/overflow.js';
import type { ParameterSpec } from '../parameterSpec.js';
import type { CompiledTraining } from '../trainingOptions.js';
import { Clipping } from '../updates/clipping.js';
import { most, partsOf, verdictParts } from '../updates/verdict.js';
import { describeBatch, type ModelContext } from './context.js';
import { InputStage } from './inputStage.js';
import { slotBuffer } from './parameters.js';
import { forwardMode, recordPass } from './trainingPass.js';
import type { StepPlace } from './trainingState.js';
import type { JobWork } from './turns.js';

// It needs what a training needs; one more file to load later would cut what all of them share into more pieces.
export { inspectMaps } from '../inspection/inspect.js';

/** What the steps have on the GPU beside the parameters and the plan's own memory. */
interface StepMemory {
  readonly input: InputStage;
  /** labels[b,1,1,classes] */
  readonly labels: Tensor;
  /** Probabilities p[b,1,1,classes]. */
  readonly p: Tensor;
  /** dlogits[b,1,1,classes] */
  readonly dlogits: Tensor;
  /** The loss, the largest gradients and moving averages, and the gradients' squares: `verdictParts`. */
  readonly verdict: Tensor;
  /** The optimizer's numbers of a step. */
  readonly hyper: Tensor;
  /** The loss's constants, where it has any. */
  readonly constants: Tensor | null;
  /** On the learning rate, one per block of the layout; none where all layers learn alike. */
  readonly factors: Tensor | null;
  readonly clipping: Clipping;
  /** Numbers of a step, [1,1,1,4] each: the batch's share of its group, what an average keeps. */
  readonly share: Tensor;
  readonly ema: Tensor;
  /** What the weights keep of themselves: 0 where they become the average. */
  readonly own: Tensor;
  readonly back: Readback;
}

export class Trainer {
  private constructor(
    private readonly context: ModelContext,
    private readonly shape: BatchShape,
    private readonly options: CompiledTraining,
    private readonly roles: LayerRoles,
    private readonly memory: StepMemory,
    readonly plan: Plan,
    readonly update: Plan,
  ) {}

  static async create(
    context: ModelContext,
    shape: BatchShape,
    options: CompiledTraining,
    work: JobWork,
  ): Promise<Trainer> {
    const { gpu, network, parameters, variants, kernels } = context;
    const { kind } = options.optimizer;
    const roles = layerRoles(network, options.layers);
    const label = `train, ${describeBatch(shape)}`;
    const slots = [...Object.keys(kind.slots), ...(options.updates.accumulate > 1 ? ['accumulated'] : [])];
    await parameters.allocate('gradients', ...slots.map(slotBuffer), 'nextMoving');
    const memory = await gpu.guarded(label, () => {
      // Nothing writes them from now on.
      const isFrozen = ({ trainable, layer }: ParameterSpec) => trainable && roles.factorOf(layer) === 0;
      if (roles.frozen) parameters.clear('gradients', parameters.table.filter(isFrozen));
      return allocate(context, shape, options, roles);
    });
    let plan: Plan | undefined;
    try {
      const make = () => new PlanBuilder(gpu, label, { variants, kernels });
      const record = (builder: PlanBuilder) => recordStep(builder, context, options, roles, memory);
      const { builder } = await recordPlan(gpu, make, record, work);
      plan = await builder.build(work);

      const makeUpdate = () => new PlanBuilder(gpu, kind.title, { variants, kernels });
      const recordOwn = (builder: PlanBuilder) => recordUpdate(builder, context, options, memory);
      const updater = await recordPlan(gpu, makeUpdate, recordOwn, work);
      const update = await updater.builder.build(work);
      return new Trainer(context, shape, options, roles, memory, plan, update);
    } catch (error) {
      plan?.dispose();
      free(gpu, memory);
      throw error;
    }
  }

  /** Batches of this very shape: in training every image is part of the statistics. */
  fits({ count, height, width }: BatchShape): boolean {
    const { shape } = this;
    return count === shape.count && height === shape.height && width === shape.width;
  }

  /**
   * @param batch admitted, with labels
   * @returns the loss before the update
   * @throws NonFiniteError when the step would leave a number that is not finite; the reason of `work.signal`; then all
   *   is as before
   */
  async step(batch: Labelled, place: StepPlace, work: JobWork): Promise<number> {
    const { gpu, parameters } = this.context;
    const { t, last } = place;
    const { load, hyper } = await this.loader(batch, place, work);
    await this.plan.runInSteps(work, load, () => this.fetchVerdict());
    const { loss, gradient, moving, squares } = await this.verdict();
    if (!Number.isFinite(loss)) throw await this.refusedLoss(loss, t, work);
    if (!Number.isFinite(moving)) throw await this.refusedMoving(loss, t);
    // Whatever the optimizer thinks of them.
    if (!Number.isFinite(gradient)) throw await this.refusedGradient(loss, t);
    // From here on the step is taken.
    work.signal.throwIfAborted();
    if (last) await this.updateBy(gradient, squares, hyper, t, loss);
    else await gpu.guarded(this.plan.label, () => parameters.keepGradients());
    return loss;
  }

  /** What a step reads, to be loaded within `Gpu.guarded`; `hyper` is a part of it. @throws as `InputStage.loader` */
  async loader(batch: Labelled, { t, share }: StepPlace, work: JobWork) {
    const { parameters } = this.context;
    const { optimizer, updates, loss } = this.options;
    const hyper = optimizer.kind.hyper(optimizer.settings, t, parameters);
    const loadImages = await this.memory.input.loader(batch, work);
    const load = () => {
      this.write('labels', smoothLabels(batch.labels, loss) as Float32Array<ArrayBuffer>);
      this.write('hyper', hyper);
      this.write('share', Float32Array.of(share));
      // Of the weights before the first update an average keeps nothing.
      this.write('ema', Float32Array.of(t === 1 ? 0 : updates.ema));
      this.write('own', Float32Array.of(t % updates.emaOverwrite === 0 ? 0 : 1));
      loadImages();
      parameters.beginMoving();
    };
    return { load, hyper };
  }

  /** Between the plan and the update, for those who run them by themselves: what gradients are to be cut to. */
  async setClip(): Promise<void> {
    const { gpu } = this.context;
    const { clipping } = this.memory;
    if (!clipping.on) return;
    await gpu.guarded('verdict', () => this.fetchVerdict());
    const { gradient, squares } = await this.verdict();
    const clip = await clipping.clipOf(gradient, squares);
    await gpu.guarded('clip', () => clipping.load(clip));
  }

  private fetchVerdict(): void {
    const { verdict, back } = this.memory;
    back.copy(verdict.storage.buffer!, 0, verdict.storage.bytes);
  }

  /** @throws NonFiniteError, before anything moves */
  private async updateBy(
    gradient: number,
    squares: Float32Array,
    hyper: Float32Array,
    t: number,
    loss: number,
  ): Promise<void> {
    const { gpu, parameters } = this.context;
    const { options, roles } = this;
    const { kind } = options.optimizer;
    const { clipping } = this.memory;
    const clip = await clipping.clipOf(gradient, squares);
    const fastest = roles.differ ? kind.rescaled!(hyper, roles.largest) : hyper;
    const bounds =
      kind.boundsAfter(parameters.bounds, clip.most, fastest) ??
      (await findOverflow(parameters, kind, hyper, clip, roles));
    if (typeof bounds === 'string') throw refusal(t, loss, bounds);

    if (clipping.on) await gpu.guarded('clip', () => clipping.load(clip));
    // One submit of all that moves, and nothing beside it that could fail alone.
    await gpu.guarded(kind.title, () => this.update.run((encoder) => parameters.takeMoving(encoder)));
    // The weights may become an average of those before.
    if (overwrites(options)) bounds.w = Math.max(bounds.w, parameters.bounds.w);
    parameters.bounds = bounds;
  }

  private write(to: 'labels' | 'hyper' | 'share' | 'ema' | 'own', values: Float32Array<ArrayBuffer>): void {
    this.context.gpu.device.queue.writeBuffer(this.memory[to].storage.buffer!, 0, values);
  }

  /** The loss, the largest magnitudes of gradients and next moving averages, sums of squares of the gradients. */
  private async verdict() {
    const values = new Float32Array(await this.memory.back.take());
    const parts = partsOf(this.context, this.memory.clipping);
    const part = (name: keyof typeof parts) => {
      const { from, size } = parts[name];
      return values.subarray(from, from + size);
    };
    return {
      loss: values[0],
      gradient: most(part('gradients')),
      moving: most(part('moving')),
      squares: part('squares'),
    };
  }

  /** Repeats the forward pass with every map kept and names the first that is not finite. */
  private async refusedLoss(loss: number, t: number, work: JobWork): Promise<NonFiniteError> {
    const { gpu, network, parameters, variants, kernels } = this.context;
    const { input } = this.memory;
    const mode = forwardMode(this.options, this.roles);
    let where: string;
    try {
      const make = () => new PlanBuilder(gpu, 'diagnosis', { variants, kernels });
      const record = (repeat: PlanBuilder) => network.record(repeat, parameters, input.image, mode, true);
      const { builder, recorded } = await recordPlan(gpu, make, record, work);
      const plan = await builder.build(work);
      try {
        await plan.runInSteps(work);
        where =
          (await firstNonFinite(gpu, [['the input image', input.image], ...recorded.maps])) ??
          'the loss itself';
      } finally {
        plan.dispose();
      }
    } catch (error) {
      // Keeping every map takes more memory than the step did.
      if (!(error instanceof ChexError && error.code === 'memory')) throw error;
      where = 'a layer that could not be looked for, since the memory does not hold all maps at once';
    }
    return new NonFiniteError(
      `The loss of step ${t} is ${loss}; the first values that are not finite are in ${where}.`,
      AS_BEFORE,
    );
  }

  private async refusedGradient(loss: number, t: number): Promise<NonFiniteError> {
    const { parameters } = this.context;
    const broken = brokenGradient(parameters, await parameters.floats('gradients'));
    return refusal(t, loss, broken ?? 'a gradient is not finite');
  }

  private async refusedMoving(loss: number, t: number): Promise<NonFiniteError> {
    const { parameters } = this.context;
    const next = await parameters.floats('nextMoving');
    for (const spec of parameters.table) {
      if (spec.trainable) continue;
      const from = parameters.offsetOf(spec);
      const bad = next.subarray(from, from + spec.size).find((v) => !Number.isFinite(v));
      if (bad !== undefined) return refusal(t, loss, `${spec.key} would hold ${bad}`);
    }
    return refusal(t, loss, 'a moving average would not be finite');
  }

  dispose(): void {
    this.plan.dispose();
    this.update.dispose();
    free(this.context.gpu, this.memory);
  }
}

/** To be called within `Gpu.guarded`. */
function allocate(
  context: ModelContext,
  shape: BatchShape,
  options: CompiledTraining,
  roles: LayerRoles,
): StepMemory {
  const { gpu, network, parameters } = context;
  const { loss, optimizer } = options;
  const { kind, settings } = optimizer;
  const perClass = [shape.count, 1, 1, network.classes] as const;
  const clipping = new Clipping(gpu, parameters, options.updates);
  const { squares } = partsOf(context, clipping);
  const verdict = fixedTensor(gpu, 'verdict', [1, 1, 1, squares.from + squares.size]);
  const four = (label: string) => fixedTensor(gpu, label, [1, 1, 1, 4]);
  return {
    input: new InputStage(gpu, shape, network.inputChannels),
    labels: fixedTensor(gpu, 'labels', perClass),
    p: fixedTensor(gpu, 'probabilities', perClass),
    dlogits: fixedTensor(gpu, 'dlogits', perClass),
    verdict,
    hyper: fixedTensor(gpu, kind.title, [1, 1, 1, kind.hyper(settings, 1, parameters).length]),
    constants: loss.constants && uploaded(gpu, 'loss constants', loss.constants),
    factors: roles.differ ? uploaded(gpu, 'factors', blockFactors(parameters, roles)) : null,
    clipping,
    share: four('share of the group'),
    ema: four('share of the average'),
    own: four('share of the weights'),
    back: new Readback(gpu, verdict.storage.bytes),
  };
}

function free(gpu: Gpu, { input, clipping, back, ...tensors }: StepMemory): void {
  input.dispose();
  clipping.dispose();
  back.dispose();
  for (const t of Object.values(tensors)) if (t) gpu.destroyBuffer(t.storage.buffer!);
}

/** The pass, the mean over the group, and what must be known before the update. */
function recordStep(
  plan: PlanBuilder,
  context: ModelContext,
  options: CompiledTraining,
  roles: LayerRoles,
  { input: { image }, labels, constants, p, dlogits, verdict, clipping, share }: StepMemory,
): void {
  const { parameters } = context;
  const part = verdictParts(context, clipping, verdict);
  recordPass(plan, context, options, roles, { image, labels, constants, p, loss: part('loss'), dlogits });
  const mean = parameters.flat('gradients');
  if (options.updates.accumulate > 1) {
    blend(plan, 'mean gradient', { mean, other: parameters.flat(slotBuffer('accumulated')), share });
  }
  largestMagnitudes(plan, 'gradients', { x: mean, largest: part('gradients') });
  largestMagnitudes(plan, 'moving averages', { x: parameters.flat('nextMoving'), largest: part('moving') });
  clipping.recordSums(plan, mean, part('squares'));
}

function recordUpdate(
  plan: PlanBuilder,
  { parameters }: ModelContext,
  options: CompiledTraining,
  { hyper, clipping, ema, own, factors }: StepMemory,
): void {
  const { optimizer, updates } = options;
  const { kind } = optimizer;
  const slots = Object.keys(kind.slots).map((slot) => [slot, parameters.flat(slotBuffer(slot))]);
  const [w, gradient] = [parameters.flat('weights'), parameters.flat('gradients')];
  clipping.record(plan, gradient);
  const byLayer = factors ? { factors } : {};
  kind.record(plan, kind.title, { ...Object.fromEntries(slots), w, gradient, hyper, ...byLayer });
  if (updates.ema === 0) return;
  const average = parameters.flat('average');
  const given = factorsOf(byLayer);
  blend(plan, 'average of the weights', { mean: average, other: w, share: ema }, given);
  if (overwrites(options)) {
    blend(plan, 'weights from the average', { mean: w, other: average, share: own }, given);
  }
}

/** Numbers in a buffer of their own: t[1,1,1,n]. */
function uploaded(gpu: Gpu, label: string, values: Float32Array): Tensor {
  const tensor = fixedTensor(gpu, label, [1, 1, 1, values.length]);
  gpu.device.queue.writeBuffer(tensor.storage.buffer!, 0, values as Float32Array<ArrayBuffer>);
  return tensor;
}

const overwrites = ({ updates }: CompiledTraining) => updates.emaOverwrite < Number.POSITIVE_INFINITY;

const AS_BEFORE =
  'Weights, moving averages and optimizer are as before this step. ' +
  'Use a smaller learning rate, or start from an earlier checkpoint.';

function refusal(t: number, loss: number, what: string): NonFiniteError {
  return new NonFiniteError(`Step ${t} has the finite loss ${loss}, but ${what}.`, AS_BEFORE);
}

/** The first map, in the order of computation, that holds a value that is not finite; null if none does. */
async function firstNonFinite(gpu: Gpu, maps: RecordedNetwork['maps']): Promise<string | null> {
  for (const [name, map] of maps) {
    if (!(await readMap(gpu, map)).every(Number.isFinite)) return name;
  }
  return null;
}
