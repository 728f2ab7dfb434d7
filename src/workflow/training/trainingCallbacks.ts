/** The callbacks that the choices of a training ask for, in the order in which `fit` calls them. */
import { ValidationAuc } from '../../eval/scores/validationAuc.js';
import type { Callback } from '../../training/callbacks/callback.js';
import { EarlyStopping } from '../../training/callbacks/earlyStopping.js';
import { LearningRateSchedule } from '../../training/callbacks/learningRateSchedule.js';
import { sharedChoices } from './callbackChoices.js';
import type { CallbackFiles } from './callbacks/callbackKind.js';
import type { TrainingPlan } from './presets.js';

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
  { optimizer, schedule, callbacks = {} }: Pick<TrainingPlan, 'optimizer' | 'schedule' | 'callbacks'>,
  files: CallbackFiles,
  say: (line: string) => void,
): ChosenCallbacks {
  const list: Callback[] = [new ValidationAuc({ say })];
  if (schedule) {
    const rates = schedule.kind.make(optimizer.settings.learningRate, schedule.settings);
    list.push(new LearningRateSchedule(rates, { per: 'step' }));
  }
  const keepers: Callback[] = [];
  const made = { ...sharedChoices(callbacks), files, say };
  for (const choice of callbacks.chosen ?? []) {
    (choice.kind.keeps ? keepers : list).push(choice.kind.make(choice, made));
  }
  const stopping = list.find((callback) => callback instanceof EarlyStopping);
  return { list, keepers, bestEpoch: () => stopping?.bestEpoch ?? null };
}
