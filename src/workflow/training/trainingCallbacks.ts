/** The callbacks that the choices of a training ask for, in the order in which `fit` calls them. */
import type { Callback } from '../../training/callbacks/callback.js';
import { EarlyStopping } from '../../training/callbacks/earlyStopping.js';
import { LearningRateSchedule } from '../../training/callbacks/learningRateSchedule.js';
import type { TrainingPlan } from './presets.js';

export interface ChosenCallbacks {
  readonly list: readonly Callback[];
  /** The epoch, from 0, whose weights a training ends with; null: the last. */
  bestEpoch(): number | null;
}

export function trainingCallbacks({ optimizer, schedule, earlyStopping }: TrainingPlan): ChosenCallbacks {
  const list: Callback[] = [];
  if (schedule) {
    const rates = schedule.kind.make(optimizer.settings.learningRate, schedule.settings);
    list.push(new LearningRateSchedule(rates, { per: 'step' }));
  }
  let stopping: EarlyStopping | null = null;
  if (earlyStopping !== undefined) {
    stopping = new EarlyStopping({ patience: earlyStopping, restoreBestWeights: true });
    list.push(stopping);
  }
  return { list, bestEpoch: () => stopping?.bestEpoch ?? null };
}
