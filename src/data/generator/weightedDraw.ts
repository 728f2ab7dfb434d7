/** Rows drawn more or less often than they occur, and weights that make the labels even. */
import { listOfNumbers } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import type { MT19937 } from '../../core/mt19937.js';
import { checkFrame, countPositives, type Frame } from '../tables/frame.js';

/** One number per row of a frame, 0 or above: how likely the row is drawn. They need not add up to 1. */
export type RowWeights = (frame: Frame) => ArrayLike<number>;

/**
 * Weights that make the labels even, as one gives them to torch's `WeightedRandomSampler`. An image with several
 * findings counts as its rarest one (of the fewest positive labels in the frame; of equally rare ones the first), an
 * image without any as healthy. Each of these groups is as likely as any other, each of its images as likely as the
 * others: a row's weight is 1 / (rows of its group). A label that is unknown is no finding.
 * @returns weights[row]
 * @throws UsageError or DataError for a frame that is none
 */
export function balancedWeights(frame: Frame): Float64Array {
  checkFrame(frame);
  const { images, labels, classes } = frame;
  const positives = countPositives(frame);
  const healthy = classes.length;
  const groupOf = (row: number): number => {
    let rarest = healthy;
    for (let c = 0; c < classes.length; c++) {
      if (labels[row * classes.length + c] !== 1) continue;
      if (rarest === healthy || positives[c] < positives[rarest]) rarest = c;
    }
    return rarest;
  };
  const groups = Int32Array.from(images, (_, row) => groupOf(row));
  const sizes = new Float64Array(classes.length + 1);
  for (const group of groups) sizes[group]++;
  return Float64Array.from(groups, (group) => 1 / sizes[group]);
}

/**
 * Indexes drawn with replacement, each as likely as its weight: NumPy's `RandomState.choice(n, count, p=weights)`.
 * @throws UsageError for weights that are negative, not finite, or all 0
 */
export function drawWeighted(rng: MT19937, weights: ArrayLike<number>, count: number): Int32Array {
  listOfNumbers('The weights of the rows', weights);
  const cumulative = new Float64Array(weights.length);
  let sum = 0;
  for (let i = 0; i < weights.length; i++) {
    if (!(weights[i] >= 0)) {
      throw new UsageError(`The weight of row ${i} is ${weights[i]}; it must be 0 or above.`);
    }
    sum += weights[i];
    cumulative[i] = sum;
  }
  if (!(sum > 0 && sum < Number.POSITIVE_INFINITY)) {
    throw new UsageError(`The weights of the rows add up to ${sum}; they must be finite and not all 0.`);
  }
  const shares = cumulative.map((upTo) => upTo / sum);
  return Int32Array.from({ length: count }, () => firstAbove(shares, rng.random()));
}

/** The first index whose value is above `wanted`, of values that ascend to 1; `wanted` is below 1. */
function firstAbove(values: Float64Array, wanted: number): number {
  let low = 0;
  let high = values.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle] > wanted) high = middle;
    else low = middle + 1;
  }
  return low;
}
