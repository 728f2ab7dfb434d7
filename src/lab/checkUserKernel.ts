/**
 * A user's kernel stands in for a built-in one and is compared with the CPU reference, element by element, on the
 * cases of its operation (`*.check.ts`).
 */
import { type Difference, TOLERANCE, type Tolerance, worstDifference } from '../core/tolerance.js';
import type { Gpu } from '../engine/device/gpu.js';
import type { Kernel } from '../engine/plan/kernel.js';
import type { Tensor } from '../engine/plan/tensor.js';
import {
  type CheckCase,
  type Dense,
  type Prepared,
  prepare,
  type TensorSpec,
  unpack,
  wordOf,
} from '../shaders/checkCase.js';
import type { Geometry } from './geometry.js';

/** [b,h,w,c] */
type Place = readonly [number, number, number, number];

/** An element of a tensor that is off. */
export interface Element extends Difference {
  at: Place;
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
  /** First write outside the tensor's channels; c counts in the whole buffer. */
  spilled: Place | null;
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
  after: Uint32Array<ArrayBuffer>,
  wanted: Dense,
  tolerance: Tolerance,
): TensorVerdict {
  const c = spec.shape[3];
  const { got, mine } = unpack(after, tensor, spec);
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
    const word = wordOf(tensor, i);
    if (spec.role === 'output' && after[word] === before[word]) verdict.unwritten++;
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
   * @throws DeviceLostError when the device is lost
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
