/** What EarlyStopping, ModelCheckpoint and ReduceLROnPlateau have in common: a log, and which way it is better. */
import { oneOf, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { EpochInfo, Logs, TrainingContext } from './callback.js';

export interface MonitorOptions {
  /** The log that is watched. Default: val_loss. */
  monitor?: string;
  /**
   * Which way is better. `auto`: max for a name with `acc` or `auc` in it, else min. (Keras looks for `auc` in
   * EarlyStopping only, and at the end of the name only.) Default: auto.
   */
  mode?: 'auto' | 'min' | 'max';
}

export class Monitor {
  readonly log: string;
  readonly mode: 'min' | 'max';

  /** @param owner the callback that watches, for messages @throws UsageError for a name or a mode that is none */
  constructor(
    private readonly owner: string,
    { monitor = 'val_loss', mode = 'auto' }: MonitorOptions,
  ) {
    if (typeof monitor !== 'string' || monitor === '') {
      throw new UsageError(`monitor is ${shown(monitor)}, it must be the name of a log.`);
    }
    this.log = monitor;
    const chosen = oneOf('mode', mode, ['auto', 'min', 'max']);
    this.mode = chosen === 'auto' ? (/acc|auc/.test(monitor) ? 'max' : 'min') : chosen;
  }

  /** What every number is better than. */
  get worst(): number {
    return this.mode === 'max' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  }

  /** Whether `value` is better `than` the other by more than `delta`; what is NaN never is. Keras 2.21's arithmetic. */
  improves(value: number, than: number, delta = 0): boolean {
    return this.mode === 'max' ? value - delta > than : value + delta < than;
  }

  /** @throws UsageError before the first step for a log of a validation, in a training without one */
  requireThere({ validationSteps }: TrainingContext): void {
    if (!this.log.startsWith('val_') || validationSteps > 0) return;
    throw new UsageError(
      `${this.owner} watches ${this.log}, and this training has no validation.`,
      `Give fit a validation, or ${this.owner} monitor: 'loss'.`,
    );
  }

  /** @throws UsageError where nothing has written the log */
  valueIn(logs: Logs): number {
    const value = logs[this.log];
    if (value !== undefined) return value;
    throw new UsageError(
      `${this.owner} watches ${this.log}, which the logs do not have; they have ${Object.keys(logs).join(', ')}.`,
      `A callback that writes it must come before ${this.owner} in the list.`,
    );
  }
}

/** An epoch that was cut short is not compared with whole ones. */
export function isWhole({ steps }: EpochInfo, { stepsPerEpoch }: TrainingContext): boolean {
  return steps === stepsPerEpoch;
}

/** A log in a message. */
export const sixDigits = (value: number): string => `${Number(value.toPrecision(6))}`;
