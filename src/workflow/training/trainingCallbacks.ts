/** The callbacks that the choices of a training ask for, in the order in which `fit` calls them. */
import { ValidationAuc } from '../../eval/scores/validationAuc.js';
import type { Callback } from '../../training/callbacks/callback.js';
import { CSVLogger } from '../../training/callbacks/csvLogger.js';
import { EarlyStopping } from '../../training/callbacks/earlyStopping.js';
import { LearningRateSchedule } from '../../training/callbacks/learningRateSchedule.js';
import { type CheckpointContents, ModelCheckpoint } from '../../training/callbacks/modelCheckpoint.js';
import { ReduceLROnPlateau } from '../../training/callbacks/reduceLROnPlateau.js';
import { TerminateOnNaN } from '../../training/callbacks/terminateOnNaN.js';
import { CSV_LOG_FILE } from './callbackChoices.js';
import type { TrainingPlan } from './presets.js';

/** Where callbacks put what they keep while a training runs. */
export interface CallbackFiles {
  keepWeights(name: string, contents: CheckpointContents): Promise<void>;
  keepText(name: string, text: string): Promise<void>;
}

export interface ChosenCallbacks {
  /** Before the history, which has what these add to the logs. */
  readonly list: readonly Callback[];
  /** Behind it: they keep files of an epoch that is in the history. */
  readonly keepers: readonly Callback[];
  /** The epoch, from 0, whose weights a training ends with; null: the last. */
  bestEpoch(): number | null;
}

/** @param say gets a line where one of them does something */
export function trainingCallbacks(
  { optimizer, schedule, callbacks = {} }: TrainingPlan,
  files: CallbackFiles,
  say: (line: string) => void,
): ChosenCallbacks {
  const { monitor, earlyStopping, reduceLr, saveBest, saveEpochs, saveOptimizer = false } = callbacks;
  const list: Callback[] = [new ValidationAuc({ say })];
  if (schedule) {
    const rates = schedule.kind.make(optimizer.settings.learningRate, schedule.settings);
    list.push(new LearningRateSchedule(rates, { per: 'step' }));
  }
  if (reduceLr) list.push(new ReduceLROnPlateau({ ...reduceLr, monitor, say }));
  const stopping =
    earlyStopping && new EarlyStopping({ ...earlyStopping, monitor, restoreBestWeights: true });
  if (stopping) list.push(stopping);
  if (callbacks.terminateOnNaN) list.push(new TerminateOnNaN());
  const keepers: Callback[] = [];
  if (callbacks.csvLog) {
    keepers.push(new CSVLogger({ write: (_, whole) => files.keepText(CSV_LOG_FILE, whole) }));
  }
  const kept = { save: files.keepWeights.bind(files), saveWeightsOnly: !saveOptimizer, say };
  if (saveEpochs !== undefined) keepers.push(new ModelCheckpoint({ ...kept, file: saveEpochs }));
  if (saveBest !== undefined) {
    keepers.push(new ModelCheckpoint({ ...kept, file: saveBest, monitor, saveBestOnly: true }));
  }
  return { list, keepers, bestEpoch: () => stopping?.bestEpoch ?? null };
}
