/** Class frequencies and the loss weights made of them, in float64. Source: the notebook's section 2.2. */
import {
  finite,
  firstIndex,
  kindOf,
  listOfNumbers,
  requireFields,
  requireObject,
  shown,
  wholeNumber,
} from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { checkFrame, type Frame } from './frame.js';

/** How often each class occurs, from 0 to 1; made by `computeClassFreqs` and `frameFrequencies`. */
export interface ClassFrequencies {
  /** Share of rows with the finding, per class, of those whose label is known; 0 where none is. */
  readonly positive: Float64Array;
  /** Share of rows without it, likewise. */
  readonly negative: Float64Array;
}

/**
 * The notebook's compute_class_freqs: positive = sum / N, negative = (N - sum) / N, N the rows.
 * @param labels labels[row, class], 0 or 1
 * @param unknownLabels whether a label may be NaN, unknown: then N is a class's rows with a known label
 * @throws DataError when there are no rows, they are no whole rows, or a label is neither 0 nor 1; UsageError for
 *   classes that are no whole number, or labels that are no array of numbers
 */
export function computeClassFreqs(
  labels: ArrayLike<number>,
  classes: number,
  options: { unknownLabels?: boolean } = {},
): ClassFrequencies {
  requireFields('The options of computeClassFreqs', options, ['unknownLabels']);
  const { unknownLabels = false } = options;
  wholeNumber('classes', classes, 1);
  listOfNumbers('labels', labels);
  const rows = labels.length / classes;
  if (!Number.isInteger(rows)) {
    throw new DataError(`${labels.length} labels do not make rows of ${classes} classes.`);
  }
  const unknown = (label: number) => unknownLabels && Number.isNaN(label);
  const bad = firstIndex(labels, (label) => label !== 0 && label !== 1 && !unknown(label));
  if (bad >= 0) {
    throw new DataError(
      `The label of class ${bad % classes} in row ${Math.floor(bad / classes)} is ${labels[bad]}.`,
      'Labels must be 0 or 1.',
    );
  }
  if (rows === 0) throw new DataError('Class frequencies need at least one row.', 'Check the CSV.');
  const sums = new Float64Array(classes);
  const known = new Float64Array(classes);
  for (let i = 0; i < labels.length; i++) {
    if (unknown(labels[i])) continue;
    sums[i % classes] += labels[i];
    known[i % classes]++;
  }
  const share = (count: number, c: number) => (known[c] === 0 ? 0 : count / known[c]);
  return { positive: sums.map(share), negative: sums.map((sum, c) => share(known[c] - sum, c)) };
}

/** As `computeClassFreqs`, of a CSV's rows, by the labels that are known. */
export function frameFrequencies(frame: Frame): ClassFrequencies {
  checkFrame(frame);
  return computeClassFreqs(frame.labels, frame.classes.length, { unknownLabels: true });
}

/** As `fit`, `compile` and `weightedCrossEntropy` take them: `fit(model, source, { epochs, ...lossWeights(f) })`. */
export interface LossWeights {
  /** Weight of the positive term of each class. */
  readonly posWeights: Float64Array;
  /** Weight of the negative term of each class. */
  readonly negWeights: Float64Array;
}

/** Positive weights are the negative frequencies and the other way round, so that both sides contribute alike. */
export function lossWeights(frequencies: ClassFrequencies): LossWeights {
  const { positive, negative } = checkedSides('frequencies', frequencies, ['positive', 'negative']);
  return { posWeights: negative.slice(), negWeights: positive.slice() };
}

/** What each side of each class adds to the loss: frequency times weight; equal on both sides with `lossWeights`. */
export function contributions(frequencies: ClassFrequencies, weights: LossWeights): ClassFrequencies {
  const { positive, negative } = checkedSides('frequencies', frequencies, ['positive', 'negative']);
  const { posWeights, negWeights } = checkedSides('weights', weights, ['posWeights', 'negWeights']);
  if (posWeights.length !== positive.length) {
    throw new UsageError(
      `There are weights of ${posWeights.length} classes and frequencies of ${positive.length}.`,
    );
  }
  return {
    positive: positive.map((f, i) => f * posWeights[i]),
    negative: negative.map((f, i) => f * negWeights[i]),
  };
}

/** @throws UsageError unless both sides are Float64Arrays of one length, of finite numbers */
function checkedSides<Side extends string, T extends Readonly<Record<Side, Float64Array>>>(
  name: string,
  given: T,
  sides: readonly [Side, Side],
): T {
  requireObject(name, given);
  for (const side of sides) {
    const values = given[side];
    if (kindOf(values) !== 'Float64Array') {
      throw new UsageError(`${name}: ${side} is ${shown(values)}, it must be a Float64Array.`);
    }
    for (const [i, value] of values.entries()) finite(`${name}: ${side}[${i}]`, value);
  }
  const [one, other] = sides.map((side) => given[side].length);
  if (one === other) return given;
  throw new UsageError(`${name}: there are ${one} classes on one side and ${other} on the other.`);
}
