/** How a step that is taken apart trains: the very first one of a training, by Adam. */
import { weightedCrossEntropy } from '../../training/losses/weightedCrossEntropy.js';
import { adam } from '../../training/optimizers/adam.js';

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

export interface FirstStep {
  readonly loss: LossSettings;
  readonly adam: AdamRates;
}

/** Every label counts alike. */
export function firstStep(classes: number, learningRate = 1e-3): FirstStep {
  const ones = new Array<number>(classes).fill(1);
  return {
    loss: { epsilon: 1e-7, positive: ones, negative: ones },
    adam: { learningRate, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 },
  };
}

/** For `compile`. */
export function compiledFirstStep({ loss, adam: rates }: FirstStep) {
  const { positive: posWeights, negative: negWeights, epsilon } = loss;
  return { loss: weightedCrossEntropy({ posWeights, negWeights, epsilon }), optimizer: adam({ ...rates }) };
}
