/** How a network is trained: loss weights and optimiser, and what of it makes sense. */
import { listOfNumbers, nonNegativeNumber, oneOf, positiveNumber, requireObject } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import type { DenseNetConfig } from '../densenet/architecture.js';
import { MOVING_VARIANCE_RULES, type MovingVarianceRule } from '../shaders/batchnorm/batchnorm.js';
import {
  type AdamSettings,
  type AdamState,
  checkAdamSettings,
  checkAdamState,
} from './optimizers/adamState.js';

export interface TrainingOptions extends AdamSettings {
  /** One weight a class for positive and negative labels, 0 or above: keras-spec 1.5. */
  posWeights: readonly number[];
  negWeights: readonly number[];
  /** Inside the logarithms of the loss; above 0. */
  epsilon?: number;
  /** Which Keras' rule the moving variance follows. */
  movingVarianceRule?: MovingVarianceRule;
  /**
   * Adam's state to go on from; without it the moments start from zero. Its settings hold where the
   * options above say nothing.
   */
  optimizer?: AdamState;
}

/** The options without the optimiser's state, checked and copied; what was left out is not there. */
export type TrainingSettings = Omit<TrainingOptions, 'optimizer'>;

/** Loss weights and epsilon, alone. */
export type LossOptions = Pick<TrainingOptions, 'posWeights' | 'negWeights' | 'epsilon'>;

/**
 * Checked copies of loss weights, one a class.
 * @throws UsageError unless they are numbers, 0 or above, `classes` of them on either side, and epsilon above 0
 */
export function checkLoss(options: LossOptions, classes: number): LossOptions {
  const side = (name: 'posWeights' | 'negWeights'): number[] => {
    const weights = listOfNumbers(name, options[name]);
    if (weights.length !== classes) {
      throw new UsageError(`${name} has ${weights.length} numbers; there must be ${classes}, one a class.`);
    }
    return Array.from(weights, (weight, i) => nonNegativeNumber(`${name}[${i}]`, weight));
  };
  const { epsilon } = options;
  if (epsilon !== undefined) positiveNumber('epsilon', epsilon);
  return { posWeights: side('posWeights'), negWeights: side('negWeights'), epsilon };
}

/**
 * Checks the options for a network and copies what is given of them; nothing of what else the caller's object holds.
 * @throws UsageError naming the field, what it is and what it may be, or for a network that ends in a softmax;
 *   WeightsError for an optimiser's state that is not this network's
 */
export function checkTraining(options: TrainingOptions, config: DenseNetConfig): TrainingSettings {
  requireObject('The training options', options);
  if (config.activation !== 'sigmoid') {
    throw new UsageError(
      `${config.name} ends in a ${config.activation}, and the weighted loss is for sigmoids.`,
      "Train it with densenetConfig(name, { activation: 'sigmoid' }).",
    );
  }
  const { posWeights, negWeights, epsilon } = checkLoss(options, config.classes);
  const { learningRate, beta1, beta2, adamEpsilon, movingVarianceRule, optimizer } = options;
  if (movingVarianceRule !== undefined) {
    oneOf('movingVarianceRule', movingVarianceRule, MOVING_VARIANCE_RULES);
  }
  checkAdamSettings(options);
  if (optimizer !== undefined) checkAdamState(optimizer, config);
  const settings = { learningRate, beta1, beta2, adamEpsilon, epsilon, movingVarianceRule };
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  return { posWeights, negWeights, ...Object.fromEntries(given) };
}
