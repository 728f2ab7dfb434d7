/** Plain-loop float64 binary cross-entropy: the oracle of binary.ts. */
import { type Dense, dense } from '../../checkCase.js';
import { sigmoid } from '../loss.reference.js';

/** loss = mean over b and c of -( y ln(p) + (1-y) ln(1-p) ), with nothing of a label that is NaN; dz = (p-y) / (B C) */
export function binaryLoss(z: Dense, labels: Dense) {
  const p = sigmoid(z);
  const dz = dense(z.shape);
  const loss = dense([1, 1, 1, 1]);
  const count = z.data.length;
  for (let i = 0; i < count; i++) {
    const y = labels.data[i];
    if (Number.isNaN(y)) continue;
    loss.data[0] +=
      (y * Math.log1p(Math.exp(-z.data[i])) + (1 - y) * Math.log1p(Math.exp(z.data[i]))) / count;
    dz.data[i] = (p.data[i] - y) / count;
  }
  return { p, loss, dz };
}
