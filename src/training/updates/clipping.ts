/**
 * How the gradients of an update are cut to size; `UpdateSettings` says when. Sums of squares come from the GPU with
 * the verdict on a step, the norms and what follows from them are the host's.
 */
import { FLOAT32_MOST } from '../../core/arguments.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { fixedTensor, type PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import {
  clipGradient,
  SQUARES_RUN,
  scaleRuns,
  squaresRuns,
  sumsOfRuns,
  sumsOfSquares,
} from '../../shaders/clip/clip.js';
import type { Parameters } from '../model/parameters.js';
import type { ParameterSpec } from '../parameterSpec.js';
import type { UpdateSettings } from './updateSettings.js';

/** gradient = factor * gradient, at most `limit` either way. */
export interface Clip {
  factorOf(spec: ParameterSpec): number;
  limit: number;
  /** The largest magnitude that there can be afterwards. */
  most: number;
}

/** Neighbours of one tensor in the layout of the trainable buffers. */
interface Run {
  spec: ParameterSpec;
  from: number;
  to: number;
}

/** One trainer's clipping, with what it has on the GPU: the settings of its updates do not change. */
export class Clipping {
  /** Sums of squares that a step gives; 0 where gradients are not cut by a norm. */
  readonly sums: number;
  /** Runs of each tensor; none where tensors are not cut by themselves. */
  private readonly runs: readonly Run[];
  private readonly bounds: Tensor | null;
  /** factor and limit, or a factor per run. */
  private readonly numbers: Tensor;

  /** To be called within `Gpu.guarded`. */
  constructor(
    private readonly gpu: Gpu,
    private readonly parameters: Parameters,
    private readonly updates: UpdateSettings,
  ) {
    const byTensor = updates.clipVariableNorm < Number.POSITIVE_INFINITY;
    const sums = updates.clipNorm < Number.POSITIVE_INFINITY ? squaresRuns(parameters.trainableSize) : 0;
    this.runs = byTensor ? runsOf(parameters) : [];
    this.sums = byTensor ? this.runs.length : sums;
    this.numbers = fixedTensor(gpu, 'clip', [1, 1, 1, Math.max(4, this.runs.length)]);
    this.bounds = byTensor ? fixedTensor(gpu, 'runs of tensors', [1, 1, 1, 2 * this.runs.length]) : null;
    if (this.bounds) {
      this.write(this.bounds, Uint32Array.from(this.runs.flatMap(({ from, to }) => [from, to])));
    }
  }

  /** Records what the host is to know of the gradients: sums[1,1,1,n], of which the first `sums` are written. */
  recordSums(plan: PlanBuilder, x: Tensor, sums: Tensor): void {
    if (this.bounds) sumsOfRuns(plan, 'squared gradients', { x, runs: this.bounds, sums });
    else if (this.sums > 0) sumsOfSquares(plan, 'squared gradients', { x, sums });
  }

  /** Records the cut, where there is one. */
  record(plan: PlanBuilder, gradient: Tensor): void {
    const { bounds, numbers } = this;
    if (bounds) scaleRuns(plan, 'clip', { gradient, runs: bounds, factors: numbers });
    else if (this.on) clipGradient(plan, 'clip', { gradient, bounds: numbers });
  }

  /**
   * What is to be done with the gradients of a step.
   * @param largest the largest magnitude among them, finite
   * @param squares their sums of squares as `recordSums` gives them
   */
  async clipOf(largest: number, squares: Float32Array): Promise<Clip> {
    const { clipNorm, clipValue, clipVariableNorm } = this.updates;
    const limit = Math.min(clipValue, FLOAT32_MOST);
    let read: Promise<Float32Array> | undefined;
    const gradients = () => (read ??= this.parameters.floats('gradients'));
    if (this.bounds) {
      const factors = await this.tensorFactors(squares, gradients);
      const factorOf = (spec: ParameterSpec) => factors.get(spec) ?? 1;
      return { factorOf, limit, most: Math.min(largest, clipVariableNorm) };
    }
    const total = squares.reduce((sum, one) => sum + one, 0);
    const known = tells(total, clipNorm) ? total : squaresOf(await gradients());
    const factor = this.sums === 0 ? 1 : factorFor(clipNorm, known);
    return { factorOf: () => factor, limit, most: Math.min(largest * factor, limit) };
  }

  /** Before the cut, where there is one; within `Gpu.guarded`. */
  load({ factorOf, limit }: Clip): void {
    const { runs, numbers, parameters } = this;
    const values = this.bounds
      ? runs.map(({ spec }) => factorOf(spec))
      : [factorOf(parameters.table[0]), limit];
    this.write(numbers, Float32Array.from(values));
  }

  dispose(): void {
    for (const tensor of [this.numbers, this.bounds]) {
      if (tensor) this.gpu.destroyBuffer(tensor.storage.buffer!);
    }
  }

  /** Whether gradients are cut at all. */
  get on(): boolean {
    const { clipNorm, clipValue, clipVariableNorm } = this.updates;
    return Math.min(clipNorm, clipValue, clipVariableNorm) < Number.POSITIVE_INFINITY;
  }

  private async tensorFactors(
    sums: Float32Array,
    gradients: () => Promise<Float32Array>,
  ): Promise<Map<ParameterSpec, number>> {
    const { clipVariableNorm } = this.updates;
    const squares = new Map<ParameterSpec, number>();
    for (const [i, { spec }] of this.runs.entries()) squares.set(spec, (squares.get(spec) ?? 0) + sums[i]);
    const factors = new Map<ParameterSpec, number>();
    for (const [spec, sum] of squares) {
      let known = sum;
      if (!tells(sum, clipVariableNorm)) {
        const from = this.parameters.offsetOf(spec);
        known = squaresOf((await gradients()).subarray(from, from + spec.size));
      }
      factors.set(spec, factorFor(clipVariableNorm, known));
    }
    return factors;
  }

  private write({ storage }: Tensor, values: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    this.gpu.device.queue.writeBuffer(storage.buffer!, 0, values);
  }
}

/** Sums of float32 squares below this have lost too many that are 0 in float32 .. */
const LEAST_SQUARES = 1e-24;

/** .. but their roots, and all that was lost with them, are below this. */
const LEAST_NORM = 1e-11;

/** Whether a float32 sum of squares tells how to cut to a norm; else the gradients themselves do, in float64. */
function tells(sum: number, most: number): boolean {
  return (sum > LEAST_SQUARES || most > LEAST_NORM) && sum < Number.POSITIVE_INFINITY;
}

function squaresOf(gradients: Float32Array): number {
  let squares = 0;
  for (const g of gradients) squares += g * g;
  return squares;
}

function factorFor(most: number, squares: number): number {
  const norm = Math.sqrt(squares);
  return norm > most ? most / norm : 1;
}

/** Every trainable tensor in runs of at most SQUARES_RUN numbers; a batch norm's gamma and beta are two. */
function runsOf(parameters: Parameters): Run[] {
  const trainable = parameters.table.filter((spec) => spec.trainable);
  return trainable.flatMap((spec) => {
    const from = parameters.offsetOf(spec);
    const end = from + spec.size;
    return Array.from({ length: Math.ceil(spec.size / SQUARES_RUN) }, (_, i) => ({
      spec,
      from: from + i * SQUARES_RUN,
      to: Math.min(from + (i + 1) * SQUARES_RUN, end),
    }));
  });
}

/** A clipped gradient, rounded to float32 as the kernel rounds. */
export function clipped(g: number, factor: number, limit: number): number {
  return Math.max(-limit, Math.min(limit, Math.fround(Math.fround(factor) * g)));
}
