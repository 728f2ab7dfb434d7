/**
 * One shape class measured. Each of its choices, the ways to run the operation on these shapes, is recorded on tensors
 * of its own and built; those that agree with each other, or with the naive variant, are raced, and the fastest is the
 * class's entry in the table. The first choice of a class is its default, the one used where nothing was measured.
 */

import { ChexError, OutOfMemoryError } from '../../core/errors.js';
import { MT19937 } from '../../core/mt19937.js';
import { TOLERANCE, worstDifference } from '../../core/tolerance.js';
import type { WorkOptions } from '../../core/work.js';
import { COPY_DST, COPY_SRC, STORAGE } from '../device/bufferUsage.js';
import type { Gpu } from '../device/gpu.js';
import { type Choice, choiceName } from '../plan/choice.js';
import type { Kernel } from '../plan/kernel.js';
import { type DispatchSpec, type Plan, PlanBuilder, type UntunedClass } from '../plan/plan.js';
import type { Storage, Tensor } from '../plan/tensor.js';
import { bestOf, racePlans } from '../timing/race.js';
import type { TuningEntry } from './tuningTable.js';

/** Length of a sample, so that the way to the GPU and back weighs little. */
const SAMPLE_MS = { software: 6, hardware: 1 } as const;
/**
 * After the warm-up, which is one run of each, and after each round, choices slower than the best by this factor drop
 * out: noise matters less with every sample.
 */
const HOPELESS = [3, 1.5, 1.3, 1.2, 1.1, 1] as const;
/** Another choice must beat the default by this share, or noise would decide. */
const WORTH_CHANGING = 0.05;
/** Random numbers in the GPU buffer that all tensors are filled from; a prime, so that no stride meets it. */
const RANDOM_FLOATS = 1_000_003;
/** Outputs are compared whole up to this size, larger ones in pieces. */
const COMPARED_BYTES = 2 ** 20;
const PIECES = 8;

interface Candidate {
  name: string;
  variant: string;
  builder: PlanBuilder;
}

/** A class with all its choices recorded on tensors of its own, which have no memory yet. */
export interface PreparedClass {
  shape: UntunedClass;
  /** Default first. */
  candidates: readonly Candidate[];
  storages: readonly Storage[];
  /** Those of the storages that are written. */
  outputs: readonly Storage[];
  flops: number;
}

/** @param kernels stand in for built-in ones, by name */
export function prepareClass(
  gpu: Gpu,
  shape: UntunedClass,
  kernels: Readonly<Record<string, Kernel>> = {},
): PreparedClass {
  const clones = new Map<Storage, Storage>();
  const clone = ({ label, bytes }: Storage): Storage => ({ label, bytes, buffer: null, byteOffset: 0 });
  const tensors: Record<string, Tensor> = {};
  for (const [name, tensor] of Object.entries(shape.tensors)) {
    const storage = clones.get(tensor.storage) ?? clone(tensor.storage);
    clones.set(tensor.storage, storage);
    tensors[name] = { ...tensor, storage };
  }
  const storages = [...clones.values()];
  const candidates = shape.choices.flatMap((choice) => {
    const candidate = record(gpu, shape, tensors, choice, kernels);
    return candidate ? [candidate] : [];
  });
  const written = candidates.flatMap(({ builder }) =>
    builder.soFar.dispatches.flatMap(({ kernel, tensors: bound }) =>
      kernel.bindings.filter((b) => b.type === 'storage').map((b) => bound[b.name].storage),
    ),
  );
  const outputs = storages.filter((storage) => written.includes(storage));
  const flops = candidates[0]?.builder.soFar.dispatches.reduce((sum, { flops: each }) => sum + each, 0) ?? 0;
  return { shape, candidates, storages, outputs, flops };
}

function record(
  gpu: Gpu,
  shape: UntunedClass,
  tensors: Readonly<Record<string, Tensor>>,
  choice: Choice,
  kernels: Readonly<Record<string, Kernel>>,
): Candidate | null {
  const { op, key } = shape;
  const name = choiceName(choice);
  /** Names of kernels, before others stood in for them. */
  const recorded = new Set<string>();
  const observer = { dispatch: ({ kernel }: DispatchSpec) => void recorded.add(kernel.name) };
  const builder = new PlanBuilder(gpu, `${op} ${key}: ${name}`, {
    variants: { [op]: name },
    kernels,
    observer,
  });
  shape.record(builder, tensors);
  // A variant that this adapter cannot run was recorded as another one.
  const taken = recorded.has(`${op}.${choice.variant}`);
  return taken ? { name, variant: choice.variant, builder } : null;
}

/** Compiles all pipelines of a class; what does not compile shows when it is built. */
export async function compileClass(gpu: Gpu, { candidates }: PreparedClass): Promise<void> {
  const dispatches = candidates.flatMap(({ builder }) => builder.soFar.dispatches);
  await Promise.allSettled(dispatches.map(({ kernel, constants = {} }) => gpu.compile(kernel, constants)));
}

/**
 * Random numbers for all classes, between 1/16 and 1 and of either sign: no zeros, which some hardware multiplies
 * faster, and nothing that could become a denormal.
 */
export function randomSource(gpu: Gpu): Promise<GPUBuffer> {
  const random = new MT19937(1);
  const values = Float32Array.from({ length: RANDOM_FLOATS }, () => {
    const v = random.random() * 2 - 1;
    return v + Math.sign(v || 1) * 0.0625 * (1 - Math.abs(v));
  });
  return gpu.guarded('random numbers', () => {
    const buffer = gpu.createBuffer('random numbers', values.byteLength, COPY_SRC | COPY_DST);
    gpu.device.queue.writeBuffer(buffer, 0, values);
    return buffer;
  });
}

/** Measures a class; throws only when the device is lost or the caller aborts. */
export class ClassMeter {
  private readonly buffers: GPUBuffer[] = [];
  private readonly plans: Plan[] = [];
  private readonly wrong: Record<string, string> = {};
  private bytes = 0;

  constructor(
    private readonly gpu: Gpu,
    private readonly prepared: PreparedClass,
    private readonly source: GPUBuffer,
    private readonly options: { maxBytes: number } & Pick<WorkOptions, 'signal'>,
  ) {}

  async measure(): Promise<TuningEntry> {
    try {
      await this.allocate();
      const right = await this.rightOnes(await this.buildAll());
      if (right.length === 0) return this.entry([], 'no choice runs here and agrees with another');
      return this.entry(await this.time(right));
    } catch (error) {
      this.gpu.assertAlive();
      // Who gave up learns nothing about the class.
      this.options.signal?.throwIfAborted();
      if (!(error instanceof ChexError)) throw error;
      return this.entry([], error instanceof OutOfMemoryError ? 'no memory for it' : error.message);
    } finally {
      for (const plan of this.plans) plan.dispose();
      for (const buffer of this.buffers) this.gpu.destroyBuffer(buffer);
      for (const storage of this.prepared.storages) storage.buffer = null;
    }
  }

  /** @param times of the choices that are right, default first */
  private entry(times: readonly (readonly [string, number])[], why?: string): TuningEntry {
    const { op, key, choices } = this.prepared.shape;
    const known = times.length > 0;
    const choice = known ? fastest(times) : choiceName(choices[0]);
    const all = Object.fromEntries(times.map(([name, ms]) => [name, Number(ms.toPrecision(4))]));
    return {
      op,
      key,
      choice,
      ms: known ? all[choice] : null,
      ...(known && { all }),
      ...(Object.keys(this.wrong).length > 0 && { wrong: this.wrong }),
      ...(why && { why }),
    };
  }

  private async allocate(): Promise<void> {
    const { storages, shape } = this.prepared;
    this.bytes = storages.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.bytes > this.options.maxBytes) throw new OutOfMemoryError(`${shape.key} is too large.`);
    const buffers = await this.gpu.guarded(`the tensors of ${shape.key}`, () => {
      for (const storage of storages) {
        storage.buffer = this.gpu.createBuffer(storage.label, storage.bytes, STORAGE | COPY_SRC | COPY_DST);
      }
      this.fill(storages);
      return storages.map(({ buffer }) => buffer!);
    });
    this.buffers.push(...buffers);
  }

  /** Random numbers into whole buffers, the same every time but others in each tensor. */
  private fill(storages: readonly Storage[]): void {
    const encoder = this.gpu.device.createCommandEncoder({ label: 'random numbers' });
    for (const storage of storages) {
      const buffer = storage.buffer!;
      let from = 4 * ((this.prepared.storages.indexOf(storage) * 123_457) % RANDOM_FLOATS);
      for (let at = 0; at < buffer.size; ) {
        const size = Math.min(buffer.size - at, 4 * RANDOM_FLOATS - from);
        encoder.copyBufferToBuffer(this.source, from, buffer, at, size);
        at += size;
        from = 0;
      }
    }
    this.gpu.device.queue.submit([encoder.finish()]);
  }

  /** A plan for each choice that compiles, while there is room for them. */
  private async buildAll(): Promise<Runner[]> {
    const runners: Runner[] = [];
    for (const { name, variant, builder } of this.prepared.candidates) {
      const plan = await this.attempt(name, () => builder.build({ signal: this.options.signal }));
      if (!plan) continue;
      this.plans.push(plan);
      this.bytes += plan.bytes;
      if (this.bytes > this.options.maxBytes) this.wrong[name] = 'no memory for it';
      else runners.push({ name, variant, plan });
    }
    return runners;
  }

  private async attempt<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    this.options.signal?.throwIfAborted();
    try {
      return await work();
    } catch (error) {
      this.gpu.assertAlive();
      this.options.signal?.throwIfAborted();
      if (!(error instanceof ChexError)) throw error;
      // Of a shader that does not compile, the first of the compiler's messages stands in the second line.
      const [what, first = ''] = error.message.split('\n');
      this.wrong[name] = `${what} ${first.trim()}`.trim();
      return null;
    }
  }

  /**
   * Those that give the same numbers. The first is the measure of the others; where one disagrees the naive
   * variant decides. In software naive is too slow to be a choice beside others, or to run for nothing.
   */
  private async rightOnes(runners: readonly Runner[]): Promise<Runner[]> {
    const naive = runners.find(({ variant }) => variant === 'naive');
    const software = this.gpu.info.kind === 'software';
    const racers = runners.filter((runner) => !(software && runner === naive && runners.length > 1));
    const results = new Map<Runner, Float32Array[]>();
    const run = async (runner: Runner) => {
      if (results.has(runner)) return;
      const result = await this.attempt(runner.name, () => this.run(runner));
      if (result) results.set(runner, result);
    };
    for (const racer of racers) await run(racer);
    let right = racers.filter((racer) => results.has(racer));
    const agreeWith = (judge: Runner | undefined) => {
      const want = judge && results.get(judge);
      if (!want) return;
      for (const racer of right) {
        const deviation = describeDeviation(results.get(racer)!, want);
        if (deviation) this.wrong[racer.name] = deviation;
      }
      right = right.filter(({ name }) => !(name in this.wrong));
    };
    const first = results.get(right[0]);
    if (right.some((racer) => describeDeviation(results.get(racer)!, first!))) {
      if (naive) await run(naive);
      agreeWith(naive && results.has(naive) ? naive : right[0]);
    }
    return right;
  }

  /** Runs once on fresh outputs and reads them. */
  private async run({ plan }: Runner): Promise<Float32Array[]> {
    await plan.runInSteps({ signal: this.options.signal }, () => this.fill(this.prepared.outputs));
    const read: Float32Array[] = [];
    for (const { buffer } of this.prepared.outputs) {
      for (const [offset, bytes] of pieces(buffer!.size)) {
        read.push(new Float32Array(await this.gpu.read(buffer!, offset, bytes)));
      }
    }
    return read;
  }

  /** Best time of each; whoever falls far behind drops out. */
  private async time(runners: readonly Runner[]): Promise<[string, number][]> {
    const times = await racePlans(
      this.gpu,
      runners.map(({ plan }) => plan),
      {
        rounds: HOPELESS.length - 1,
        sampleMs: SAMPLE_MS[this.gpu.info.kind],
        warmUps: 1,
        hopeless: HOPELESS,
        signal: this.options.signal,
      },
    );
    return runners.map(({ name }, i) => [name, bestOf(times[i])]);
  }
}

interface Runner {
  name: string;
  variant: string;
  plan: Plan;
}

/** The choice to use: the default, which is the first, unless another is clearly faster. */
export function fastest(times: readonly (readonly [name: string, ms: number])[]): string {
  const [standard, standardMs] = times[0];
  const [name, ms] = times.reduce((best, time) => (time[1] < best[1] ? time : best));
  return ms < standardMs * (1 - WORTH_CHANGING) ? name : standard;
}

/** Parts of a buffer to compare: [offset, bytes], from its first byte to its last. */
export function pieces(bytes: number): [offset: number, bytes: number][] {
  if (bytes <= COMPARED_BYTES) return [[0, bytes]];
  const size = COMPARED_BYTES / PIECES;
  return Array.from({ length: PIECES }, (_, i) => {
    const offset = Math.floor(((bytes - size) * i) / (PIECES - 1) / 4) * 4;
    return [offset, size];
  });
}

/**
 * How `got` deviates from `want`; null where it does not. The absolute part of the tolerance is for sums of
 * numbers near 1; random inputs give sums that grow with their length, and so does what rounding may do to them.
 */
export function describeDeviation(
  got: readonly Float32Array[],
  want: readonly Float32Array[],
): string | null {
  const { abs, rel } = TOLERANCE.f32LongSum;
  for (const [i, values] of want.entries()) {
    const scale = Math.sqrt(values.reduce((sum, v) => sum + v * v, 0) / values.length);
    const worst = worstDifference(got[i], values, { abs: abs * (Number.isFinite(scale) ? scale : 1), rel });
    if (worst.ratio > 1) return `wrong numbers: ${worst.got} where another gives ${worst.want}`;
  }
  return null;
}
