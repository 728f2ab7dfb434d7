/**
 * What a loss is to the rest of a training: what it records behind the forward pass, and the same number in float64
 * on the CPU for validation. One file per loss beside this one, one line per loss in index.ts.
 */
import {
  firstIndex,
  floats,
  listOfNumbers,
  oneOf,
  requireFunction,
  requireObject,
  share,
  shown,
  trueOrFalse,
  wholeNumber,
} from '../../core/arguments.js';
import { DataError, NonFiniteError, UsageError } from '../../core/errors.js';
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import type { LossTensors as KernelTensors } from '../../shaders/loss/elementLoss.js';
import type { Setting } from '../setting.js';
import { UNKNOWN_HINT } from '../unknownLabels.js';

/** What a loss reads and writes. */
export interface LossTensors extends KernelTensors {
  /** `Loss.constants` as constants[1,1,1,n]; null where it has none. */
  constants: Tensor | null;
}

export interface Loss {
  /** As the registry and `--loss` name it. */
  readonly name: string;
  /** For people: `weighted cross-entropy`. */
  readonly title: string;
  /** How one number is made of those of all labels, for people: `mean over the batch, sum over the classes`. */
  readonly reduction: string;
  /** All that it was made with, as JSON holds it: two losses of one name and the same settings are the same. */
  readonly settings: Readonly<Record<string, unknown>>;
  /** What must make probabilities of the network's logits. */
  readonly activation: 'sigmoid' | 'softmax';
  /** Classes that it is made for; null for any number of them. */
  readonly classes: number | null;
  /**
   * Whether a label may be NaN: unknown. It adds nothing to the loss and to dz, and what the sums are divided by stays
   * the same (the images of the batch), as with Keras' sample weight of 0: a known label counts alike in every batch.
   */
  readonly unknownLabels: boolean;
  /**
   * Share a by which labels go towards 1/2 before the loss is made of them: y (1 - a) + a / 2, as Keras'
   * `label_smoothing` of its binary losses. The model does so for `record`, `value` for itself. Default: 0.
   */
  readonly labelSmoothing?: number;
  /** Numbers that its kernel reads from a buffer of their own; null where its parameters suffice. */
  readonly constants: Float32Array | null;
  /** Records p, the loss and dz. */
  record(plan: PlanBuilder, label: string, tensors: LossTensors): void;
  /**
   * The same loss in float64, of p[b,classes] and labels[b,classes], 0 or 1 or between.
   * @throws DataError for lengths that do not fit and numbers outside 0 to 1; NonFiniteError for NaN among p
   */
  value(p: ArrayLike<number>, labels: ArrayLike<number>): number;
}

/** What a loss may take from the training labels. */
export interface LossData {
  /** The weights of `lossWeights`, one per class. */
  readonly posWeights: readonly number[];
  readonly negWeights: readonly number[];
  readonly unknownLabels: boolean;
}

/** A loss as the registry has it: what commands offer, and how they make it. */
export interface LossKind {
  /** For `--loss`; that of its losses. */
  readonly name: string;
  /** One line of help. */
  readonly help: string;
  /** Whether it weighs each class's positive and negative labels by `LossData`. */
  readonly weighsClasses?: boolean;
  /** By name; each has a flag, `--focal-gamma` for gamma of focal; those that losses share their own name. */
  readonly settings: Readonly<Record<string, Setting<number>>>;
  /** @param settings those that were chosen, checked; the loss's own defaults hold for the others */
  make(settings: Readonly<Record<string, number>>, data: LossData): Loss;
}

/** A loss that is chosen and not made yet: the labels are still to be read. */
export interface LossChoice {
  readonly kind: LossKind;
  readonly settings: Readonly<Record<string, number>>;
}

/**
 * A loss that a caller gives, for a network.
 * @throws UsageError for what is no loss, and for a loss of another activation or another number of classes
 */
export function checkLoss(loss: Loss, network: { name: string; classes: number; activation: string }): Loss {
  requireObject('loss', loss);
  for (const field of ['name', 'title', 'reduction'] as const) {
    if (typeof loss[field] === 'string') continue;
    throw new UsageError(`loss: ${field} is ${shown(loss[field])}, it must be a string.`);
  }
  requireObject('loss: settings', loss.settings);
  requireJson('loss: settings', loss.settings);
  if (loss.constants !== null && floats('loss: constants', loss.constants).length === 0) {
    throw new UsageError('loss: constants is empty; it must be null where there are none.');
  }
  requireFunction('loss: record', loss.record);
  requireFunction('loss: value', loss.value);
  trueOrFalse('loss: unknownLabels', loss.unknownLabels);
  oneOf('loss: activation', loss.activation, ['sigmoid', 'softmax']);
  if (loss.activation !== network.activation) {
    throw new UsageError(
      `${network.name} ends in a ${network.activation}, and the ${loss.name} loss is for a ${loss.activation}.`,
      `Train it with densenetConfig(name, { activation: '${loss.activation}' }).`,
    );
  }
  if (loss.labelSmoothing !== undefined) share('loss: labelSmoothing', loss.labelSmoothing);
  if (loss.classes !== null) wholeNumber('loss: classes', loss.classes, 1);
  if (loss.classes !== null && loss.classes !== network.classes) {
    throw new UsageError(
      `The ${loss.name} loss is for ${loss.classes} classes, and ${network.name} has ${network.classes}.`,
    );
  }
  return loss;
}

function requireJson(field: string, value: unknown): void {
  try {
    JSON.stringify(value);
  } catch (error) {
    throw new UsageError(`${field} cannot be written as JSON: ${(error as Error).message}`);
  }
}

/** Labels as a loss wants them, NaN where they are unknown: see `Loss.labelSmoothing`. */
export function smoothLabels(labels: Float32Array, { labelSmoothing = 0 }: Pick<Loss, 'labelSmoothing'>) {
  return labelSmoothing === 0 ? labels : labels.map((y) => smoothed(y, labelSmoothing));
}

/** One of them, in float64. */
export const smoothed = (y: number, share: number): number => y * (1 - share) + share / 2;

/** The setting, and what a loss's title says of it. */
export const LABEL_SMOOTHING: Setting<number> = {
  default: 0,
  check: share,
  help: 'share by which labels go towards 1/2: 0.1 makes 0.05 and 0.95 of 0 and 1',
};

export const smoothingWords = (share: number): string => (share === 0 ? '' : `, labels smoothed by ${share}`);

/** Whether two losses are one and the same to a recorded plan. */
export function sameLoss(a: Loss, b: Loss): boolean {
  return a === b || (a.name === b.name && JSON.stringify(a.settings) === JSON.stringify(b.settings));
}

/**
 * What every `Loss.value` asks of its arguments.
 * @throws DataError for lengths that do not fit and numbers outside 0 to 1; NonFiniteError for NaN among p
 */
export function checkScored(
  p: ArrayLike<number>,
  labels: ArrayLike<number>,
  { classes, unknownLabels }: Pick<Loss, 'classes' | 'unknownLabels'>,
): void {
  listOfNumbers('The probabilities', p);
  listOfNumbers('The labels', labels);
  if (p.length !== labels.length || p.length === 0 || p.length % (classes ?? 1) !== 0) {
    const whom = classes === null ? '' : ` for ${classes} classes`;
    throw new DataError(`${p.length} probabilities and ${labels.length} labels${whom}.`);
  }
  const unknown = (v: number) => unknownLabels && Number.isNaN(v);
  const badLabel = firstIndex(labels, (v) => !((v >= 0 && v <= 1) || unknown(v)));
  if (badLabel >= 0) {
    throw new DataError(
      `The label at position ${badLabel} is ${labels[badLabel]}, not 0..1.`,
      Number.isNaN(labels[badLabel]) ? UNKNOWN_HINT : undefined,
    );
  }
  const bad = firstIndex(p, (v) => !(v >= 0 && v <= 1));
  if (bad >= 0) {
    const message = `The probability at position ${bad} is ${p[bad]}, not 0..1.`;
    throw Number.isFinite(p[bad]) ? new DataError(message) : new NonFiniteError(message);
  }
}
