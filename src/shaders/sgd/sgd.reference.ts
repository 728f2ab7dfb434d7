/** Plain-loop float64 SGD: the oracle of sgd.ts. */
import { type Dense, dense } from '../checkCase.js';
import { ONE } from '../perParameter.js';

/**
 * v = momentum v - lr g; w += v, with Nesterov w += momentum v - lr g; hyper = [lr, momentum, nesterov, 0]
 * @param factor on lr; nothing moves where it is 0
 */
export function sgdStep(w: Dense, gradient: Dense, velocity: Dense, hyper: Dense, factor = ONE) {
  const [rate, momentum, nesterov] = hyper.data;
  const next = { w: dense(w.shape), velocity: dense(w.shape) };
  for (let i = 0; i < w.data.length; i++) {
    if (factor(i) === 0) {
      next.w.data[i] = w.data[i];
      next.velocity.data[i] = velocity.data[i];
      continue;
    }
    const step = factor(i) * rate * gradient.data[i];
    const v = momentum * velocity.data[i] - step;
    next.velocity.data[i] = v;
    next.w.data[i] = w.data[i] + (nesterov ? momentum * v - step : v);
  }
  return next;
}
