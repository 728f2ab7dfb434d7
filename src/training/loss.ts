/** The weighted cross-entropy of the notebook on the CPU, for validation and evaluation. */

export interface LossWeights {
  posWeights: readonly number[];
  negWeights: readonly number[];
  /** Inside each logarithm. */
  epsilon?: number;
}

/**
 * Mean over the batch, sum over the classes (keras-spec 1.6), in float64:
 * L = sum_i -1/B sum_b [ w+_i y_bi ln(p_bi + eps) + w-_i (1 - y_bi) ln(1 - p_bi + eps) ].
 * @param p p[b,classes]
 * @param labels labels[b,classes], 0 or 1
 */
export function weightedLoss(p: ArrayLike<number>, labels: ArrayLike<number>, weights: LossWeights): number {
  const { posWeights, negWeights, epsilon = 1e-7 } = weights;
  const classes = posWeights.length;
  if (p.length !== labels.length || p.length === 0 || p.length % classes !== 0) {
    throw new RangeError(`${p.length} probabilities and ${labels.length} labels for ${classes} classes.`);
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
