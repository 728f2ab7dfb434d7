/**
 * chexgpu, both hosts: nothing reachable from here imports Node. In Node add 'chexgpu/node'.
 */

export { decodeBlob } from './data/decode.browser.js';
export type { Frame } from './data/frame.js';
export {
  type ClassFrequencies,
  computeClassFreqs,
  contributions,
  frameFrequencies,
  lossWeights,
} from './data/frequencies.js';
export { ImageGenerator, type ImageGeneratorOptions, type LoadImage } from './data/generator.js';
export * from './data/labels.js';
export { checkForLeakage, type PatientLeak, patientLeakage } from './data/leakage.js';
export {
  type CohortOptions,
  drawPhantom,
  makeCohort,
  type Phantom,
  type PhantomSpec,
} from './data/phantoms/index.js';
export type { PixelImage } from './data/pixels.js';
export { resizeNearest } from './data/resize.js';
export { fitFeaturewise, SAMPLEWISE } from './data/standardize.js';
export { xrayBatch } from './data/xray.js';
export * from './densenet/architecture.js';
export * from './densenet/batch.js';
export { initialWeights } from './densenet/initialisers.js';
export { DenseNet, type ModelOptions } from './densenet/model.js';
export type { CamScore, GradcamMap } from './densenet/predictor.js';
export type { TrainingOptions } from './densenet/trainer.js';
export {
  type KerasReport,
  type KerasWeights,
  readKerasHdf5,
  writeKerasHdf5,
} from './densenet/weights/kerasHdf5.js';
export * from './engine/errors.js';
export { openGpu } from './engine/gpu.browser.js';
export { Gpu, type GpuInfo } from './engine/gpu.js';
export { MT19937 } from './engine/mt19937.js';
export { overlay, overlayAlpha } from './eval/colormap.js';
export { type ClassEvaluation, type EvaluationResult, evaluate } from './eval/evaluate.js';
export { auc, bestClasses, rocAuc, rocCurve } from './eval/roc.js';
export type { CheckResult } from './shaders/check.js';
export { selfTest } from './shaders/selftest.js';
export { type EpochInfo, type FitOptions, fit, type History, type StepInfo } from './training/fit.js';
export { weightedLoss } from './training/loss.js';
export { type Predictions, predictAll } from './training/predict.js';
