/**
 * The lab, on the GPU: a user's kernel stands in for a built-in one, is checked against the CPU reference on the
 * cases of the operations (`*.check.ts`), and races the built-in variants on the network's shapes.
 */

import { type Difference, TOLERANCE, worstDifference } from '../core/tolerance.js';
import { inScopes } from '../engine/device/errorScopes.js';
import type { Gpu } from '../engine/device/gpu.js';
import { type Choice, choiceName } from '../engine/plan/choice.js';
import type { Kernel, Scalars } from '../engine/plan/kernel.js';
import { type DispatchSpec, PlanBuilder, type ShapeClass } from '../engine/plan/plan.js';
import { elements, type Tensor } from '../engine/plan/tensor.js';
import {
  type CheckCase,
  type Dense,
  type Prepared,
  paperTensors,
  prepare,
  type TensorSpec,
} from '../shaders/checkCase.js';
import type { ConstantsOf, LabOperation, Like } from './labFile.js';

/** What the compiler says about the user's text, as it stands in the file. */
export interface CompilerMessage {
  type: 'error' | 'warning' | 'info';
  /** From 1; 0 where the compiler names no place. */
  line: number;
  column: number;
  /** Characters it is about. */
  length: number;
  text: string;
}

/** Compiles a shader as it stands, without constants of the host. */
export async function compilerMessages(gpu: Gpu, label: string, source: string): Promise<CompilerMessage[]> {
  gpu.assertAlive();
  const { outcome, report } = inScopes(gpu.device, () =>
    gpu.device.createShaderModule({ label, code: source }),
  );
  if ('thrown' in outcome) throw outcome.thrown;
  const [information, { refused }] = await Promise.all([outcome.value.getCompilationInfo(), report]);
  gpu.assertAlive();
  const messages = information.messages.map(
    (m): CompilerMessage => ({
      type: m.type,
      line: m.lineNum,
      column: m.linePos,
      length: m.length,
      text: m.message,
    }),
  );
  if (refused !== null && !messages.some((m) => m.type === 'error')) {
    messages.push({ type: 'error', line: 0, column: 0, length: 0, text: refused });
  }
  return messages;
}

/** Takes down what is recorded instead of adding it to a plan, and between what its operation may choose. */
class Recorder extends PlanBuilder {
  readonly specs: DispatchSpec[] = [];
  readonly choices: Choice[] = [];
  /** The one that was chosen. */
  chosen: string | null = null;

  constructor(
    gpu: Gpu,
    private readonly op: string,
    choice?: string,
  ) {
    super(gpu, op, choice === undefined ? {} : { variants: { [op]: choice } });
  }

  override add(spec: DispatchSpec): void {
    this.specs.push(spec);
  }

  override pick<V extends string>(op: string, candidates: readonly V[]): V {
    const variant = super.pick(op, candidates);
    if (op === this.op) {
      this.choices.push(...candidates.map((candidate) => ({ variant: candidate, tile: {} })));
      this.chosen = variant;
    }
    return variant;
  }

  override choose<V extends string>(shape: ShapeClass<V>): Choice<V> {
    const choice = super.choose(shape);
    if (shape.op === this.op) {
      this.choices.push(...shape.choices);
      this.chosen = choiceName(choice);
    }
    return choice;
  }
}

/** Records a case without memory: with the choice that is asked for, else as the network would. */
function onPaper(gpu: Gpu, check: CheckCase, choice?: string): Recorder {
  const recorder = new Recorder(gpu, check.op, choice);
  check.record(recorder, paperTensors(check));
  return recorder;
}

/** What the host gives to each variant on any case of the operation. */
export function hostConstants(gpu: Gpu, { cases }: LabOperation): ConstantsOf {
  return (kernel) => {
    const specs = cases
      .flatMap((check) => onPaper(gpu, check, kernel.variant).specs)
      .filter((spec) => spec.kernel.name === kernel.name);
    return specs.length > 0 ? new Set(specs.flatMap((spec) => Object.keys(spec.constants ?? {}))) : null;
  };
}

/** How the host dispatches a choice on a case. */
export interface Geometry {
  /** Name of the choice: a variant, or a variant and its tile. */
  choice: string;
  shape: string;
  constants: Scalars;
  workgroups: readonly [number, number, number];
}

/** The choice that the network would make on this shape, by what is known of this adapter. */
export function networkChoice(gpu: Gpu, check: CheckCase): string | null {
  return onPaper(gpu, check).chosen;
}

/**
 * All ways in which the host dispatches a variant on a case: one for each tile, the network's own choice first.
 * Empty where the shape does not suit the variant, or the adapter cannot run it.
 * @param tile only those with these constants
 */
export function geometriesOf(
  gpu: Gpu,
  check: CheckCase,
  { kernel, tile }: Pick<Like, 'kernel' | 'tile'>,
): Geometry[] {
  const { choices, chosen } = onPaper(gpu, check);
  const geometries = choices.flatMap((choice) => {
    if (choice.variant !== kernel.variant) return [];
    const name = choiceName(choice);
    const recorded = onPaper(gpu, check, name);
    const spec = recorded.specs.find((one) => one.kernel.name === kernel.name);
    const constants = spec?.constants ?? {};
    const isMeant = Object.entries(tile).every(([key, value]) => constants[key] === value);
    if (!spec || recorded.chosen !== name || !isMeant) return [];
    return [{ choice: name, shape: spec.shape, constants, workgroups: spec.workgroups }];
  });
  return geometries.sort((a, b) => Number(b.choice === chosen) - Number(a.choice === chosen));
}

/** An element of a tensor that is off, or the place of a write that should not be. */
export interface Element extends Difference {
  /** [b,h,w,c]; where something was written outside a slice of channels, c counts in the whole buffer. */
  at: readonly [number, number, number, number];
}

export interface TensorVerdict {
  tensor: string;
  elements: number;
  /** Elements further off than allowed. */
  off: number;
  /** Of those: NaN or infinite, though something was written; never written at all. */
  notFinite: number;
  unwritten: number;
  /** The furthest off, as a share of what is allowed. */
  worst: Element;
  /** The first few that are off. */
  first: readonly Element[];
  /** First write outside the tensor's channels. */
  spilled: readonly [number, number, number, number] | null;
}

export interface Verdict {
  title: string;
  shape: string;
  ok: boolean;
  tensors: readonly TensorVerdict[];
  /** Why it did not run. */
  error?: string;
}

/** Elements shown of a tensor that is wrong. */
const SHOWN = 5;

type Place = readonly [number, number, number, number];

/** [b,h,w,c] of element `i` of a dense tensor. */
function place(i: number, [, h, w]: readonly number[], c: number): Place {
  const pixel = Math.floor(i / c);
  return [Math.floor(pixel / (h * w)), Math.floor(pixel / w) % h, pixel % w, i % c];
}

function judge(
  name: string,
  spec: TensorSpec,
  tensor: Tensor,
  before: Uint32Array,
  after: Uint32Array,
  wanted: Dense,
  tolerance: { abs: number; rel: number },
): TensorVerdict {
  const floats = new Float32Array(after.buffer);
  const c = spec.shape[3];
  const got = new Float64Array(elements(spec.shape));
  const mine = new Uint8Array(after.length);
  const wordOf = (i: number) => Math.floor(i / c) * tensor.pixelStride + tensor.channelOffset + (i % c);
  for (let i = 0; i < got.length; i++) {
    const word = wordOf(i);
    got[i] = spec.dtype === 'u32' ? after[word] : floats[word];
    mine[word] = 1;
  }
  const spill = after.findIndex((word, i) => !mine[i] && word !== before[i]);
  const worst = worstDifference(got, wanted.data, tolerance);
  const verdict: TensorVerdict = {
    tensor: name,
    elements: got.length,
    off: 0,
    notFinite: 0,
    unwritten: 0,
    worst: { ...worst, at: place(Math.max(0, worst.index), spec.shape, c) },
    first: [],
    spilled: spill < 0 ? null : place(spill, spec.shape, tensor.pixelStride),
  };
  if (worst.ratio <= 1) return verdict;
  const first: Element[] = [];
  for (let i = 0; i < got.length; i++) {
    const { ratio } = worstDifference([got[i]], [wanted.data[i]], tolerance);
    if (ratio <= 1) continue;
    verdict.off++;
    if (spec.role === 'output' && after[wordOf(i)] === before[wordOf(i)]) verdict.unwritten++;
    else if (!Number.isFinite(got[i])) verdict.notFinite++;
    if (first.length < SHOWN) {
      first.push({ index: i, got: got[i], want: wanted.data[i], ratio, at: place(i, spec.shape, c) });
    }
  }
  return { ...verdict, first };
}

/** Who runs a case: the user's kernel in the place of a built-in one, or the built-in one itself. */
export interface Runner {
  name: string;
  /** The built-in kernel. */
  replaces: Kernel;
  /** The user's; none for the built-in one. */
  kernel?: Kernel;
  geometry: Geometry;
}

export class Lab {
  private readonly references = new Map<CheckCase, Record<string, Dense>>();

  constructor(readonly gpu: Gpu) {}

  /** Uploads a case and records it for `runner`. */
  prepare(check: CheckCase, { replaces, kernel, geometry }: Runner): Promise<Prepared> {
    return prepare(this.gpu, check, geometry.choice, {
      kernels: kernel && { [replaces.name]: kernel },
    });
  }

  private reference(check: CheckCase, inputs: Record<string, Dense>): Record<string, Dense> {
    let wanted = this.references.get(check);
    if (!wanted) {
      wanted = check.reference(inputs);
      this.references.set(check, wanted);
    }
    return wanted;
  }

  /**
   * Runs one case and compares every output with the CPU reference.
   * @throws GpuError when the device is lost
   */
  async check(check: CheckCase, runner: Runner): Promise<Verdict> {
    const { gpu } = this;
    const { title } = check;
    const { shape } = runner.geometry;
    let prepared: Prepared | undefined;
    try {
      prepared = await this.prepare(check, runner);
      const { plan, tensors, inputs } = prepared;
      const outputs = Object.entries(check.tensors).filter(([, spec]) => spec.role !== 'input');
      const words = async (name: string) => {
        const { buffer, bytes } = tensors[name].storage;
        return new Uint32Array(await gpu.read(buffer!, 0, bytes));
      };
      const before = new Map<string, Uint32Array>();
      for (const [name] of outputs) before.set(name, await words(name));
      await gpu.guarded(runner.name, () => plan.run());
      const wanted = this.reference(check, inputs);
      const verdicts: TensorVerdict[] = [];
      for (const [name, spec] of outputs) {
        const after = await words(name);
        const tolerance = check.tolerance ?? TOLERANCE.f32;
        verdicts.push(judge(name, spec, tensors[name], before.get(name)!, after, wanted[name], tolerance));
      }
      const ok = verdicts.every(({ off, spilled }) => off === 0 && !spilled);
      return { title, shape, ok, tensors: verdicts };
    } catch (error) {
      gpu.assertAlive();
      return { title, shape, ok: false, tensors: [], error: (error as Error).message };
    } finally {
      prepared?.dispose();
    }
  }
}
