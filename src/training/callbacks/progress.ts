/** Callback: how far every epoch and its validation are, on whatever shows it: a terminal, a log, a page. */
import { duration, plural, threeDigits } from '../../core/formatting.js';
import type { Callback, EpochInfo, StepInfo, TrainingContext, ValidationStepInfo } from './callback.js';

/** What shows it. */
export interface ProgressSink {
  /**
   * A piece of work of `total` parts begins, and the one before is over.
   * @param unit what the parts are called where they are no steps
   * @returns what gets the parts that are done, and a few words about this moment
   */
  progress(title: string, total: number, unit?: string): { update(done: number, note?: string): void };
  /** A line that stays: of an epoch, or why the training stops. */
  say?(line: string): void;
}

/** Behind those that may stop the training, it knows whether another epoch begins. */
export class TrainingProgress implements Callback {
  private bar: ReturnType<ProgressSink['progress']> | null = null;

  constructor(private readonly sink: ProgressSink) {}

  onTrainBegin(training: TrainingContext): void {
    const { resumedAt, stepsPerEpoch, epochs, stopReason } = training;
    const { epoch, step } = resumedAt ?? { epoch: 0, step: 0 };
    if (resumedAt && (epoch === epochs || (stopReason !== null && step === 0))) {
      this.sink.say?.(
        `The training was over after ${plural(epoch, 'epoch')}: there is nothing left to train`,
      );
      return;
    }
    if (resumedAt) this.sink.say?.(`Resumed at epoch ${epoch + 1}, step ${step} of ${stepsPerEpoch}`);
    this.beginEpoch(epoch, training);
    if (step > 0) this.bar?.update(step);
    this.beginValidation(step, training);
  }

  onStep({ step, loss, meanLoss, imagesPerSecond }: StepInfo, training: TrainingContext): void {
    const losses = `loss ${loss.toFixed(4)} (mean ${meanLoss.toFixed(4)})`;
    this.bar?.update(step + 1, `${losses} ${threeDigits(imagesPerSecond)} images/s`);
    this.beginValidation(step + 1, training);
  }

  onValidationStep({ step }: ValidationStepInfo): void {
    this.bar?.update(step + 1);
  }

  onEpoch({ epoch, epochs, logs, seconds }: EpochInfo, training: TrainingContext): void {
    const { loss, val_loss, val_auc } = logs;
    const auc = val_auc === undefined ? '' : ` and AUC ${val_auc.toFixed(4)}`;
    const validation = val_loss === undefined ? '' : `, validation loss ${val_loss.toFixed(4)}${auc}`;
    this.sink.say?.(
      `Epoch ${epoch + 1}/${epochs}: loss ${loss.toFixed(4)}${validation}, ${duration(seconds)}`,
    );
    this.beginEpoch(epoch + 1, training);
  }

  onTrainEnd({ stopReason }: TrainingContext): void {
    if (stopReason !== null) this.sink.say?.(`Stopped: ${stopReason}`);
  }

  private beginValidation(done: number, { stepsPerEpoch, validationSteps }: TrainingContext): void {
    if (validationSteps === 0 || done < stepsPerEpoch) return;
    this.bar = this.sink.progress('Validation', validationSteps, 'batches');
  }

  private beginEpoch(epoch: number, { epochs, stepsPerEpoch, stopReason }: TrainingContext): void {
    if (epoch === epochs || stopReason !== null) return;
    this.bar = this.sink.progress(`Epoch ${epoch + 1}/${epochs}`, stepsPerEpoch);
  }
}
