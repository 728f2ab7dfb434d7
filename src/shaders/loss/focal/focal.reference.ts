/** Plain-loop float64 focal loss: the oracle of focal.ts. */
import { type Dense, dense } from '../../checkCase.js';
import { sigmoid } from '../loss.reference.js';

/**
 * loss = mean over b and c of -( alpha y (1-p)^gamma ln(p) + (1-alpha) (1-y) p^gamma ln(1-p) ), with nothing of a label
 * that is NaN; dz its gradient, by the product rule on (1-p)^gamma and ln(p), and on p^gamma and ln(1-p).
 */
export function focalLoss(z: Dense, labels: Dense, gamma: number, alpha: number) {
  const p = sigmoid(z);
  const dz = dense(z.shape);
  const loss = dense([1, 1, 1, 1]);
  const count = z.data.length;
  for (let i = 0; i < count; i++) {
    const y = labels.data[i];
    if (Number.isNaN(y)) continue;
    const [v, w] = [p.data[i], 1 - p.data[i]];
    const [logP, logQ] = [-Math.log1p(Math.exp(-z.data[i])), -Math.log1p(Math.exp(z.data[i]))];
    const [positive, negative] = [alpha * y * w ** gamma, (1 - alpha) * (1 - y) * v ** gamma];
    loss.data[0] -= (positive * logP + negative * logQ) / count;
    // d/dz of (1-p)^gamma is -gamma p (1-p)^gamma, of ln(p) 1-p; the other two are these with the sign turned.
    dz.data[i] = (positive * (gamma * v * logP - w) - negative * (gamma * w * logQ - v)) / count;
  }
  return { p, loss, dz };
}
