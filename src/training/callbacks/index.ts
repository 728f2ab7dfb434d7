/** The callbacks that come with the library, one line each. */
export type {
  Callback,
  EpochInfo,
  Logs,
  StepInfo,
  TrainingContext,
  ValidationStepInfo,
} from './callback.js';
export { History } from './history.js';
