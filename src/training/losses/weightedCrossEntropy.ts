/** The notebook's weighted cross-entropy: a weight per class for positive labels and one for negative ones. */
import {
  listOfNumbers,
  nonNegativeNumber,
  positiveNumber,
  requireFields,
  share,
  trueOrFalse,
} from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { weightedLoss } from '../../shaders/loss/weighted/weighted.js';
import { checkScored, LABEL_SMOOTHING, type Loss, type LossKind, smoothed, smoothingWords } from './loss.js';

export interface WeightedSettings {
  /** One weight per class for positive and negative labels, 0 or above; see `lossWeights`. */
  posWeights: ArrayLike<number>;
  negWeights: ArrayLike<number>;
  /** Inside the logarithms; above 0. Default 1e-7. */
  epsilon?: number;
  /** Whether labels may be NaN, unknown: see `Loss.unknownLabels`. Default false: then such a label is refused. */
  unknownLabels?: boolean;
  /** From 0 to 1: see `Loss.labelSmoothing`. Default 0. */
  labelSmoothing?: number;
}

/** The notebook's. */
const EPSILON = 1e-7;

/** What a weighted loss was made with. */
export interface WeightedCrossEntropy extends Loss {
  readonly settings: Readonly<
    Required<WeightedSettings> &
      Record<'posWeights' | 'negWeights', readonly number[]> &
      Record<string, unknown>
  >;
}

const SETTINGS = ['posWeights', 'negWeights', 'epsilon', 'unknownLabels', 'labelSmoothing'] as const;

/**
 * Mean over the batch, sum over the classes:
 * L = sum_c -1/B sum_b [ w+_c y_bc ln(p_bc + eps) + w-_c (1 - y_bc) ln(1 - p_bc + eps) ].
 * @param classes how many there must be; default: as many as there are positive weights
 * @throws UsageError unless both sides are numbers, 0 or above, one per class, epsilon is above 0 and labelSmoothing
 *   from 0 to 1; for a setting that there is not
 */
export function weightedCrossEntropy(
  settings: WeightedSettings,
  classes = listOfNumbers('posWeights', settings?.posWeights).length,
): WeightedCrossEntropy {
  requireFields('The settings of the weighted loss', settings, SETTINGS);
  if (classes === 0) throw new UsageError('posWeights is empty; there must be one number per class.');
  const posWeights = side('posWeights', settings.posWeights, classes);
  const negWeights = side('negWeights', settings.negWeights, classes);
  const { epsilon = EPSILON, unknownLabels = false } = settings;
  positiveNumber('epsilon', epsilon);
  const labelSmoothing = share('labelSmoothing', settings.labelSmoothing ?? 0);
  return {
    name: 'weighted',
    title: `weighted cross-entropy${smoothingWords(labelSmoothing)}`,
    reduction: 'mean over the batch, sum over the classes',
    settings: Object.freeze({ posWeights, negWeights, epsilon, unknownLabels, labelSmoothing }),
    activation: 'sigmoid',
    classes,
    unknownLabels: trueOrFalse('unknownLabels', unknownLabels),
    labelSmoothing,
    constants: Float32Array.from([...posWeights, ...negWeights]),
    record: (plan, label, { constants, ...tensors }) =>
      weightedLoss(plan, label, { ...tensors, weights: constants! }, { epsilon }),
    value(p, labels) {
      checkScored(p, labels, { classes, unknownLabels });
      const count = p.length / classes;
      let loss = 0;
      for (let c = 0; c < classes; c++) {
        let pos = 0;
        let neg = 0;
        for (let b = 0; b < count; b++) {
          const y = smoothed(labels[b * classes + c], labelSmoothing);
          if (Number.isNaN(y)) continue;
          pos += posWeights[c] * y * Math.log(p[b * classes + c] + epsilon);
          neg += negWeights[c] * (1 - y) * Math.log(1 - p[b * classes + c] + epsilon);
        }
        loss += -pos / count - neg / count;
      }
      return loss;
    },
  };
}

export const WEIGHTED: LossKind = {
  name: 'weighted',
  help: 'cross-entropy, each class weighted so that both kinds of label count alike',
  weighsClasses: true,
  settings: {
    epsilon: { default: EPSILON, check: positiveNumber, help: 'inside the logarithms' },
    labelSmoothing: LABEL_SMOOTHING,
  },
  make: (settings, data) => weightedCrossEntropy({ ...data, ...settings }),
};

/** Checked copies of the weights on one side. */
function side(name: string, given: ArrayLike<number>, classes: number): readonly number[] {
  const weights = listOfNumbers(name, given);
  if (weights.length !== classes) {
    throw new UsageError(`${name} has ${weights.length} numbers; there must be ${classes}, one per class.`);
  }
  return Object.freeze(Array.from(weights, (weight, i) => nonNegativeNumber(`${name}[${i}]`, weight)));
}
