/**
 * What only a training records. It comes to a network with the mode, so that a page that predicts loads none of it.
 */
export {
  backwardApply,
  backwardFinalise,
  batchStatistics,
  prepareTraining,
  reluBackwardAndSums,
} from './batchnorm/batchnorm.js';
export {
  convBackwardData,
  convBackwardThroughNorm,
  convBackwardWeights,
  convBackwardWeightsOfLayers,
} from './conv/conv.js';
export { denseBackwardData, denseBackwardWeights } from './dense/denseBackward.js';
export { reluBackward } from './pointwise/reluBackward.js';
export { averagePoolBackward, globalAveragePoolBackward, maxPoolBackward } from './pool/poolBackward.js';
