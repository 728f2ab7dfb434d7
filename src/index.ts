/**
 * chexgpu, both hosts: nothing reachable from here imports Node. In Node add 'chexgpu/node'.
 */

export * from './core/errors.js';
export { byteSize } from './core/formatting.js';
export { MT19937 } from './core/mt19937.js';
export type { NumberArray, StateValue } from './core/stateValue.js';
export type { Progress, WorkOptions } from './core/work.js';
export { type ArraySourceOptions, arraySource } from './data/generator/arraySource.js';
export {
  type Augmentation,
  type AugmentationOptions,
  drawTransform,
  makeAugmentation,
  type ShiftRange,
  type Transform,
} from './data/generator/augmentation.js';
export { ImageGenerator, type ImageGeneratorOptions, type LoadImage } from './data/generator/generator.js';
export type { RandomResizedCropOptions } from './data/generator/randomResizedCrop.js';
export {
  type FeaturewiseOptions,
  type FitMode,
  fitFeaturewise,
  SAMPLEWISE,
} from './data/generator/standardize.js';
export { applyTransform, randomTransform } from './data/generator/transform.js';
export { balancedWeights, type RowWeights } from './data/generator/weightedDraw.js';
export { decodeBlob } from './data/images/canvas/decodeBlob.js';
export { type PixelSource, type ToPixelsOptions, toPixels } from './data/images/canvas/toPixels.js';
export {
  type PixelFacts,
  type PixelFinding,
  pixelFindings,
  SCALINGS,
  type Scaling,
  type StoredImage,
} from './data/images/pixelFacts.js';
export type { FloatImage, PixelImage } from './data/images/pixels.js';
export { INTERPOLATIONS, type Interpolation, resize, resizeNearest } from './data/images/resize.js';
export { type XrayOptions, xrayBatch } from './data/images/xrayBatch.js';
export {
  CLASS_WEIGHTINGS,
  type ClassWeighting,
  classWeights,
  effectiveNumber,
} from './data/tables/classWeights.js';
export type { Frame } from './data/tables/frame.js';
export {
  type ClassFrequencies,
  computeClassFreqs,
  contributions,
  frameFrequencies,
  lossWeights,
} from './data/tables/frequencies.js';
export * from './data/tables/labels.js';
export { checkForLeakage, type PatientLeak, patientLeakage } from './data/tables/leakage.js';
export * from './densenet/architecture.js';
export {
  isCheckpoint,
  readCheckpointBytes,
  type StoredCheckpoint,
  writeCheckpointBytes,
} from './densenet/checkpoint/checkpointFile.js';
export type { HeadOptions } from './densenet/config.js';
export { DenseNet, type DenseNetOptions } from './densenet/densenet.js';
export { initialWeights, replaceHead } from './densenet/initialisers.js';
export type {
  ReadWeights,
  WeightsFormat,
  WeightsReadOptions,
  WeightsReport,
  WeightsWriteOptions,
} from './densenet/weights/format.js';
export {
  readWeights,
  sniffWeights,
  WEIGHTS_ENDINGS,
  WEIGHTS_KINDS,
  writeWeights,
} from './densenet/weights/formats.js';
export {
  KERAS_FORMATS,
  type KerasFormat,
  type KerasWriteOptions,
} from './densenet/weights/keras/kerasFormats.js';
export { readKerasHdf5, writeKerasHdf5 } from './densenet/weights/keras/kerasLazy.js';
export type { KerasReadOptions, KerasReport, KerasWeights } from './densenet/weights/keras/kerasRead.js';
export type { SaidBy, StatedByCaller } from './densenet/weights/statedFacts.js';
export type { TorchLayout, TorchReport, TorchWeights } from './densenet/weights/torch/torch.js';
export {
  IMAGENET_PREPROCESSING,
  opNorm,
  XRV_LABELS,
  XRV_PREPROCESSING,
} from './densenet/weights/torch/torchFacts.js';
export { readTorchSafetensors, writeTorchSafetensors } from './densenet/weights/torch/torchLazy.js';
export type { Preprocessing, WeightsMeaning } from './densenet/weights/weightsMeaning.js';
export { openGpu } from './engine/device/gpu.browser.js';
export { type DeviceLoss, Gpu } from './engine/device/gpu.js';
export type { GpuInfo } from './engine/device/gpuInfo.js';
export { overlay, overlayAlpha } from './eval/explain/colormap.js';
export { colourTable, MAP_COLOURS, type MapColours } from './eval/explain/uniformColours.js';
export {
  type Average,
  type AveragedScore,
  type AverageOptions,
  averagePrecisionScore,
  rocAucScore,
  type ScoreResult,
} from './eval/scores/averages.js';
export {
  type BootstrapOptions,
  type BootstrapResult,
  type BootstrapTable,
  bootstrapMeanAuc,
} from './eval/scores/bootstrap.js';
export { type ClassEvaluation, type EvaluationResult, evaluate } from './eval/scores/evaluate.js';
export {
  type OperatingPoint,
  type OperatingPointsFile,
  operatingPoints,
  youdenPoint,
} from './eval/scores/operatingPoints.js';
export { probabilitiesToCsv } from './eval/scores/predictionsCsv.js';
export {
  auc,
  averagePrecision,
  bestClasses,
  type RocOptions,
  rocAuc,
  rocCurve,
  type ScoreOptions,
} from './eval/scores/roc.js';
export { ValidationAuc } from './eval/scores/validationAuc.js';
export type {
  Affine,
  ChangeRules,
  Changes,
  Crop,
  FillMode,
  ImageChange,
  KerasRules,
} from './shaders/augment/changes.js';
export * from './training/batch.js';
export * from './training/callbacks/index.js';
export type { Checkpoint, CheckpointOptions, Position, TrainingState } from './training/checkpoint.js';
export type { ClassChoice } from './training/classNames.js';
export { type FitOptions, fit } from './training/fit.js';
export type { CamScore, GradcamMap } from './training/inspection/explainer.js';
export type { Formula, MapKind } from './training/inspection/formulas.js';
export type { InspectedMap, InspectOptions, NormStatistics } from './training/inspection/inspect.js';
export { selectLayers } from './training/layers/layerNames.js';
export type { LayerSettings } from './training/layers/layerSettings.js';
export * from './training/losses/index.js';
export { Model, type ModelOptions } from './training/model/model.js';
export type {
  BatchNormSpec,
  CamInputs,
  ForwardMode,
  MapSize,
  Network,
  NetworkLayer,
  RecordedNetwork,
} from './training/network.js';
export * from './training/optimizers/index.js';
export type { Optimizer, OptimizerKind } from './training/optimizers/optimizer.js';
export type { BatchGroup, OptimizerState } from './training/optimizers/state.js';
export type { ParameterSpec, ParameterTable, WeightMap } from './training/parameterSpec.js';
export { type PredictAllOptions, type Predictions, predictAll } from './training/predictAll.js';
export * from './training/schedules/index.js';
export type { TrainingOptions } from './training/trainingOptions.js';
export type { UpdateSettings } from './training/updates/updateSettings.js';
export {
  type ImagePreparation,
  imagePreparation,
  type PreparationWishes,
} from './workflow/prediction/imagePreparation.js';
export {
  chooseLabels,
  type Outputs,
  outputsOf,
  shownProbabilities,
  trainedLabels,
} from './workflow/prediction/outputs.js';
export { type ProgressBar, type Reporter, SILENT, type WorkContext } from './workflow/reporter.js';
export type { HistoryChoice, TrainedWith } from './workflow/weights/history.node.js';
export { loadWeights } from './workflow/weights/loadWeights.js';
export type { ByteSource } from './workflow/weights/readBytes.js';
export { clearWeightsCache } from './workflow/weights/weightsCache.js';
export type { LoadedWeights, LoadWeightsOptions } from './workflow/weights/weightsLoader.js';
