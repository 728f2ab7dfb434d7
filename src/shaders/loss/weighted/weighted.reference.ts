/** Plain-loop float64 weighted cross-entropy: the oracle of weighted.ts. */
import { type Dense, dense } from '../../checkCase.js';
import { sigmoid } from '../loss.reference.js';

/**
 * loss = sum_c( -mean_b w+ y ln(p+eps) - mean_b w- (1-y) ln(1-p+eps) ), weights = [w+ | w-],
 * with nothing of a label that is NaN,
 * dz = p(1-p)/B * ( -w+ y/(p+eps) + w- (1-y)/(1-p+eps) )
 */
export function weightedLoss(z: Dense, labels: Dense, weights: Dense, epsilon: number) {
  const [batch, , , classes] = z.shape;
  const p = sigmoid(z);
  const dz = dense(z.shape);
  const loss = dense([1, 1, 1, 1]);
  for (let c = 0; c < classes; c++) {
    for (let b = 0; b < batch; b++) {
      const i = b * classes + c;
      if (Number.isNaN(labels.data[i])) continue;
      const v = p.data[i];
      const positive = weights.data[c] * labels.data[i];
      const negative = weights.data[classes + c] * (1 - labels.data[i]);
      loss.data[0] -= (positive * Math.log(v + epsilon) + negative * Math.log(1 - v + epsilon)) / batch;
      dz.data[i] = ((v * (1 - v)) / batch) * (negative / (1 - v + epsilon) - positive / (v + epsilon));
    }
  }
  return { p, loss, dz };
}
