/** Class frequencies and the loss weights made of them, in float64. Source: the notebook's section 2.2. */
import { DataError } from '../core/errors.js';
import { countPositives, type Frame } from './frame.js';

export interface ClassFrequencies {
  /** Share of rows with the finding, each class. */
  readonly positive: Float64Array;
  /** Share of rows without it, each class. */
  readonly negative: Float64Array;
}

/**
 * The notebook's compute_class_freqs: positive = sum / N, negative = (N - sum) / N.
 * @param labels labels[row, class], 0 or 1
 * @throws DataError when there are no rows
 */
export function computeClassFreqs(labels: ArrayLike<number>, classes: number): ClassFrequencies {
  const rows = labels.length / classes;
  if (rows === 0) throw new DataError('Class frequencies need at least one row.', 'Check the CSV.');
  const sums = new Float64Array(classes);
  for (let i = 0; i < labels.length; i++) sums[i % classes] += labels[i];
  return { positive: sums.map((sum) => sum / rows), negative: sums.map((sum) => (rows - sum) / rows) };
}

/** As `computeClassFreqs`, of a CSV's rows. */
export function frameFrequencies(frame: Frame): ClassFrequencies {
  return computeClassFreqs(frame.labels, frame.classes.length);
}

export interface LossWeights {
  /** Weight of the positive term of each class. */
  readonly positive: Float64Array;
  /** Weight of the negative term of each class. */
  readonly negative: Float64Array;
}

/** Positive weights are the negative frequencies and the other way round, so that both sides contribute alike. */
export function lossWeights(frequencies: ClassFrequencies): LossWeights {
  return { positive: frequencies.negative.slice(), negative: frequencies.positive.slice() };
}

/** What each side of each class adds to the loss: frequency times weight; equal on both sides with `lossWeights`. */
export function contributions(frequencies: ClassFrequencies, weights: LossWeights): ClassFrequencies {
  return {
    positive: frequencies.positive.map((f, i) => f * weights.positive[i]),
    negative: frequencies.negative.map((f, i) => f * weights.negative[i]),
  };
}

/** Positives of all classes together; the notebook prints it as "samples of disease". */
export function totalPositives(frame: Frame): number {
  return countPositives(frame).reduce((sum, count) => sum + count, 0);
}
