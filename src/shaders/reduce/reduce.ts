/** Sums of partial results, in a fixed order. The formula stands in slices.naive.wgsl. */
import { kernels } from '../../engine/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan.js';
import { elements, type Tensor } from '../../engine/tensor.js';
import naive from './slices.naive.wgsl';
import tiled from './slices.tiled.wgsl';

export const SLICES = kernels('reduce.slices', { naive, tiled });

/**
 * y[i] = sum over slices s of x[s,i].
 * @param x x[slices,1,1,count]
 * @param y any tensor of `count` elements, dense
 */
export function reduceSlices(plan: PlanBuilder, label: string, { x, y }: { x: Tensor; y: Tensor }): void {
  const [slices, , , count] = x.shape;
  const variant = plan.pick('reduce.slices', count % 4 === 0 ? ['tiled', 'naive'] : ['naive']);
  const threads = variant === 'tiled' ? count / 4 : count;
  plan.add({
    kernel: SLICES[variant],
    label,
    params: { count: threads, slices },
    tensors: { x, y },
    workgroups: linear(threads, 64),
    shape: `${slices} x ${count}`,
    flops: slices * count,
    bytes: 4 * (slices * count + elements(y.shape)),
  });
}
