/** Sums of partial results, in a fixed order. The formula stands in slices.naive.wgsl. */
import { kernels } from '../../engine/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan.js';
import type { Tensor } from '../../engine/tensor.js';
import naive from './slices.naive.wgsl';
import tiled from './slices.tiled.wgsl';

export const SLICES = kernels('reduce.slices', { naive, tiled });

/** Where the results of several layers lie in y: layer l begins at l*step + l(l-1)/2*growth floats. */
export interface LayerPlaces {
  /** Floats a layer. */
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
  const variant = plan.pick('reduce.slices', even ? ['tiled', 'naive'] : ['naive']);
  const unit = variant === 'tiled' ? 4 : 1;
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
    workgroups: linear(count / unit, 64),
    shape: `${slices} x ${count}`,
    flops: slices * count,
    bytes: 4 * (slices + 1) * count,
  });
}
