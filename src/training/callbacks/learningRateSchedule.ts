/** Callback: a learning rate for every epoch, as Keras' `LearningRateScheduler`, or for every step. */
import { oneOf, requireFields, requireFunction } from '../../core/arguments.js';
import type { Schedule } from '../schedules/schedule.js';
import type { Callback, EpochInfo, StepInfo, TrainingContext } from './callback.js';

export class LearningRateSchedule implements Callback {
  private readonly per: 'epoch' | 'step';

  /**
   * @param options per: what the schedule counts. Default: epochs
   * @throws UsageError for a schedule that is no function, or another unit; from `fit` for a learning rate that it
   *   gives and that is no finite number, 0 or above
   */
  constructor(
    private readonly schedule: Schedule,
    options: { per?: 'epoch' | 'step' } = {},
  ) {
    requireFunction('The schedule', schedule);
    requireFields('The options of LearningRateSchedule', options, ['per']);
    this.per = oneOf('per', options.per ?? 'epoch', ['epoch', 'step']);
  }

  onTrainBegin(training: TrainingContext): void {
    this.set(0, training);
  }

  onStep({ epoch, step, steps }: StepInfo, training: TrainingContext): void {
    if (this.per === 'step') this.set(epoch * steps + step + 1, training);
  }

  onEpoch({ epoch }: EpochInfo, training: TrainingContext): void {
    if (this.per === 'epoch') this.set(epoch + 1, training);
  }

  /** Nothing behind the last one: what Keras leaves in the optimizer is the last rate that was used. */
  private set(index: number, training: TrainingContext): void {
    const count = this.per === 'epoch' ? training.epochs : training.epochs * training.stepsPerEpoch;
    if (index < count) training.learningRate = this.schedule(index, training.learningRate, count);
  }
}
