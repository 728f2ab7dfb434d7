/**
 * Convolution without bias, NHWC activations, HWIO weights, square kernels: 1x1, 3x3 "same", 7x7 stride 2.
 * One folder per direction; the formulas stand in the heads of the naive shaders.
 */
export { BACKWARD_DATA, convBackwardData, convBackwardThroughNorm } from './backwardData/backwardData.js';
export {
  BACKWARD_WEIGHTS,
  convBackwardWeights,
  convBackwardWeightsOfLayers,
} from './backwardWeights/backwardWeights.js';
export { convForward, FORWARD } from './forward/forward.js';
export { type ConvShape, outputSide } from './shape.js';
