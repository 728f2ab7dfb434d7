/** Sums of partial results, in a fixed order, and largest magnitudes. Formulas stand in the naive kernels. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { scalarAndVec4, unitOf } from '../vec4.js';
import largestNaive from './largest.naive.wgsl';
import largestVec4 from './largest.vec4.wgsl';
import slicesText from './slices.naive.wgsl';

export const SLICES = scalarAndVec4('reduce.slices', slicesText);
export const LARGEST = kernels('reduce.largest', { naive: largestNaive, vec4: largestVec4 });

const WORKGROUP = 64;

/** Where the results of several layers lie in y: layer l begins at l*step + l(l-1)/2*growth floats. */
export interface LayerPlaces {
  /** Floats per layer. */
  size: number;
  step: number;
  growth: number;
}

/**
 * y[place(i)] = sum over slices s of x[s,i].
 * @param x x[slices,1,1,count]
 * @param y any tensor of `count` elements, dense; or one that spans the places of all layers
 */
export function reduceSlices(
  plan: PlanBuilder,
  label: string,
  { x, y }: { x: Tensor; y: Tensor },
  places?: LayerPlaces,
): void {
  const [slices, , , count] = x.shape;
  const { size, step, growth } = places ?? { size: count, step: 0, growth: 0 };
  const even = [count, size, step, growth].every((n) => n % 4 === 0);
  const variant = plan.pick(SLICES, even ? ['vec4', 'naive'] : ['naive']);
  const unit = unitOf(variant);
  plan.add({
    kernel: SLICES[variant],
    label,
    params: {
      count: count / unit,
      slices,
      layerSize: size / unit,
      layerStep: step / unit,
      layerGrowth: growth / unit,
    },
    tensors: { x, y },
    workgroups: linear(count / unit, WORKGROUP),
    shape: `${slices} x ${count}`,
    flops: slices * count,
    bytes: 4 * (slices + 1) * count,
  });
}

/** Runs that keep an adapter busy and leave the host few numbers to look at. */
export const LARGEST_RUNS = { software: 512, hardware: 16384 } as const;

/**
 * The largest magnitude of each run of neighbours in x; where one is not finite, x holds values that are not.
 * @param x any dense tensor
 * @param largest largest[1,1,1,runs], overwritten; 0 for runs behind the end
 */
export function largestMagnitudes(
  plan: PlanBuilder,
  label: string,
  { x, largest }: { x: Tensor; largest: Tensor },
): void {
  requireDense(label, { x, largest });
  const count = elements(x.shape);
  const runs = elements(largest.shape);
  const variant = plan.pick(LARGEST, count % 4 === 0 ? ['vec4', 'naive'] : ['naive']);
  const unit = unitOf(variant);
  plan.add({
    kernel: LARGEST[variant],
    label,
    params: { count: count / unit, run: runLength(count, runs) / unit, runs },
    tensors: { x, largest },
    workgroups: linear(runs, WORKGROUP),
    shape: `${count}`,
    flops: count,
    bytes: 4 * (count + runs),
  });
}

/** Values in a run, a multiple of four. */
export function runLength(count: number, runs: number): number {
  return 4 * Math.ceil(count / runs / 4);
}
