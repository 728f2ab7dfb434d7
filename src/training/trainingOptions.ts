/** How a network is trained: loss and optimizer, and what of it makes sense. */
import { oneOf, requireFields, requireObject } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import { WORK } from '../core/work.js';
import { MOVING_VARIANCE_RULES, type MovingVarianceRule } from '../shaders/batchnorm/forward/forward.js';
import { checkLayers, completeLayers, type LayerSettings, layerRoles } from './layers/layerSettings.js';
import { checkLoss, type Loss } from './losses/loss.js';
import { type WeightedSettings, weightedCrossEntropy } from './losses/weightedCrossEntropy.js';
import type { Network } from './network.js';
import { ADAM } from './optimizers/adam.js';
import {
  type CompleteOptimizer,
  checkKind,
  checkSettings,
  type Optimizer,
  type OptimizerKind,
  type SettingMap,
} from './optimizers/optimizer.js';
import { checkOptimizerState, type OptimizerState } from './optimizers/state.js';
import { checkUpdates, UPDATE_SETTINGS, type UpdateSettings } from './updates/updateSettings.js';

/** A loss, or the settings of the weighted cross-entropy; not both. */
export interface LossOptions extends Partial<WeightedSettings> {
  loss?: Loss;
}

/**
 * Settings of the optimizer without its name. Where a model is compiled they are Adam's, or those of the optimizer
 * whose state is given; where a training goes on, those of the optimizer that it has.
 */
export interface OptimizerShorthand {
  learningRate?: number;
  beta1?: number;
  beta2?: number;
  /** Adam's `epsilon`; the one of that name here is the loss's. */
  adamEpsilon?: number;
}

export interface TrainingOptions
  extends OptimizerShorthand,
    LossOptions,
    Partial<UpdateSettings>,
    Partial<LayerSettings> {
  /** Which Keras' rule the moving variance follows. */
  movingVarianceRule?: MovingVarianceRule;
  /**
   * `adam({ ... })` or its like, or a state to go on from, whose settings hold where the shorthand above says nothing.
   * Default: Adam. `compile` starts afresh without a state; `fit` goes on where the model is trained with this kind
   * already, with the settings named here and otherwise those that it had.
   */
  optimizer?: Optimizer | OptimizerState;
}

/** What was asked of the optimizer, checked. */
export interface OptimizerRequest {
  /** Undefined where only settings were given, or nothing. */
  kind?: OptimizerKind;
  /** By the kind's own names. */
  settings: SettingMap;
  state?: OptimizerState;
}

/** The options, checked and copied but for the optimizer's state; what was left out is not there. */
export interface TrainingSettings extends LossOptions {
  movingVarianceRule?: MovingVarianceRule;
  optimizer: OptimizerRequest;
  updates: Partial<UpdateSettings>;
  layers: Partial<LayerSettings>;
}

/** A training that is compiled. Its optimizer's settings may change between steps. */
export interface CompiledTraining {
  /** One, whichever way it was given. */
  loss: Loss;
  movingVarianceRule?: MovingVarianceRule;
  optimizer: CompleteOptimizer;
  updates: UpdateSettings;
  layers: LayerSettings;
}

/**
 * The loss that options ask for, for a network of so many classes.
 * @param before the loss so far: it holds where they name none; where they leave out epsilon, unknownLabels or
 *   labelSmoothing, its own hold, if it is the weighted one
 * @throws UsageError where there is none, or settings of the weighted cross-entropy stand beside one or make no sense
 */
export function chosenLoss(options: LossOptions, classes: number, before?: Loss): Loss {
  const flat = FLAT.filter((name) => options[name] !== undefined);
  const { loss = before } = options;
  if (options.loss !== undefined && flat.length > 0) {
    throw new UsageError(
      `There is a loss, and beside it ${flat.join(', ')}.`,
      'Give them to the loss, or, for the weighted cross-entropy, alone.',
    );
  }
  if (flat.length > 0) {
    const kept: Partial<WeightedSettings> = before?.name === 'weighted' ? before.settings : {};
    const { posWeights, negWeights, epsilon = kept.epsilon } = options;
    const { unknownLabels = kept.unknownLabels, labelSmoothing = kept.labelSmoothing } = options;
    const settings = { posWeights, negWeights, epsilon, unknownLabels, labelSmoothing };
    return weightedCrossEntropy(settings as WeightedSettings, classes);
  }
  if (loss) return loss;
  throw new UsageError('There is no loss to train by.', 'Give loss, or posWeights and negWeights.');
}

const FLAT = ['posWeights', 'negWeights', 'epsilon', 'unknownLabels', 'labelSmoothing'] as const;

/** Checks what options say of the loss, and copies it. */
function givenLoss(options: LossOptions, network: Network): LossOptions {
  if (options.loss === undefined && FLAT.every((name) => options[name] === undefined)) return {};
  const loss = checkLoss(chosenLoss(options, network.classes), network);
  if (options.loss !== undefined) return { loss };
  const { epsilon, unknownLabels, labelSmoothing } = options;
  return { ...loss.settings, epsilon, unknownLabels, labelSmoothing };
}

/** The names of `TrainingOptions`, and those that `fit` has beside them. */
const TRAINING = [
  ...'optimizer loss movingVarianceRule learningRate beta1 beta2 adamEpsilon freeze frozenNorms rateOf'.split(
    ' ',
  ),
  ...[...FLAT, ...Object.keys(UPDATE_SETTINGS), ...WORK],
];
const LOOP =
  'epochs stepsPerEpoch validation validationSteps keras231ValLoss callbacks checkpoint resume'.split(' ');

/**
 * Checks the options for a network and copies what is given of them; nothing of what else the caller's object holds.
 * @throws UsageError naming the field, what it is and what it may be, or for a loss that is not for this network's
 *   outputs; WeightsError for an optimizer's state that is not this network's
 */
export function checkTraining(options: TrainingOptions, network: Network): TrainingSettings {
  requireFields('The training options', options, [...TRAINING, ...LOOP]);
  const loss = givenLoss(options, network);
  const { movingVarianceRule } = options;
  if (movingVarianceRule !== undefined) {
    oneOf('movingVarianceRule', movingVarianceRule, MOVING_VARIANCE_RULES);
  }
  const given = Object.entries({ ...loss, movingVarianceRule }).filter(([, value]) => value !== undefined);
  const updates = checkUpdates(options);
  const layers = checkLayers(options);
  return { ...Object.fromEntries(given), optimizer: checkOptimizer(options, network), updates, layers };
}

/**
 * Layers of a training: what is given, else those before.
 * @throws UsageError as `layerRoles`, and for an optimizer that cannot leave a layer as it is
 */
export function chosenLayers(
  network: Network,
  given: Partial<LayerSettings>,
  kind: OptimizerKind,
  before?: LayerSettings,
): LayerSettings {
  const layers = completeLayers(given, before);
  if (layerRoles(network, layers).differ && !kind.rescaled) {
    throw new UsageError(
      `The optimizer ${kind.title} freezes no layers and has one learning rate for all.`,
      'Give its kind `rescaled` and heed `factors`, or leave out freeze and rateOf.',
    );
  }
  return layers;
}

const SHORTHAND = ['learningRate', 'beta1', 'beta2', 'adamEpsilon'] as const;

function checkOptimizer(options: TrainingOptions, network: Network): OptimizerRequest {
  const given = SHORTHAND.filter((field) => options[field] !== undefined);
  const shorthand = Object.fromEntries(
    given.map((field) => {
      const name = field === 'adamEpsilon' ? 'epsilon' : field;
      return [name, ADAM.settings[name].check(field, options[field])];
    }),
  );
  const { optimizer } = options;
  if (optimizer === undefined) return { settings: shorthand };
  requireObject('optimizer', optimizer);
  if ('kind' in optimizer) {
    const { kind, settings } = optimizer;
    checkKind(kind);
    if (given.length > 0) {
      throw new UsageError(
        `optimizer is there and ${given.join(', ')} too.`,
        `Give the settings to the optimizer: ${kind.name}({ ... }).`,
      );
    }
    return { kind, settings: checkSettings(kind, settings, 'optimizer: ') };
  }
  const kind = checkOptimizerState(optimizer, network);
  return { kind, settings: checkSettings(kind, shorthand), state: optimizer };
}
