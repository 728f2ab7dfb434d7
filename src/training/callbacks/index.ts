/** The callbacks that come with the library, one line each. */
export type {
  Callback,
  EpochInfo,
  Logs,
  StepInfo,
  TrainingContext,
  ValidationStepInfo,
} from './callback.js';
export { EarlyStopping, type EarlyStoppingOptions } from './earlyStopping.js';
export { History } from './history.js';
export { LearningRateSchedule } from './learningRateSchedule.js';
export { type ProgressSink, TrainingProgress } from './progress.js';
