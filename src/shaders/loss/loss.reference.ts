/** Plain-loop float64 sigmoid, softmax and weighted loss: the oracle of loss.ts. */
import { type Dense, dense } from '../checkCase.js';

/** p = 1/(1+exp(-z)) */
export function sigmoid(z: Dense): Dense {
  return { shape: z.shape, data: z.data.map((v) => 1 / (1 + Math.exp(-v))) };
}

/** p[b,c] = exp(z[b,c]) / sum_k exp(z[b,k]) */
export function softmax(z: Dense): Dense {
  const [batch, , , classes] = z.shape;
  const p = dense(z.shape);
  for (let b = 0; b < batch; b++) {
    const row = z.data.subarray(b * classes, (b + 1) * classes);
    const sum = row.reduce((total, v) => total + Math.exp(v), 0);
    row.forEach((v, c) => {
      p.data[b * classes + c] = Math.exp(v) / sum;
    });
  }
  return p;
}

/**
 * loss = sum_c( -mean_b w+ y ln(p+eps) - mean_b w- (1-y) ln(1-p+eps) ), weights = [w+ | w-],
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
      const v = p.data[i];
      const positive = weights.data[c] * labels.data[i];
      const negative = weights.data[classes + c] * (1 - labels.data[i]);
      loss.data[0] -= (positive * Math.log(v + epsilon) + negative * Math.log(1 - v + epsilon)) / batch;
      dz.data[i] = ((v * (1 - v)) / batch) * (negative / (1 - v + epsilon) - positive / (v + epsilon));
    }
  }
  return { p, loss, dz };
}
