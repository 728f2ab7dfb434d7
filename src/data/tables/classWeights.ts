/** The weights of the loss, per class and side: by frequencies, by the effective number of images, none, or given. */
import { fraction, listOfNumbers, nonNegativeNumber, oneOf, requireObject } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import { countKnown, countPositives, type Frame } from './frame.js';
import { frameFrequencies, type LossWeights, lossWeights } from './frequencies.js';

export const CLASS_WEIGHTINGS = ['frequencies', 'effective', 'none'] as const;

/** How the weights of the loss are made. */
export type ClassWeighting =
  | { readonly kind: 'frequencies' }
  | { readonly kind: 'none' }
  /** Cui et al. 2019: beta from 0 (all alike) to below 1 (towards frequencies). */
  | { readonly kind: 'effective'; readonly beta: number }
  /** One number per class, 0 or above. */
  | { readonly kind: 'given'; readonly positive: readonly number[]; readonly negative: readonly number[] };

/** The middle one of the paper's. */
export const EFFECTIVE_BETA = 0.999;

/**
 * The effective number of n images: (1 - beta^n) / (1 - beta). Cui, Jia, Lin, Song and Belongie, "Class-Balanced Loss
 * Based on Effective Number of Samples" (CVPR 2019), equation 3.
 * @throws UsageError unless n is 0 or above, and beta from 0 to below 1
 */
export function effectiveNumber(n: number, beta: number): number {
  nonNegativeNumber('n', n);
  fraction('beta', beta);
  // As exp(n ln(beta)) - 1: beta^n of few images is so near 1 that the difference would lose digits.
  return beta === 0 ? Math.min(n, 1) : -Math.expm1(n * Math.log(beta)) / (1 - beta);
}

/**
 * The weights of a frame's loss. Each class is a problem of two sides, its images with and without the finding, as far
 * as the label is known:
 * `frequencies`: `lossWeights`, w+ = n- / (n+ + n-), w- = n+ / (n+ + n-);
 * `effective`: inverse to the sides' effective numbers, w+ / w- = E(n-) / E(n+), with w+ + w- = 1. The paper's add up
 * to the number of classes, here 2; with 1 they go over into `frequencies` as beta goes to 1;
 * `none`: 1 and 1, the plain cross-entropy;
 * `given`: as they are.
 * @throws UsageError for a weighting that there is not, a beta out of range, or another number of weights than classes;
 *   DataError for a frame without rows
 */
export function classWeights(frame: Frame, weighting: ClassWeighting): LossWeights {
  requireObject('The class weighting', weighting);
  oneOf('The class weighting: kind', weighting.kind, [...CLASS_WEIGHTINGS, 'given']);
  const frequencies = frameFrequencies(frame);
  const { classes } = frame;
  if (weighting.kind === 'frequencies') return lossWeights(frequencies);
  if (weighting.kind === 'none') {
    return {
      posWeights: new Float64Array(classes.length).fill(1),
      negWeights: new Float64Array(classes.length).fill(1),
    };
  }
  if (weighting.kind === 'given') {
    return {
      posWeights: given('positive', weighting.positive, classes),
      negWeights: given('negative', weighting.negative, classes),
    };
  }
  const known = countKnown(frame);
  const counts = countPositives(frame);
  const positives = counts.map((n) => effectiveNumber(n, weighting.beta));
  const negatives = counts.map((n, c) => effectiveNumber(known[c] - n, weighting.beta));
  // 1/a : 1/b is b : a, which is a number also where a side has no image.
  const shares = (other: readonly number[]) =>
    Float64Array.from(other, (n, c) => (known[c] === 0 ? 0 : n / (positives[c] + negatives[c])));
  return { posWeights: shares(negatives), negWeights: shares(positives) };
}

function given(side: string, weights: readonly number[], classes: readonly string[]): Float64Array {
  const list = listOfNumbers(`The ${side} class weights`, weights);
  if (list.length !== classes.length) {
    throw new UsageError(
      `There are ${list.length} ${side} class weights for ${plural(classes.length, 'label')}.`,
      `Give one per label, in this order: ${classes.join(', ')}.`,
    );
  }
  return Float64Array.from(list, (weight, c) =>
    nonNegativeNumber(`The ${side} weight of ${classes[c]}`, weight),
  );
}

/** For people: "by class frequencies". */
export function classWeightingWords(weighting: ClassWeighting): string {
  if (weighting.kind === 'frequencies') return 'by class frequencies';
  if (weighting.kind === 'effective') return `by the effective number of images, beta ${weighting.beta}`;
  return weighting.kind === 'none' ? 'none, every label counts alike' : 'as given';
}
