/** ReLU's gradient, where no convolution takes it along. */
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { channels, elements, pixels, type Tensor } from '../../engine/plan/tensor.js';
import { places, scalarAndVec4, unitOf, vec4OrNaive } from '../vec4.js';
import reluBackwardText from './reluBackward.naive.wgsl';

export const RELU_BACKWARD = scalarAndVec4('pointwise.reluBackward', reluBackwardText);

const WORKGROUP = 64;

/**
 * dx = gradient with respect to x of max(0, x).
 * @param x x[b,h,w,c], what the ReLU read (its output has the same positive elements and serves as well)
 * @param dy dy[b,h,w,c]
 * @param dx dx[b,h,w,c]
 * @param accumulate add to dx instead of overwriting it
 */
export function reluBackward(
  plan: PlanBuilder,
  label: string,
  { x, dy, dx }: { x: Tensor; dy: Tensor; dx: Tensor },
  { accumulate }: { accumulate: boolean },
): void {
  const variant = vec4OrNaive(plan, RELU_BACKWARD, x, dy, dx);
  const unit = unitOf(variant);
  const count = elements(x.shape);
  plan.add({
    kernel: RELU_BACKWARD[variant],
    label,
    constants: { ACCUMULATE: accumulate ? 1 : 0 },
    params: {
      pixels: pixels(x),
      channels: channels(x) / unit,
      ...places(unit, { x, dy, dx }),
    },
    tensors: { x, dy, dx },
    workgroups: linear(count / unit, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: count,
    bytes: 4 * (accumulate ? 4 : 3) * count,
  });
}
