/**
 * Batch norm over NHWC, followed by ReLU unless told otherwise. Nothing here stores a normalised map:
 * `prepare*` turns statistics into an affine [scale | shift] that the reading convolution applies as its
 * prologue, and the backward pass recomputes what it needs from x.
 *
 * Pairs of per-channel vectors travel as one tensor [1,1,2,c]: stats = [mean | variance],
 * gammaBeta = [gamma | beta], moving = [mean | variance], affine = [scale | shift]. Statistics of slices of the pixels
 * travel as parts[slice,1,2,c]. Formulas stand in the naive shaders; what training adds is in
 * training.ts, the way back in ../backward.
 */
import { linear, type PlanBuilder } from '../../../engine/plan/plan.js';
import { channels, type Tensor } from '../../../engine/plan/tensor.js';
import { scalarAndVec4, unitOf, vec4OrNaive } from '../../vec4.js';
import prepareInferenceText from './prepareInference.naive.wgsl';

export const PREPARE_INFERENCE = scalarAndVec4('batchnorm.prepareInference', prepareInferenceText);

/**
 * How the batch variance enters the moving variance, by version of Keras: the biased variance, times a factor of
 * n = values in the batch, and the batch norm's epsilon
 *   `keras2.3`      n/(n-1) * n/(n-1-epsilon)   Keras 2.3 on TensorFlow 1, the course's notebook: corrected twice
 *   `keras2.3-tf2`  n/(n-1-epsilon)             Keras 2.3 on TensorFlow 2
 *   `tf.keras`      n/(n-1)                     tf.keras with fused batch norm, its default; PyTorch
 *   `keras3`        1                           Keras 3, tf.keras not fused, TensorFlow.js
 */
export const MOVING_VARIANCE_RULES = ['keras2.3', 'keras2.3-tf2', 'tf.keras', 'keras3'] as const;
export type MovingVarianceRule = (typeof MOVING_VARIANCE_RULES)[number];

/** Inference: affine of this batch norm from its moving averages. */
export function prepareInference(
  plan: PlanBuilder,
  label: string,
  { moving, gammaBeta, affine }: { moving: Tensor; gammaBeta: Tensor; affine: Tensor },
  { epsilon }: { epsilon: number },
): void {
  const c = channels(affine);
  const variant = vec4OrNaive(plan, PREPARE_INFERENCE, gammaBeta);
  const unit = unitOf(variant);
  plan.add({
    kernel: PREPARE_INFERENCE[variant],
    label,
    params: { channels: c / unit, epsilon },
    tensors: { moving, gammaBeta, affine },
    workgroups: linear(c / unit, 64),
    shape: `${c}`,
    flops: 5 * c,
    bytes: 4 * 6 * c,
  });
}
