/** The callbacks that come with the library, one line each. */

export type { Hyperparameters, Picture } from '../tensorboard/summaries.js';
export type {
  Callback,
  EpochInfo,
  Logs,
  RefusedStepInfo,
  StepInfo,
  TrainingContext,
  ValidationInfo,
  ValidationStepInfo,
} from './callback.js';
export { CSVLogger, type CSVLoggerOptions } from './csvLogger.js';
export { EarlyStopping, type EarlyStoppingOptions } from './earlyStopping.js';
export { History } from './history.js';
export { LearningRateSchedule } from './learningRateSchedule.js';
export {
  type CheckpointContents,
  ModelCheckpoint,
  type ModelCheckpointOptions,
} from './modelCheckpoint.js';
export type { MonitorOptions } from './monitor.js';
export { type ProgressSink, TrainingProgress } from './progress.js';
export { ReduceLROnPlateau, type ReduceLROnPlateauOptions } from './reduceLROnPlateau.js';
export {
  type EventRun,
  type EventSink,
  type PictureMaker,
  type TaggedPicture,
  TensorBoard,
  type TensorBoardOptions,
} from './tensorBoard.js';
export { TerminateOnNaN } from './terminateOnNaN.js';
