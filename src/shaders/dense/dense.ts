/** Fully connected layer; the way back is in denseBackward.ts. The formulas stand in the heads of the naive kernels. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { channels, isVec4, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { places } from '../vec4.js';
import forwardNaive from './forward.naive.wgsl';
import forwardTiled from './forward.tiled.wgsl';

export const FORWARD = kernels('dense.forward', { naive: forwardNaive, tiled: forwardTiled });

const WORKGROUP = 64;
/** Rows of the batch per thread of forward.tiled. */
const ROWS = 4;

/**
 * y = x . weights + bias
 * @param x x[b,1,1,k]
 * @param weights weights[1,1,k,n], dense
 * @param bias bias[1,1,1,n], dense
 * @param y y[b,1,1,n]
 */
export function denseForward(
  plan: PlanBuilder,
  label: string,
  { x, weights, bias, y }: { x: Tensor; weights: Tensor; bias: Tensor; y: Tensor },
): void {
  requireDense(label, { weights, bias });
  const [b, , , k] = x.shape;
  const n = channels(y);
  const variant = plan.pick(FORWARD, isVec4(x) ? ['tiled', 'naive'] : ['naive']);
  plan.add({
    kernel: FORWARD[variant],
    label,
    constants: variant === 'tiled' ? { ROWS } : {},
    params: {
      batch: b,
      inputs: k,
      outputs: n,
      ...places(1, { x, y }),
    },
    tensors: { x, weights, bias, y },
    workgroups: linear(variant === 'tiled' ? Math.ceil(b / ROWS) * n : b * n, WORKGROUP),
    shape: `[${b},${k}] -> ${n}`,
    flops: 2 * b * k * n,
    bytes: 4 * (b * k + k * n + n + b * n),
  });
}
