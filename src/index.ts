/**
 * chexgpu, both hosts: nothing reachable from here imports Node. In Node add 'chexgpu/node'.
 */

export * from './core/errors.js';
export {
  type Augmentation,
  type AugmentationOptions,
  drawTransform,
  type FillMode,
  type KerasRules,
  makeAugmentation,
  type ShiftRange,
  type Transform,
} from './data/augmentation.js';
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
export {
  type PixelFacts,
  type PixelFinding,
  pixelFindings,
  SCALINGS,
  type Scaling,
  type StoredImage,
} from './data/pixelFacts.js';
export type { FloatImage, PixelImage } from './data/pixels.js';
export { INTERPOLATIONS, type Interpolation, resize, resizeNearest } from './data/resize.js';
export { type FeaturewiseOptions, type FitMode, fitFeaturewise, SAMPLEWISE } from './data/standardize.js';
export { applyTransform, randomTransform } from './data/transform.js';
export { type XrayOptions, xrayBatch } from './data/xray.js';
export type { AdamSettings, AdamState } from './densenet/adamState.js';
export * from './densenet/architecture.js';
export * from './densenet/batch.js';
export { initialWeights } from './densenet/initialisers.js';
export { DenseNet, type ModelOptions } from './densenet/model.js';
export type { CamScore, GradcamMap } from './densenet/predictor.js';
export type { TrainingOptions } from './densenet/trainingOptions.js';
export {
  type KerasReadOptions,
  type KerasReport,
  type KerasWeights,
  readKerasHdf5,
} from './densenet/weights/kerasHdf5.js';
export {
  KERAS_FORMATS,
  type KerasFormat,
  type KerasWriteOptions,
  writeKerasHdf5,
} from './densenet/weights/kerasWriter.js';
export type { SaidBy, StatedByCaller } from './densenet/weights/stated.js';
export {
  readTorchSafetensors,
  type TorchLayout,
  type TorchMeaning,
  type TorchReport,
  type TorchWeights,
  writeTorchSafetensors,
} from './densenet/weights/torch.js';
export {
  IMAGENET_PREPROCESSING,
  opNorm,
  type Preprocessing,
  XRV_LABELS,
  XRV_PREPROCESSING,
} from './densenet/weights/torchFacts.js';
export { openGpu } from './engine/gpu.browser.js';
export { Gpu, type GpuInfo } from './engine/gpu.js';
export { MT19937 } from './engine/mt19937.js';
export { type Profile, type ProfileOptions, profilePlan } from './engine/profile.js';
export { byKernel, byLayer, type Peaks, type ProfileRow } from './engine/profileTables.js';
export { type ChromeTrace, chromeTrace, devtoolsTracks, type TrackOptions } from './engine/profileTrace.js';
export type { TuneReport, Tuner, TuningStore } from './engine/tuner.js';
export type { VerdictStore } from './engine/verdicts.js';
export {
  type Average,
  type AveragedScore,
  type AverageOptions,
  averagePrecisionScore,
  rocAucScore,
  type ScoreResult,
} from './eval/averages.js';
export { overlay, overlayAlpha } from './eval/colormap.js';
export { type ClassEvaluation, type EvaluationResult, evaluate } from './eval/evaluate.js';
export {
  auc,
  averagePrecision,
  bestClasses,
  type RocOptions,
  rocAuc,
  rocCurve,
  type ScoreOptions,
} from './eval/roc.js';
export type { CheckResult } from './shaders/check.js';
export { checkKernels, type KernelCheckOptions, type PlanChecker } from './shaders/planCheck.js';
export { selfTest } from './shaders/selftest.js';
export { enableTuning, type TuningOptions } from './shaders/tuning.js';
export { type EpochInfo, type FitOptions, fit, type History, type StepInfo } from './training/fit.js';
export { weightedLoss } from './training/loss.js';
export { type Predictions, predictAll } from './training/predict.js';
