/** Plain-loop float64 Adam: the oracle of adam.ts. */
import { type Dense, dense } from '../checkCase.js';
import { ONE } from '../perParameter.js';

/**
 * m = b1 m + (1-b1) g; v = b2 v + (1-b2) g^2; w -= rate m / (sqrt(v) + eps); hyper = [rate, b1, b2, eps]
 * @param factor on the rate; nothing moves where it is 0
 */
export function adamStep(w: Dense, gradient: Dense, m: Dense, v: Dense, hyper: Dense, factor = ONE) {
  const [rate, beta1, beta2, epsilon] = hyper.data;
  const next = { w: dense(w.shape), m: dense(w.shape), v: dense(w.shape) };
  for (let i = 0; i < w.data.length; i++) {
    if (factor(i) === 0) {
      for (const [name, { data }] of Object.entries({ w, m, v })) next[name as 'w'].data[i] = data[i];
      continue;
    }
    const g = gradient.data[i];
    next.m.data[i] = beta1 * m.data[i] + (1 - beta1) * g;
    next.v.data[i] = beta2 * v.data[i] + (1 - beta2) * g * g;
    next.w.data[i] = w.data[i] - (factor(i) * rate * next.m.data[i]) / (Math.sqrt(next.v.data[i]) + epsilon);
  }
  return next;
}
