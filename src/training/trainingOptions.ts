/** How a network is trained: loss and optimiser, and what of it makes sense. */
import { oneOf, requireObject } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import { MOVING_VARIANCE_RULES, type MovingVarianceRule } from '../shaders/batchnorm/batchnorm.js';
import { checkLoss, type Loss } from './losses/loss.js';
import { type WeightedSettings, weightedCrossEntropy } from './losses/weightedCrossEntropy.js';
import type { Network } from './network.js';
import {
  type AdamSettings,
  type AdamState,
  checkAdamSettings,
  checkAdamState,
} from './optimizers/adamState.js';

/** A loss, or the settings of the weighted cross-entropy; not both. */
export interface LossOptions extends Partial<WeightedSettings> {
  loss?: Loss;
}

export interface TrainingOptions extends AdamSettings, LossOptions {
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

/** A training that is compiled: its loss is one, whichever way it was given. */
export type CompiledTraining = Omit<TrainingSettings, keyof WeightedSettings> &
  Required<AdamSettings> & { loss: Loss };

/**
 * The loss that options ask for, for a network of so many classes.
 * @param before the loss so far: it holds where they name none, and so does its epsilon
 * @throws UsageError where there is none, or settings of the weighted cross-entropy stand beside one or make no sense
 */
export function chosenLoss(options: LossOptions, classes: number, before?: Loss): Loss {
  const flat = FLAT.filter((name) => options[name] !== undefined);
  const { loss = before } = options;
  if (options.loss !== undefined && flat.length > 0) {
    throw new UsageError(
      `There is a loss, and beside it ${flat.join(', ')}.`,
      'Give weightedCrossEntropy({ posWeights, negWeights, epsilon }) as the loss, or these alone.',
    );
  }
  if (flat.length > 0) {
    const kept = before?.name === 'weighted' ? before.settings.epsilon : undefined;
    const { posWeights, negWeights, epsilon = kept } = options;
    return weightedCrossEntropy({ posWeights, negWeights, epsilon } as WeightedSettings, classes);
  }
  if (loss) return loss;
  throw new UsageError('There is no loss to train by.', 'Give loss, or posWeights and negWeights.');
}

const FLAT = ['posWeights', 'negWeights', 'epsilon'] as const;

/** Checks what options say of the loss, and copies it. */
function givenLoss(options: LossOptions, network: Network): LossOptions {
  if (options.loss === undefined && FLAT.every((name) => options[name] === undefined)) return {};
  const loss = checkLoss(chosenLoss(options, network.classes), network);
  return options.loss === undefined ? { ...loss.settings, epsilon: options.epsilon } : { loss };
}

/**
 * Checks the options for a network and copies what is given of them; nothing of what else the caller's object holds.
 * @throws UsageError naming the field, what it is and what it may be, or for a loss that is not for this network's
 *   outputs; WeightsError for an optimiser's state that is not this network's
 */
export function checkTraining(options: TrainingOptions, network: Network): TrainingSettings {
  requireObject('The training options', options);
  const loss = givenLoss(options, network);
  const { learningRate, beta1, beta2, adamEpsilon, movingVarianceRule, optimizer } = options;
  if (movingVarianceRule !== undefined) {
    oneOf('movingVarianceRule', movingVarianceRule, MOVING_VARIANCE_RULES);
  }
  checkAdamSettings(options);
  if (optimizer !== undefined) checkAdamState(optimizer, network);
  const settings = { ...loss, learningRate, beta1, beta2, adamEpsilon, movingVarianceRule };
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
