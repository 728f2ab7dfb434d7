/** The weighted cross-entropy of the notebook on the CPU, for validation and evaluation. */
import { firstIndex, listOfNumbers, requireObject } from '../../core/arguments.js';
import { DataError, NonFiniteError, UsageError } from '../../core/errors.js';
import { checkLoss, type LossOptions } from '../trainingOptions.js';

/**
 * Mean over the batch, sum over the classes (keras-spec 1.6), in float64:
 * L = sum_i -1/B sum_b [ w+_i y_bi ln(p_bi + eps) + w-_i (1 - y_bi) ln(1 - p_bi + eps) ].
 * @param p p[b,classes], from 0 to 1
 * @param labels labels[b,classes], 0 or 1 or between
 * @throws UsageError for weights or an epsilon that make no sense; DataError for lengths that do not fit and numbers
 *   outside 0 to 1; NonFiniteError for NaN among p
 */
export function weightedLoss(p: ArrayLike<number>, labels: ArrayLike<number>, weights: LossOptions): number {
  requireObject('The loss weights', weights);
  const classes = listOfNumbers('posWeights', weights.posWeights).length;
  if (classes === 0) throw new UsageError('posWeights is empty; there must be one number a class.');
  const { posWeights, negWeights, epsilon = 1e-7 } = checkLoss(weights, classes);
  listOfNumbers('The probabilities', p);
  listOfNumbers('The labels', labels);
  if (p.length !== labels.length || p.length === 0 || p.length % classes !== 0) {
    throw new DataError(`${p.length} probabilities and ${labels.length} labels for ${classes} classes.`);
  }
  const badLabel = firstIndex(labels, (v) => !(v >= 0 && v <= 1));
  if (badLabel >= 0)
    throw new DataError(`The label at position ${badLabel} is ${labels[badLabel]}, not 0..1.`);
  const bad = firstIndex(p, (v) => !(v >= 0 && v <= 1));
  if (bad >= 0) {
    const message = `The probability at position ${bad} is ${p[bad]}, not 0..1.`;
    throw Number.isFinite(p[bad]) ? new DataError(message) : new NonFiniteError(message);
  }
  const count = p.length / classes;
  let loss = 0;
  for (let i = 0; i < classes; i++) {
    let pos = 0;
    let neg = 0;
    for (let b = 0; b < count; b++) {
      const y = labels[b * classes + i];
      pos += posWeights[i] * y * Math.log(p[b * classes + i] + epsilon);
      neg += negWeights[i] * (1 - y) * Math.log(1 - p[b * classes + i] + epsilon);
    }
    loss += -pos / count - neg / count;
  }
  return loss;
}
