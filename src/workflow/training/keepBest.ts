/**
 * Callback: a network that has learned already is not made worse. Of the weights before the training and those of every
 * epoch, the ones with the least validation loss are there in the end.
 */

import type { BatchSource } from '../../training/batch.js';
import type { Callback, EpochInfo, TrainingContext } from '../../training/callbacks/callback.js';
import type { Loss } from '../../training/losses/loss.js';
import type { Model } from '../../training/model/model.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import { predictAll } from '../../training/predictAll.js';

export class KeepBest implements Callback {
  /** Validation loss before the first step; NaN until it is known. */
  startLoss = Number.NaN;
  /** Epochs taken when the best weights were there: 0 for those before the training. */
  bestEpoch = 0;
  private best = Number.POSITIVE_INFINITY;
  private weights: WeightMap | null = null;
  private isLast = true;

  constructor(
    private readonly validation: BatchSource,
    private readonly loss: Loss,
    private readonly signal?: AbortSignal,
  ) {}

  async onTrainBegin({ model }: TrainingContext): Promise<void> {
    const { probabilities, labels } = await predictAll(model, this.validation, { signal: this.signal });
    this.startLoss = this.loss.value(probabilities, labels);
    await this.keep(this.startLoss, 0, model);
  }

  async onEpoch({ epoch, logs }: EpochInfo, { model }: TrainingContext): Promise<void> {
    this.isLast = logs.val_loss !== undefined && logs.val_loss < this.best;
    if (logs.val_loss !== undefined && this.isLast) await this.keep(logs.val_loss, epoch + 1, model);
  }

  async onTrainEnd({ model }: TrainingContext): Promise<void> {
    if (this.weights && !this.isLast) await model.importWeights(this.weights);
  }

  private async keep(loss: number, epoch: number, model: Model): Promise<void> {
    this.best = loss;
    this.bestEpoch = epoch;
    this.weights = await model.exportWeights();
  }
}
