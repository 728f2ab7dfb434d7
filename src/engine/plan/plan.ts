/**
 * A plan is a list of dispatches recorded once and replayed every step. Shapes, bind groups, uniforms
 * and memory are settled when it is built; a step only encodes and submits.
 *
 * One table (`plan.dispatches`) says of every dispatch what it is: operation, variant, shape, FLOPs,
 * bytes. Profiler, bench and documents read that table.
 */

import { GpuError, OutOfMemoryError } from '../../core/errors.js';
import { tell, untilAborted, type WorkOptions } from '../../core/work.js';
import { COPY_DST, COPY_SRC, STORAGE, UNIFORM } from '../device/bufferUsage.js';
import type { Gpu } from '../device/gpu.js';
import { extensionObstacle } from '../wgsl/extensions.js';
import { packSlots } from './arena.js';
import { type Choice, choiceName } from './choice.js';
import type { HalfProducts } from './halfProducts.js';
import type { Kernel, Scalars, Variants } from './kernel.js';
import { inSteps, type Submit, submitsOf } from './submits.js';
import { denseTensor, elements, type Storage, type Tensor } from './tensor.js';

export interface DispatchSpec {
  kernel: Kernel;
  /** What it is for in the network, e.g. `conv2_block1_1_conv`. */
  label: string;
  constants?: Scalars;
  params: Scalars;
  /** By binding name. */
  tensors: Record<string, Tensor>;
  /** Workgroups in x, y, z. */
  workgroups: readonly [number, number, number];
  /** Shape in words for the table, e.g. `[4,16,16,64] 1x1 -> 128`. */
  shape: string;
  flops: number;
  /** Bytes that must be moved at least once: reads plus writes of the tensors' own elements. */
  bytes: number;
}

/**
 * A shape class: shapes that differ so little that one measurement serves them all, e.g. `1x1 m4096 k256 n128`, with
 * the ways to run it and how to record it alone, for the tuner.
 */
export interface ShapeClass<V extends string = string> {
  key: string;
  /** The kernels of the operation. */
  variants: Variants<V>;
  choices: readonly Choice<V>[];
  tensors: Readonly<Record<string, Tensor>>;
  record(plan: PlanBuilder, tensors: Readonly<Record<string, Tensor>>): void;
}

/** A class that no measurement covers. */
export interface UntunedClass extends ShapeClass {
  op: string;
}

export interface PlanOptions {
  /** Variants that the caller insists on, e.g. { 'conv.forward': 'naive' }, or whole choices by their name. */
  variants?: Readonly<Record<string, string>>;
  /** Kernels that stand in for built-in ones, by name, e.g. { 'conv.forward.tiled': mine }: the lab's. */
  kernels?: Readonly<Record<string, Kernel>>;
  /** Told what is recorded. */
  observer?: PlanObserver;
  /** Kernels that multiply numbers rounded to f16, where they are allowed. */
  half?: HalfProducts;
}

/** Told what is recorded, as it happens: for those who want to know how an operation would run. */
export interface PlanObserver {
  /** A dispatch as its operation gave it, before another kernel stands in for its own. */
  dispatch?(spec: DispatchSpec): void;
  /** What an operation could choose from, and what it takes. */
  choice?(op: string, choices: readonly Choice[], chosen: Choice): void;
}

export type Precision = 'f32' | 'f16';

export interface Dispatch extends DispatchSpec {
  readonly index: number;
}

interface ArenaStorage extends Storage {
  first: number;
  last: number;
  keep: boolean;
}

export class PlanBuilder {
  private readonly dispatches: Dispatch[] = [];
  private readonly arena: ArenaStorage[] = [];
  readonly variants: Readonly<Record<string, string>>;
  private readonly kernels: Readonly<Record<string, Kernel>>;
  private readonly observer: PlanObserver;
  readonly half: HalfProducts | undefined;
  /** Shape classes of this plan that no measurement covers, by operation and key. */
  readonly untuned = new Map<string, UntunedClass>();
  /** Names of the choices that were made, by operation. */
  readonly choicesMade = new Map<string, Set<string>>();

  constructor(
    readonly gpu: Gpu,
    readonly label: string,
    options: PlanOptions = {},
  ) {
    this.variants = options.variants ?? {};
    this.kernels = options.kernels ?? {};
    this.observer = options.observer ?? {};
    this.half = options.half;
  }

  /**
   * A temporary tensor of this plan.
   * @param keep its content must outlive the last dispatch that names it (outputs, inspected maps)
   */
  tensor(label: string, shape: readonly [number, number, number, number], keep = false): Tensor {
    const storage: ArenaStorage = {
      label,
      bytes: elements(shape) * 4,
      buffer: null,
      byteOffset: 0,
      first: Number.POSITIVE_INFINITY,
      last: -1,
      keep,
    };
    this.arena.push(storage);
    return denseTensor(storage, shape);
  }

  /**
   * The variant of an operation to use here: the caller's choice if it fits the shape, otherwise the
   * first of `candidates` (best first) that this adapter can run and that was not found wrong.
   * @param variants of one operation
   * @throws GpuError when none is left
   */
  pick<V extends string>(variants: Variants<V>, candidates: readonly V[]): V {
    const { op } = variants[candidates[0]];
    const usable = candidates.filter((v) => this.runs(variants[v]));
    const wanted = this.variants[op];
    const variant = usable.find((v) => v === wanted) ?? usable[0];
    if (variant === undefined) throw noneLeft(op, candidates);
    this.observer.choice?.(
      op,
      candidates.map((v) => ({ variant: v, tile: {} })),
      { variant, tile: {} },
    );
    return variant;
  }

  /**
   * As `pick`, where a variant comes with tiles of several sizes: the caller's choice, else the one measured as
   * best on this adapter, else the first that it can run.
   * @throws GpuError when none is left
   */
  choose<V extends string>(shape: ShapeClass<V>): Choice<V> {
    const { key, variants, choices } = shape;
    const { op } = variants[choices[0].variant];
    const usable = choices.filter(({ variant }) => this.runs(variants[variant]));
    const wanted = this.variants[op];
    const named = (name: string | undefined) =>
      usable.find((c) => choiceName(c) === name) ?? usable.find((c) => c.variant === name);
    const forced = named(wanted);
    const best = forced ?? named(this.gpu.tuning?.best(op, key));
    const timed = usable.filter(({ untimed }) => !untimed);
    if (!best && timed.length > 1) this.untuned.set(`${op} ${key}`, { ...shape, op, choices: timed });
    const choice = best ?? usable[0];
    if (choice === undefined) throw noneLeft(op, [...new Set(choices.map(({ variant }) => variant))]);
    const names = this.choicesMade.get(op) ?? new Set();
    this.choicesMade.set(op, names.add(choiceName(choice)));
    this.observer.choice?.(op, choices, choice);
    return choice;
  }

  private runs({ name, declared }: Kernel): boolean {
    return !this.gpu.broken.has(name) && extensionObstacle(this.gpu, declared.enables) === null;
  }

  add(recorded: DispatchSpec): void {
    this.observer.dispatch?.(recorded);
    const spec = { ...recorded, kernel: this.kernels[recorded.kernel.name] ?? recorded.kernel };
    const index = this.dispatches.length;
    const wanted = new Set(spec.kernel.bindings.filter((b) => b.type !== 'uniform').map((b) => b.name));
    for (const name of Object.keys(spec.tensors)) {
      if (!wanted.delete(name)) throw new GpuError(`Kernel ${spec.kernel.name} has no binding ${name}.`);
    }
    if (wanted.size) {
      throw new GpuError(`Kernel ${spec.kernel.name} misses the tensors ${[...wanted].join(', ')}.`);
    }
    const most = this.gpu.device.limits.maxComputeWorkgroupsPerDimension;
    for (const n of spec.workgroups) {
      const workgroups = `${spec.label}: ${spec.workgroups.join('x')} workgroups of ${spec.kernel.name}`;
      if (n > most) {
        const limit = `this adapter starts at most ${most} in a row`;
        throw new OutOfMemoryError(`${workgroups}; ${limit}.`);
      }
      if (!(n >= 1)) throw new GpuError(`${workgroups}.`);
    }
    for (const tensor of Object.values(spec.tensors)) {
      const storage = (tensor.storage.whole ?? tensor.storage) as ArenaStorage;
      if (storage.buffer || storage.first === undefined) continue;
      storage.first = Math.min(storage.first, index);
      storage.last = Math.max(storage.last, index);
    }
    this.dispatches.push({ ...spec, index });
  }

  /**
   * Settles memory, compiles all pipelines in parallel, makes the bind groups.
   * @param work hears of `compile`, with the kernels that are ready. Its signal gives up at once; pipelines that are on
   *   their way are kept for others
   * @throws OutOfMemoryError, GpuError; the signal's reason; whatever `onProgress` throws
   */
  async build(work: WorkOptions = {}): Promise<Plan> {
    work.signal?.throwIfAborted();
    const { gpu, label: note } = this;
    const compiled = new Map<string, ReturnType<Gpu['compile']>>();
    const key = (d: Dispatch) => `${d.kernel.name}|${JSON.stringify(d.constants ?? {})}`;
    for (const d of this.dispatches) {
      if (!compiled.has(key(d))) compiled.set(key(d), gpu.compile(d.kernel, d.constants ?? {}));
    }
    let done = 0;
    // One after the other, and none behind one that fails.
    let told = Promise.resolve();
    const ready = [...compiled].map(async ([k, promise]) => {
      const pipeline = await promise;
      told = told.then(() =>
        tell(work, { phase: 'compile', done: ++done, total: compiled.size, unit: 'kernels', note }),
      );
      await told;
      return [k, pipeline] as const;
    });
    const pipelines = new Map(await untilAborted(Promise.all(ready), work.signal));
    return gpu.guarded(`the memory of the plan ${this.label}`, (): Plan => {
      const buffers = this.allocate();
      const align = gpu.device.limits.minUniformBufferOffsetAlignment;
      const packed = this.dispatches.map((d) => d.kernel.packParams(d.params));
      const stride = Math.ceil(Math.max(16, ...packed.map((p) => p.byteLength)) / align) * align;
      const uniforms = gpu.createBuffer(`${this.label} uniforms`, stride * packed.length, UNIFORM | COPY_DST);
      buffers.push(uniforms);
      const image = new Uint8Array(stride * packed.length);
      packed.forEach((p, i) => {
        image.set(new Uint8Array(p), i * stride);
      });
      gpu.device.queue.writeBuffer(uniforms, 0, image);
      const steps = this.dispatches.map((d) => {
        const { pipeline, layout } = pipelines.get(key(d))!;
        const bindGroup = gpu.device.createBindGroup({
          label: d.label,
          layout,
          entries: d.kernel.bindings.map(({ name, index, type }) => ({
            binding: index,
            resource:
              type === 'uniform'
                ? { buffer: uniforms, offset: d.index * stride, size: packed[d.index].byteLength }
                : storageBinding(d.tensors[name], d.label),
          })),
        });
        return { pipeline, bindGroup, workgroups: d.workgroups };
      });
      return new Plan(gpu, this.label, this.dispatches, steps, buffers);
    });
  }

  /** What is recorded so far: dispatches, and bytes of the arena that they would need. */
  get soFar(): { dispatches: readonly Dispatch[]; bytes: number } {
    const slots = () => this.slots().slots;
    return {
      dispatches: this.dispatches,
      get bytes() {
        return slots().reduce((sum, slot) => sum + slot.bytes, 0);
      },
    };
  }

  private slots() {
    const used = this.arena.filter((s) => s.last >= 0);
    const end = this.dispatches.length;
    const lives = used.map((s) => ({ bytes: s.bytes, first: s.first, last: s.keep ? end : s.last }));
    return { used, slots: packSlots(lives) };
  }

  private allocate(): GPUBuffer[] {
    const { used, slots } = this.slots();
    return slots.map(({ bytes, tenants }) => {
      const label = used[tenants[0]].label;
      const buffer = this.gpu.createBuffer(label, bytes, STORAGE | COPY_SRC | COPY_DST);
      for (const t of tenants) used[t].buffer = buffer;
      return buffer;
    });
  }
}

export const OTHER_ADAPTER =
  'Force another adapter with CHEXGPU_ADAPTER; `chexgpu doctor` shows the details.';

function noneLeft(op: string, candidates: readonly string[]): GpuError {
  return new GpuError(
    `${op} gives wrong numbers on this adapter, in every variant that fits here (${candidates.join(', ')}).`,
    OTHER_ADAPTER,
  );
}

function storageBinding(tensor: Tensor, label: string): GPUBufferBinding {
  const { storage } = tensor;
  const { buffer } = storage.whole ?? storage;
  if (!buffer) throw new GpuError(`${label}: the tensor ${storage.label} has no memory.`);
  return { buffer, offset: storage.byteOffset, size: Math.max(16, storage.bytes) };
}

interface Step {
  pipeline: GPUComputePipeline;
  bindGroup: GPUBindGroup;
  workgroups: readonly [number, number, number];
}

export class Plan {
  /** Bytes of this plan's own buffers: activations, gradients of activations, uniforms. */
  readonly bytes: number;
  private disposed = false;
  private readonly submits: readonly Submit[];

  constructor(
    private readonly gpu: Gpu,
    readonly label: string,
    readonly dispatches: readonly Dispatch[],
    private readonly steps: readonly Step[],
    private readonly buffers: readonly GPUBuffer[],
  ) {
    this.bytes = buffers.reduce((sum, b) => sum + b.size, 0);
    this.submits = submitsOf(gpu, dispatches);
  }

  /**
   * Encodes and submits every dispatch, in order. Does not wait for the GPU.
   * @param behind encodes what goes into one submit with all dispatches: all is done or nothing
   * @throws GpuError when the plan was disposed, or its Gpu
   */
  run(behind?: (encoder: GPUCommandEncoder) => void): void {
    if (behind) this.submit([0, this.dispatches.length], behind);
    else for (const range of this.submits) this.submit(range);
  }

  /**
   * Runs a plan that may take long, so that it can be given up between two submits.
   * @param work hears of `run`, with the submits that were made; its signal gives up those that were not
   * @param before goes before the first submit, `behind` behind the last: WebGPU calls, within `Gpu.guarded`
   * @throws as `Gpu.guarded`; the signal's reason; what `onProgress` throws
   */
  runInSteps(work: WorkOptions, before = () => {}, behind = () => {}): Promise<void> {
    const { gpu, label, submits } = this;
    const calls = submits.map((range, i) => () => {
      if (i === 0) before();
      this.submit(range);
      if (i === submits.length - 1) behind();
    });
    return inSteps(gpu, label, work, calls);
  }

  private submit([from, to]: Submit, behind?: (encoder: GPUCommandEncoder) => void): void {
    this.gpu.assertAlive();
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder({ label: this.label });
    const pass = encoder.beginComputePass({ label: this.label });
    for (let index = from; index < to; index++) this.encode(pass, index);
    pass.end();
    behind?.(encoder);
    device.queue.submit([encoder.finish()]);
  }

  /** Encodes one dispatch. */
  encode(pass: GPUComputePassEncoder, index: number): void {
    if (this.disposed) throw new GpuError(`The plan ${this.label} was disposed.`);
    const { pipeline, bindGroup, workgroups } = this.steps[index];
    pass.setPipeline(pipeline);
    pass.setBindGroup(0, bindGroup);
    pass.dispatchWorkgroups(...workgroups);
  }

  /** Frees the plan's buffers. */
  dispose(): void {
    this.disposed = true;
    for (const buffer of this.buffers) this.gpu.destroyBuffer(buffer);
  }
}

/** Workgroups for `threads` threads in a line, folded into y beyond 32,768: every adapter starts 65,535 in a row. */
export function linear(threads: number, workgroupSize: number): [number, number, number] {
  const groups = Math.max(1, Math.ceil(threads / workgroupSize));
  const x = Math.min(groups, 32768);
  return [x, Math.ceil(groups / x), 1];
}

/** A buffer of its own, outside any plan: weights, inputs, outputs. To be made within `Gpu.guarded`. */
export function fixedTensor(
  gpu: Gpu,
  label: string,
  shape: readonly [number, number, number, number],
): Tensor {
  const bytes = elements(shape) * 4;
  const buffer = gpu.createBuffer(label, bytes, STORAGE | COPY_SRC | COPY_DST);
  return denseTensor({ label, bytes, buffer, byteOffset: 0 }, shape);
}
