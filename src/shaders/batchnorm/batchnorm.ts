/**
 * Batch norm over NHWC, followed by ReLU unless told otherwise: forward/ makes the affine that the reading convolution
 * applies, backward/ goes back through both. The formulas stand in the heads of the naive shaders.
 */
export {
  BACKWARD_APPLY,
  BACKWARD_FINALISE,
  backwardApply,
  backwardFinalise,
  NORM_GRADIENTS,
  type NormGradient,
  type NormTensors,
  RELU_BACKWARD_AND_SUMS,
  reluBackwardAndSums,
} from './backward/backward.js';
export {
  MOVING_VARIANCE_RULES,
  type MovingVarianceRule,
  PREPARE_INFERENCE,
  prepareInference,
} from './forward/forward.js';
export {
  batchStatistics,
  movingVarianceFactor,
  type Parts,
  PREPARE_TRAINING,
  prepareTraining,
  STATISTICS,
} from './forward/training.js';
