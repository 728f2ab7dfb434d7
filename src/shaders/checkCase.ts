/**
 * How a kernel is checked: random inputs, poisoned outputs, every variant against a plain-loop float64
 * reference, on small odd shapes. The start-up self-test, `chexgpu doctor` and the tests all run the
 * same cases.
 */
import { OutOfMemoryError } from '../core/errors.js';
import { MT19937 } from '../core/mt19937.js';
import { type Difference, TOLERANCE, type Tolerance, worstDifference } from '../core/tolerance.js';
import type { WorkOptions } from '../core/work.js';
import type { Gpu } from '../engine/device/gpu.js';
import type { Kernel } from '../engine/plan/kernel.js';
import {
  fixedTensor,
  type Plan,
  PlanBuilder,
  type PlanObserver,
  type PlanOptions,
} from '../engine/plan/plan.js';
import { channelSlice, denseTensor, elements, paperTensor, type Tensor } from '../engine/plan/tensor.js';

export type Shape = readonly [number, number, number, number];

/** A dense float64 array with a shape, as the references see tensors. */
export interface Dense {
  shape: Shape;
  data: Float64Array;
}

export function dense(shape: Shape): Dense {
  return { shape, data: new Float64Array(elements(shape)) };
}

/** Index of [b,h,w,c] in a dense tensor. */
export function at({ shape: [, h, w, c] }: Dense, b: number, y: number, x: number, ch: number): number {
  return ((b * h + y) * w + x) * c + ch;
}

export interface TensorSpec {
  shape: Shape;
  role: 'input' | 'output' | 'inout';
  /** Lies in channels [from, from+c) of a buffer this many channels wide. */
  within?: { channels: number; from: number };
  /** Values of an input; default uniform in [-1,1). `random` gives [0,1). */
  fill?: (random: () => number, index: number) => number;
  /** `u32`: whole numbers, written and read as such. */
  dtype?: 'f32' | 'u32';
}

export interface CheckCase {
  op: string;
  /** Shape in words. */
  title: string;
  variants: readonly string[];
  tensors: Record<string, TensorSpec>;
  record(plan: PlanBuilder, tensors: Record<string, Tensor>): void;
  /** Wanted content of every output and inout tensor, from the inputs. */
  reference(inputs: Record<string, Dense>): Record<string, Dense>;
  tolerance?: Tolerance;
  /** A real shape of the network, for racing; left out of the self-test. */
  race?: boolean;
}

/** What an operation's folder has to register. */
export interface Operation {
  /** By variant, of each operation in the folder. */
  kernels: readonly Readonly<Record<string, Kernel>>[];
  checks: readonly CheckCase[];
  /** Cases for pipelines of plans that `checks` does not run. */
  planChecks?: readonly CheckCase[];
}

export interface CheckResult {
  op: string;
  variant: string;
  title: string;
  ok: boolean;
  /** The tensor and element that is furthest from its bound. */
  tensor: string;
  worst: Difference;
  /** Why it failed, if not by a number. */
  error?: string;
}

/** What a run of a case may ask for. */
export interface CheckOptions extends Pick<WorkOptions, 'signal'> {
  /** Stand in for built-in kernels, by name. */
  kernels?: PlanOptions['kernels'];
  /** Variants of the operations that come along, by operation. */
  companions?: PlanOptions['variants'];
}

/** The case as it is, its tensors without memory: enough to record. */
function paperTensors(check: CheckCase): Record<string, Tensor> {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, within }] of Object.entries(check.tensors)) {
    const [b, h, w, c] = shape;
    const whole: Tensor['shape'] = [b, h, w, within?.channels ?? c];
    const tensor = paperTensor(name, whole);
    tensors[name] = within ? channelSlice(tensor, within.from, c) : tensor;
  }
  return tensors;
}

/**
 * Records a case without memory, to see how it would run.
 * @param variant or a whole choice, by its name; default: what a network would get
 * @throws GpuError when an operation has no variant left
 */
export function recordOnPaper(
  gpu: Gpu,
  check: CheckCase,
  variant?: string,
  observer?: PlanObserver,
): PlanBuilder {
  const variants = variant === undefined ? {} : { [check.op]: variant };
  const builder = new PlanBuilder(gpu, check.title, { variants, observer });
  check.record(builder, paperTensors(check));
  return builder;
}

const POISON = 0x7fc0dead; // a NaN with a signature

/** A prepared case: uploaded, recorded, ready to run (again and again, for a race). */
export interface Prepared {
  plan: Plan;
  inputs: Record<string, Dense>;
  tensors: Record<string, Tensor>;
  /** False when the shape does not suit the variant and another one was recorded. */
  suits: boolean;
  dispose(): void;
}

/**
 * Uploads random inputs and poison, records the case with one variant.
 * @param variant or a whole choice, by its name
 */
export async function prepare(
  gpu: Gpu,
  check: CheckCase,
  variant: string,
  { kernels = {}, companions = {}, signal }: CheckOptions = {},
): Promise<Prepared> {
  const { inputs, tensors, buffers } = await gpu.guarded(`the tensors of ${check.op}`, () =>
    upload(gpu, check),
  );
  const free = () => {
    for (const buffer of buffers) gpu.destroyBuffer(buffer);
  };
  const builder = new PlanBuilder(gpu, `${check.op} ${check.title}`, {
    variants: { ...companions, [check.op]: variant },
    kernels,
  });
  let plan: Plan;
  try {
    check.record(builder, tensors);
    plan = await builder.build({ signal });
  } catch (error) {
    free();
    throw error;
  }
  const [bare] = variant.split(' ');
  const suits = plan.dispatches.some((d) => d.kernel.op === check.op && d.kernel.variant === bare);
  const dispose = () => {
    plan.dispose();
    free();
  };
  return { plan, inputs, tensors, suits, dispose };
}

/** Random inputs and poison, in buffers of their own. */
function upload(gpu: Gpu, check: CheckCase) {
  const random = new MT19937(1);
  const inputs: Record<string, Dense> = {};
  const tensors: Record<string, Tensor> = {};
  const buffers: GPUBuffer[] = [];
  for (const [name, spec] of Object.entries(check.tensors)) {
    const [b, h, w, c] = spec.shape;
    const wide = spec.within?.channels ?? c;
    const from = spec.within?.from ?? 0;
    const whole = fixedTensor(gpu, `${check.op} ${name}`, [b, h, w, wide]);
    buffers.push(whole.storage.buffer!);
    const image = new Uint32Array(b * h * w * wide).fill(POISON);
    const floats = new Float32Array(image.buffer);
    if (spec.role !== 'output') {
      const values = dense(spec.shape);
      for (let i = 0; i < values.data.length; i++) {
        const value = spec.fill ? spec.fill(() => random.random(), i) : random.random() * 2 - 1;
        const pixel = Math.floor(i / c);
        const target = pixel * wide + from + (i % c);
        if (spec.dtype === 'u32') image[target] = value;
        else floats[target] = value;
        values.data[i] = spec.dtype === 'u32' ? value : floats[target];
      }
      inputs[name] = values;
    }
    gpu.device.queue.writeBuffer(whole.storage.buffer!, 0, image);
    tensors[name] =
      spec.within === undefined ? denseTensor(whole.storage, spec.shape) : channelSlice(whole, from, c);
  }
  return { inputs, tensors, buffers };
}

/**
 * Runs one case with one variant and compares. Null when the variant does not take this shape.
 * Everything outside the output's channels must still be poison afterwards.
 * @param variant or a whole choice, by its name
 * @throws OutOfMemoryError; DeviceLostError when the device is lost; the signal's reason: none says anything about the
 *   kernel
 */
export async function runCheck(
  gpu: Gpu,
  check: CheckCase,
  variant: string,
  options: CheckOptions = {},
): Promise<CheckResult | null> {
  const base = { op: check.op, variant: variant.split(' ')[0], title: check.title };
  const none: Difference = { index: -1, got: 0, want: 0, ratio: 0 };
  const failed = (error: unknown): CheckResult => {
    gpu.assertAlive();
    options.signal?.throwIfAborted();
    if (error instanceof OutOfMemoryError) throw error;
    return { ...base, ok: false, tensor: '', worst: none, error: (error as Error).message };
  };
  let prepared: Prepared;
  try {
    prepared = await prepare(gpu, check, variant, options);
  } catch (error) {
    return failed(error);
  }
  try {
    if (!prepared.suits) return null;
    await prepared.plan.runInSteps({ signal: options.signal });
    const wanted = check.reference(prepared.inputs);
    let worst = none;
    let where = '';
    for (const [name, spec] of Object.entries(check.tensors)) {
      if (spec.role === 'input') continue;
      const { got, spilled } = await readBack(gpu, prepared.tensors[name], spec);
      if (spilled >= 0) {
        const error = `wrote outside its channels of ${name}, at float ${spilled}`;
        return { ...base, ok: false, tensor: name, worst: none, error };
      }
      const difference = worstDifference(got, wanted[name].data, check.tolerance ?? TOLERANCE.f32);
      if (where === '' || difference.ratio > worst.ratio) {
        worst = difference;
        where = name;
      }
    }
    return { ...base, ok: worst.ratio <= 1, tensor: where, worst };
  } catch (error) {
    return failed(error);
  } finally {
    prepared.dispose();
  }
}

/**
 * As `runCheck`, and says ok where only another kernel of the case can be wrong: where all is right beside the plainest
 * variants of the other operations.
 */
export async function judge(
  gpu: Gpu,
  check: CheckCase,
  variant: string,
  options: CheckOptions = {},
): Promise<CheckResult | null> {
  const result = await runCheck(gpu, check, variant, options);
  if (!result || result.ok) return result;
  const companions = Object.fromEntries(otherOps(gpu, check, variant).map((op) => [op, 'naive']));
  if (Object.keys(companions).length === 0) return result;
  return (await runCheck(gpu, check, variant, { ...options, companions })) ?? result;
}

/** Operations that come along with the one a case is about. */
function otherOps(gpu: Gpu, check: CheckCase, variant: string): string[] {
  let recorder: PlanBuilder;
  try {
    recorder = recordOnPaper(gpu, check, variant);
  } catch {
    return [];
  }
  const ops = new Set(recorder.soFar.dispatches.map(({ kernel }) => kernel.op));
  return [...ops].filter((op) => op !== check.op);
}

async function readBack(gpu: Gpu, tensor: Tensor, spec: TensorSpec) {
  const { buffer, bytes } = tensor.storage;
  const words = new Uint32Array(await gpu.read(buffer!, 0, bytes));
  const { got, mine } = unpack(words, tensor, spec);
  const spilled = words.findIndex((word, i) => !mine[i] && word !== POISON);
  return { got, spilled };
}

/** Where element `i` of a tensor lies in its buffer, in words. */
export function wordOf(tensor: Tensor, i: number): number {
  const c = tensor.shape[3];
  return Math.floor(i / c) * tensor.pixelStride + tensor.channelOffset + (i % c);
}

/** The elements of a tensor from its buffer's words, and which words are its own: 1, others 0. */
export function unpack(
  words: Uint32Array<ArrayBuffer>,
  tensor: Tensor,
  { dtype }: TensorSpec,
): { got: Float64Array; mine: Uint8Array } {
  const floats = new Float32Array(words.buffer);
  const got = new Float64Array(elements(tensor.shape));
  const mine = new Uint8Array(words.length);
  for (let i = 0; i < got.length; i++) {
    const word = wordOf(tensor, i);
    got[i] = dtype === 'u32' ? words[word] : floats[word];
    mine[word] = 1;
  }
  return { got, mine };
}

/** A failed check in one line: operation, shape, tensor, index, got, wanted. */
export function explain(result: CheckResult): string {
  const head = `${result.op}.${result.variant} ${result.title}`;
  if (result.error) return `${head}: ${result.error}`;
  const { index, got, want, ratio } = result.worst;
  return `${head}: ${result.tensor}[${index}] is ${got}, wanted ${want} (${ratio.toFixed(2)}x the tolerance)`;
}
