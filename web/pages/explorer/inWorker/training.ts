/** How the step that the explorer shows trains: the very first one of a training, by Adam. */
import { adam, weightedCrossEntropy } from 'chexgpu';

/** What the loss weighs labels with. */
export interface LossSettings {
  readonly epsilon: number;
  readonly positive: readonly number[];
  readonly negative: readonly number[];
}

export interface AdamRates {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
}

export interface ExplorerTraining {
  readonly loss: LossSettings;
  readonly adam: AdamRates;
}

/** Every label counts alike. */
export function explorerTraining(classes: number): ExplorerTraining {
  const ones = new Array<number>(classes).fill(1);
  return {
    loss: { epsilon: 1e-7, positive: ones, negative: ones },
    adam: { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  };
}

/** For `compile`. */
export function compiled({ loss, adam: rates }: ExplorerTraining) {
  const { positive: posWeights, negative: negWeights, epsilon } = loss;
  return { loss: weightedCrossEntropy({ posWeights, negWeights, epsilon }), optimizer: adam({ ...rates }) };
}
