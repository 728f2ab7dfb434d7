/** Callback: what a training came to, step by step and epoch by epoch. `fit` returns one; Keras' `History`. */
import { requireObject, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { type StateValue, stateFields } from '../../core/stateValue.js';
import type { Callback, EpochInfo, StepInfo, TrainingContext } from './callback.js';

const STATE = ['stepLoss', 'epochs', 'images', 'waitMs', 'stepMs', 'validationMs'] as const;

export class History implements Callback {
  readonly name = 'History';
  /** Loss of every step before its update, over all epochs. */
  stepLoss: number[] = [];
  epochs: EpochInfo[] = [];
  /** The reason that a callback gave to stop; null where none did. */
  stopReason: string | null = null;
  /** Images trained on, those of several epochs counted each time. */
  images = 0;
  /** Milliseconds spent waiting for images, on steps, and on validations. */
  waitMs = 0;
  stepMs = 0;
  validationMs = 0;

  onTrainBegin(): void {
    Object.assign(this, new History());
  }

  onStep({ loss, images, waitMs, stepMs }: StepInfo): void {
    this.stepLoss.push(loss);
    this.images += images;
    this.waitMs += waitMs;
    this.stepMs += stepMs;
  }

  /** @throws UsageError for logs that are none, or a log that is no number */
  onEpoch(info: EpochInfo): void {
    requireObject('logs', info.logs);
    for (const [name, value] of Object.entries(info.logs)) {
      if (typeof value !== 'number') throw new UsageError(`logs.${name} is ${shown(value)}, not a number.`);
    }
    this.epochs.push({ ...info, logs: { ...info.logs } });
    this.validationMs += info.validationMs;
  }

  onTrainEnd({ stopReason }: TrainingContext): void {
    this.stopReason = stopReason;
  }
  /** Of a training that goes on from a checkpoint it is one history, with what was before. */
  state(): StateValue {
    const { stepLoss, epochs, images, waitMs, stepMs, validationMs } = this;
    const copies = epochs.map((info) => ({ ...info, logs: { ...info.logs } }));
    return { stepLoss: Float64Array.from(stepLoss), epochs: copies, images, waitMs, stepMs, validationMs };
  }

  restore(state: StateValue): void {
    const { stepLoss, epochs, ...sums } = stateFields('History', state, STATE);
    Object.assign(this, sums);
    this.stepLoss = Array.from(stepLoss as Float64Array);
    this.epochs = (epochs as unknown as EpochInfo[]).map((info) => ({ ...info, logs: { ...info.logs } }));
  }
}
