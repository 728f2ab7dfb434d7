/**
 * Grad-CAM on the final batch norm, in closed form. The formulas stand in the heads of weights.naive.wgsl
 * and map.naive.wgsl.
 */
import { kernels } from '../../engine/plan/kernel.js';
import { linear, type PlanBuilder } from '../../engine/plan/plan.js';
import { channels, elements, isVec4, requireDense, type Tensor } from '../../engine/plan/tensor.js';
import { places } from '../vec4.js';
import mapNaive from './map.naive.wgsl';
import mapVec4 from './map.vec4.wgsl';
import weightsNaive from './weights.naive.wgsl';

export const WEIGHTS = kernels('gradcam.weights', { naive: weightsNaive });
export const MAP = kernels('gradcam.map', { naive: mapNaive, vec4: mapVec4 });

const WORKGROUP = 64;

/** What is differentiated: the probability, as util.py does, or the logit, which does not saturate. */
export type GradcamScore = 'sigmoid' | 'logit';

/**
 * alpha = mean over the positions of d score / d A, A = scale*x + shift.
 * @param x x[b,h,w,k], what the final batch norm reads
 * @param affine [scale | shift][k] of the final batch norm
 * @param weights weights[1,1,k,n] of the dense layer, dense
 * @param p p[b,1,1,n], dense; read for the score `sigmoid` only
 * @param selection u32 selection[1,1,1,1]: index of the class, below n
 * @param alpha alpha[b,1,1,k], dense, overwritten
 */
export function gradcamWeights(
  plan: PlanBuilder,
  label: string,
  tensors: { x: Tensor; affine: Tensor; weights: Tensor; p: Tensor; selection: Tensor; alpha: Tensor },
  { score }: { score: GradcamScore },
): void {
  const { x, affine, weights, p, selection, alpha } = tensors;
  requireDense(label, { affine, weights, p, selection, alpha });
  const [b, h, w, k] = x.shape;
  const n = channels(p);
  plan.add({
    kernel: WEIGHTS[plan.pick(WEIGHTS, ['naive'])],
    label,
    constants: { SIGMOID: score === 'sigmoid' ? 1 : 0 },
    params: {
      batch: b,
      positions: h * w,
      channels: k,
      classes: n,
      ...places(1, { x }),
    },
    tensors,
    workgroups: linear(b * k, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: 3 * elements(x.shape),
    bytes: 4 * (elements(x.shape) + 4 * k + b * k),
  });
}

/**
 * map = sum over k of A * alpha, A = scale*x + shift.
 * @param x x[b,h,w,k], what the final batch norm reads
 * @param affine [scale | shift][k] of the final batch norm
 * @param alpha alpha[b,1,1,k], dense
 * @param map map[b,h,w,1], dense, overwritten; may be negative
 */
export function gradcamMap(
  plan: PlanBuilder,
  label: string,
  { x, affine, alpha, map }: { x: Tensor; affine: Tensor; alpha: Tensor; map: Tensor },
): void {
  requireDense(label, { affine, alpha, map });
  const [b, h, w, k] = x.shape;
  const variant = plan.pick(MAP, isVec4(x) ? ['vec4', 'naive'] : ['naive']);
  plan.add({
    kernel: MAP[variant],
    label,
    params: {
      batch: b,
      positions: h * w,
      channels: k,
      ...places(1, { x }),
    },
    tensors: { x, affine, alpha, map },
    workgroups: linear(b * h * w, WORKGROUP),
    shape: `[${x.shape.join(',')}]`,
    flops: 4 * elements(x.shape),
    bytes: 4 * (elements(x.shape) + 3 * k + b * h * w),
  });
}
