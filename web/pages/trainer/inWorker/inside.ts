/**
 * What the Trainer takes of this repository beyond the library's door: the reader of tables, the presets and the
 * callbacks that `chexgpu train` has flags for.
 */
export { parseFrame } from '../../../../src/data/tables/csv.js';
export { repeatedImages, sharedImages } from '../../../../src/data/tables/leakage.js';
export { checkSettings, complete } from '../../../../src/training/optimizers/optimizer.js';
export { checkCallbackChoices, DEFAULT_MONITOR } from '../../../../src/workflow/training/callbackChoices.js';
export type {
  CallbackChoice,
  CallbackFiles,
} from '../../../../src/workflow/training/callbacks/callbackKind.js';
export { CALLBACK_KINDS } from '../../../../src/workflow/training/callbacks/index.js';
export {
  PHANTOM_PRESET,
  TUNING_PRESET,
  TUNING_SHARE,
} from '../../../../src/workflow/training/phantomPresets.js';
export type { TrainingPlan } from '../../../../src/workflow/training/presets.js';
export {
  type ChosenCallbacks,
  trainingCallbacks,
} from '../../../../src/workflow/training/trainingCallbacks.js';
