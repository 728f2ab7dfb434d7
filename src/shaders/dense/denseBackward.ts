/** The way back through a fully connected layer. */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { channels, elements, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { places } from '../vec4.js';
import backwardDataNaive from './backwardData.naive.wgsl';
import backwardWeightsNaive from './backwardWeights.naive.wgsl';

export const BACKWARD_DATA = kernels('dense.backwardData', { naive: backwardDataNaive });
export const BACKWARD_WEIGHTS = kernels('dense.backwardWeights', { naive: backwardWeightsNaive });

const WORKGROUP = 64;

/**
 * dx = dy . weights^T
 * @param dy dy[b,1,1,n]
 * @param weights weights[1,1,k,n], dense
 * @param dx dx[b,1,1,k], overwritten
 */
export function denseBackwardData(
  plan: PlanBuilder,
  label: string,
  { dy, weights, dx }: { dy: Tensor; weights: Tensor; dx: Tensor },
): void {
  requireDense(label, { weights });
  const [b, , , k] = dx.shape;
  const n = channels(dy);
  plan.add({
    kernel: BACKWARD_DATA[plan.pick(BACKWARD_DATA, ['naive'])],
    label,
    params: {
      batch: b,
      inputs: k,
      outputs: n,
      ...places(1, { dy, dx }),
    },
    tensors: { dy, weights, dx },
    workgroups: linear(b * k, WORKGROUP),
    shape: `[${b},${n}] -> ${k}`,
    flops: 2 * b * k * n,
    bytes: 4 * (b * k + k * n + b * n),
  });
}

/**
 * dw = x^T . dy, db = sum of dy over the batch
 * @param x x[b,1,1,k]
 * @param dy dy[b,1,1,n]
 * @param dw dw[1,1,k,n], dense, overwritten
 * @param db db[1,1,1,n], dense, overwritten
 */
export function denseBackwardWeights(
  plan: PlanBuilder,
  label: string,
  { x, dy, dw, db }: { x: Tensor; dy: Tensor; dw: Tensor; db: Tensor },
): void {
  requireDense(label, { dw, db });
  const [b, , , k] = x.shape;
  const n = channels(dy);
  plan.add({
    kernel: BACKWARD_WEIGHTS[plan.pick(BACKWARD_WEIGHTS, ['naive'])],
    label,
    params: {
      batch: b,
      inputs: k,
      outputs: n,
      ...places(1, { x, dy }),
    },
    tensors: { x, dy, dw, db },
    // One row more than inputs: that of the bias.
    workgroups: linear((k + 1) * n, WORKGROUP),
    shape: `[${b},${k}] x [${b},${n}]`,
    flops: 2 * b * (k + 1) * n,
    bytes: 4 * (b * k + b * n + elements(dw.shape) + n),
  });
}
