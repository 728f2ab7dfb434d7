/** The callbacks that `train` and `run` have flags for, one line each, in the order in which they are called. */
import type { CallbackKind } from './callbackKind.js';
import { CSV_LOG } from './csvLog.js';
import { EARLY_STOPPING } from './earlyStopping.js';
import { REDUCE_LR } from './reduceLr.js';
import { SAVE_BEST, SAVE_EPOCHS } from './saveWeights.js';
import { TERMINATE_ON_NAN } from './terminateOnNan.js';

export const CALLBACK_KINDS: readonly CallbackKind[] = [
  REDUCE_LR,
  EARLY_STOPPING,
  TERMINATE_ON_NAN,
  CSV_LOG,
  SAVE_EPOCHS,
  SAVE_BEST,
];
