/**
 * A plan as a debugger shows one: run to a dispatch, stop there, and look at any buffer. It is the very plan that
 * `predict` or `trainStep` runs, its memory shared out in the same way, over copies of the weights: the model stays as
 * it is.
 */

import { oneOf, requireFields, requireObject, shown, wholeNumber } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { checkWork, tell, WORK, type WorkOptions } from '../../core/work.js';
import type { Gpu } from '../../engine/device/gpu.js';
import type { Dispatch, Plan } from '../../engine/plan/plan.js';
import { elements, type Tensor } from '../../engine/plan/tensor.js';
import { type Clock, clockOf, timeDispatches } from '../../engine/timing/dispatchTimes.js';
import { shaderFile } from '../../shaders/shaderFile.js';
import type { Batch, Labelled } from '../batch.js';
import { requireModel } from '../checkSource.js';
import { admitBatch } from '../model/admitBatch.js';
import { Affines } from '../model/affines.js';
import type { Model } from '../model/model.js';
import { type BufferName, Parameters, slotBuffer } from '../model/parameters.js';
import { Predictor } from '../model/predictor.js';
import { Trainer } from '../model/trainer.js';
import { type JobWork, Turns } from '../model/turns.js';
import type { InspectedModel } from './inspect.js';
import { readMap } from './readMap.js';
import { writtenBy } from './trace.js';

/** A buffer, or a part of one, that a dispatch is bound to. */
export interface DebuggedBuffer {
  /** Name of the binding in the WGSL. */
  binding: string;
  /** What the plan calls it. */
  label: string;
  /** [b,h,w,c]; vectors are [1,1,1,n]. */
  shape: readonly number[];
  /** The dispatch may write to it; else it only reads. */
  writes: boolean;
  /** Channels of the buffer that it is a slice of, and the first of them that is its own. */
  channels: number;
  firstChannel: number;
}

/** A line of the plan's table. */
export interface DebuggedDispatch {
  /** Its place; up to the update that in `planOf`. */
  index: number;
  /** What it is part of; `checks` is what must be known before the update. */
  phase: 'forward' | 'loss' | 'backward' | 'checks' | 'update';
  /** What it is for, e.g. `conv2_block1_1_conv`. */
  label: string;
  /** `conv.forward.tiled` is the variant `tiled` of the operation `conv.forward`. */
  kernel: string;
  op: string;
  variant: string;
  /** The kernel's WGSL, from the root of the source tree. */
  file: string;
  constants: Readonly<Record<string, number>>;
  /** In words. */
  shape: string;
  workgroups: readonly [number, number, number];
  flops: number;
  /** Bytes that must be moved at least once: `bytes` of the plan's table, in two. */
  bytesRead: number;
  bytesWritten: number;
  /** Those that it uses: what a variant does without is bound to the memory of another. */
  buffers: readonly DebuggedBuffer[];
}

/** How long a dispatch took. */
export interface DebuggedTime {
  index: number;
  /** Nanoseconds of this one run, by `PlanDebugger.clock`. */
  ns: number;
}

/** What a buffer holds where the plan stands. */
export interface DebuggedValues {
  shape: readonly number[];
  /** In C order; whole numbers of a u32 buffer as they are. */
  values: Float32Array;
  /** The last dispatch that wrote into this memory; null where none has yet. */
  writer: number | null;
  /** Another tensor of the plan has this memory now: its label. */
  takenBy: string | null;
}

export interface DebugOptions extends WorkOptions {
  /** Whose plan: `predict` or `trainStep`. Default: `train`. */
  kind?: 'predict' | 'train';
}

/** What a plan runs on; one of the model's own would move its weights. */
interface Rig {
  readonly gpu: Gpu;
  readonly plan: Plan;
  readonly update: Plan | null;
  /** All as before the first dispatch. */
  begin(work: JobWork): Promise<void>;
  /** Between plan and update. */
  between(): Promise<void>;
  dispose(): void;
}

/** Dispatches between two looks at the signal. */
const AT_ONCE = 64;

/**
 * A debugger of what the next `predict` or `trainStep` on this batch would do, stopped in front of the first dispatch.
 * To be disposed of: it holds memory of its own.
 * @throws as `predict`; for `train` as `trainStep`, but numbers that are not finite are there to be looked at
 */
export async function debugPlan(
  model: Model,
  batch: Batch,
  options: DebugOptions = {},
): Promise<PlanDebugger> {
  requireModel('debugPlan', model);
  requireFields('The options of debugPlan', options, ['kind', ...WORK]);
  checkWork(options);
  const kind = oneOf('kind', options.kind ?? 'train', ['predict', 'train']);
  const own = admitBatch(batch, model.network, { labels: kind === 'train' });
  const inside = model.inside(options);
  return inside.next(async (work) => {
    const rig = await (kind === 'train' ? trainingRig(inside, own, work) : predictionRig(inside, own, work));
    try {
      await rig.begin(work);
      return new PlanDebugger(rig);
    } catch (error) {
      rig.dispose();
      throw error;
    }
  });
}

/** Made by `debugPlan`. Its calls are carried out one after the other. */
export class PlanDebugger {
  readonly dispatches: readonly DebuggedDispatch[];
  /** What `ns` is measured by; a browser rounds the GPU's clock. */
  readonly clock: Clock;
  private readonly recorded: readonly Dispatch[];
  private readonly turns: Turns;
  private done = 0;
  /** Something broke off in the middle: what the buffers hold is of no dispatch. */
  private isTorn = false;

  constructor(private readonly rig: Rig) {
    const { gpu, plan, update } = rig;
    this.turns = new Turns(() => rig.dispose(), 'debugger');
    this.clock = clockOf(gpu);
    this.recorded = [...plan.dispatches, ...(update?.dispatches ?? [])];
    const loss = plan.dispatches.findIndex(({ label }) => label === 'loss');
    this.dispatches = this.recorded.map((dispatch, index) => {
      const { label } = dispatch;
      if (index >= plan.dispatches.length) return line(dispatch, index, 'update');
      if (loss < 0 || index < loss) return line(dispatch, index, 'forward');
      if (label === 'loss') return line(dispatch, index, 'loss');
      return line(dispatch, index, CHECKS.has(label) ? 'checks' : 'backward');
    });
  }

  /** Dispatches that have run. */
  get at(): number {
    return this.done;
  }

  /**
   * Runs until `count` dispatches have run; fewer than have is to begin anew, on the model's weights as they were when
   * the debugger was made.
   * @param options hears of `debug`, with the dispatches that have run; its signal stops it between some of them
   * @returns how long each that ran has taken
   * @throws UsageError unless `count` is 0 to the number of dispatches; GpuError
   */
  runTo(count: number, options: WorkOptions = {}): Promise<DebuggedTime[]> {
    return this.next(options, async (work) => {
      const total = this.recorded.length;
      if (wholeNumber('count', count, 0) > total) {
        throw new UsageError(`count is ${count}; the plan has ${total} dispatches.`);
      }
      if (this.isTorn || count < this.done) {
        this.isTorn = true;
        this.done = 0;
        await this.rig.begin(work);
        this.isTorn = false;
      }
      const times: DebuggedTime[] = [];
      while (this.done < count) {
        await tell(work, { phase: 'debug', done: this.done, total: count, unit: 'dispatches' });
        times.push(...(await this.some(count)));
      }
      return times;
    });
  }

  /**
   * What a buffer holds now.
   * @param index of a dispatch @param binding of it
   * @throws UsageError for a dispatch or a binding that there is not
   */
  read(index: number, binding: string, options: WorkOptions = {}): Promise<DebuggedValues> {
    return this.next(options, async () => {
      const { kernel, tensors } = this.of(index);
      const tensor = Object.hasOwn(tensors, binding) ? tensors[binding] : undefined;
      if (!tensor) {
        const names = Object.keys(tensors).join(', ');
        throw new UsageError(`Dispatch ${index} has no binding ${shown(binding)}.`, `It has ${names}.`);
      }
      const read = await readMap(this.rig.gpu, tensor);
      const isWhole = kernel.declared.bindings.find(({ name }) => name === binding)!.type.includes('u32');
      const values = isWhole ? Float32Array.from(new Uint32Array(read.buffer, 0, read.length)) : read;
      return { shape: tensor.shape, values, ...this.history(tensor) };
    });
  }

  /** The WGSL that runs, its constants set. @throws UsageError for a dispatch that there is not */
  wgsl(index: number): string {
    const { kernel, constants = {} } = this.of(index);
    return kernel.specialise(constants);
  }

  /** @returns settles when no call runs any more and all memory is freed */
  dispose(): Promise<void> {
    return this.turns.end();
  }

  private next<T>(options: WorkOptions, job: (work: JobWork) => Promise<T>): Promise<T> {
    requireObject('The options', options);
    checkWork(options);
    return this.turns.next(job, options);
  }

  private of(index: number): Dispatch {
    const dispatch = this.recorded[wholeNumber('index', index, 0)];
    if (!dispatch) {
      throw new UsageError(`There is no dispatch ${index}; the last is ${this.recorded.length - 1}.`);
    }
    return dispatch;
  }

  /** Some dispatches of one plan, not beyond `count`. */
  private async some(count: number): Promise<DebuggedTime[]> {
    const { gpu, plan, update, between } = this.rig;
    const border = plan.dispatches.length;
    const from = this.done;
    const isUpdate = from >= border;
    if (from === border) await between();
    const to = Math.min(from + AT_ONCE, count, isUpdate ? count : border);
    const chosen = Array.from({ length: to - from }, (_, i) => from + i - (isUpdate ? border : 0));
    this.isTorn = true;
    const times = await timeDispatches(gpu, isUpdate ? update! : plan, { chosen });
    this.isTorn = false;
    this.done = to;
    return times.map(({ begin, end }, i) => ({ index: from + i, ns: end - begin }));
  }

  private history(tensor: Tensor): Pick<DebuggedValues, 'writer' | 'takenBy'> {
    for (let index = this.done - 1; index >= 0; index--) {
      const through = writtenBy(this.recorded[index], tensor);
      if (!through) continue;
      const taken = isTemporary(tensor) && isTemporary(through) && through.storage !== tensor.storage;
      return { writer: index, takenBy: taken ? through.storage.label : null };
    }
    return { writer: null, takenBy: null };
  }
}

/** What a step finds out of its gradients before it updates. */
const CHECKS: ReadonlySet<string> = new Set([
  'mean gradient',
  'gradients',
  'moving averages',
  'squared gradients',
]);

/** Of the plan's own memory, which tensors share when they do not live at the same time. */
const isTemporary = ({ storage }: Tensor) => 'first' in storage;

function line(dispatch: Dispatch, index: number, phase: DebuggedDispatch['phase']): DebuggedDispatch {
  const { kernel, label, constants = {}, tensors, shape, workgroups, flops, bytes } = dispatch;
  const written = new Set(kernel.bindings.filter(({ type }) => type === 'storage').map(({ name }) => name));
  const bound = Object.values(tensors);
  // What a kernel does without is bound to another's memory.
  const used = Object.entries(tensors).filter(
    ([name, tensor], i) => written.has(name) || bound.indexOf(tensor) === i,
  );
  const buffers = used.map(([binding, tensor]): DebuggedBuffer => {
    const { storage, pixelStride, channelOffset } = tensor;
    return {
      binding,
      label: storage.label,
      shape: tensor.shape,
      writes: written.has(binding),
      channels: pixelStride,
      firstChannel: channelOffset % pixelStride,
    };
  });
  const writes = buffers.filter((buffer) => buffer.writes);
  const bytesWritten = Math.min(
    bytes,
    writes.reduce((sum, buffer) => sum + 4 * elements(buffer.shape), 0),
  );
  const { op, variant, name } = kernel;
  return {
    ...{ index, phase, label, kernel: name, op, variant },
    ...{ file: shaderFile(kernel), constants: { ...constants } },
    ...{ shape, workgroups, flops, bytesRead: bytes - bytesWritten, bytesWritten, buffers },
  };
}

/** A network of the model's own numbers, and what they are set back by. */
async function copies({ context }: InspectedModel, names: readonly BufferName[]) {
  const { gpu, network, parameters } = context;
  const [own, kept] = [new Parameters(gpu, network), new Parameters(gpu, network)];
  const dispose = () => {
    own.dispose();
    kept.dispose();
  };
  try {
    await own.allocate(...names);
    await kept.allocate(...names);
    await gpu.guarded('copies of the weights', () => kept.takeFrom(parameters, names));
  } catch (error) {
    dispose();
    throw error;
  }
  return { context: { ...context, parameters: own }, restore: () => own.takeFrom(kept, names), dispose };
}

async function trainingRig(inside: InspectedModel, batch: Labelled, work: JobWork): Promise<Rig> {
  const { context, state, requireKnownLabels } = inside;
  const { gpu, average } = context;
  const training = { ...state.compiled('debugging a training step') };
  if (!training.loss.unknownLabels) requireKnownLabels(batch);
  await average.show('trained');
  const place = state.place(batch.count, false);
  const { kind } = training.optimizer;
  const slots = [...Object.keys(kind.slots), ...(training.updates.accumulate > 1 ? ['accumulated'] : [])];
  const names: BufferName[] = ['weights', 'moving', ...slots.map(slotBuffer)];
  const own = await copies(inside, average.on ? [...names, 'average'] : names);
  try {
    const trainer = await Trainer.create(own.context, batch, training, work);
    return {
      gpu,
      plan: trainer.plan,
      update: place.last ? trainer.update : null,
      begin: async (again) => {
        const { load } = await trainer.loader(batch, place, again);
        await gpu.guarded(trainer.plan.label, () => {
          own.restore();
          load();
        });
      },
      between: () => trainer.setClip(),
      dispose: () => {
        trainer.dispose();
        own.dispose();
      },
    };
  } catch (error) {
    own.dispose();
    throw error;
  }
}

async function predictionRig(inside: InspectedModel, batch: Labelled, work: JobWork): Promise<Rig> {
  const { gpu, average } = inside.context;
  await average.show('average');
  const own = await copies(inside, ['weights', 'moving']);
  const affines = new Affines(own.context);
  const dispose = () => {
    affines.dispose();
    own.dispose();
  };
  try {
    await gpu.guarded('copies of the weights', () => own.restore());
    await affines.refresh(work);
    const predictor = await Predictor.create(own.context, batch, affines.of, work);
    const { plan, input } = predictor;
    return {
      gpu,
      plan,
      update: null,
      begin: async (again) => {
        const load = await input.loader(batch, again);
        await gpu.guarded(plan.label, load);
      },
      between: async () => {},
      dispose: () => {
        predictor.dispose();
        dispose();
      },
    };
  } catch (error) {
    dispose();
    throw error;
  }
}
