/** Plain-loop float64 SGD: the oracle of sgd.ts. */
import { type Dense, dense } from '../checkCase.js';

/** v = momentum v - lr g; w += v, with Nesterov w += momentum v - lr g; hyper = [lr, momentum, nesterov, 0] */
export function sgdStep(w: Dense, gradient: Dense, velocity: Dense, hyper: Dense) {
  const [rate, momentum, nesterov] = hyper.data;
  const next = { w: dense(w.shape), velocity: dense(w.shape) };
  for (let i = 0; i < w.data.length; i++) {
    const step = rate * gradient.data[i];
    const v = momentum * velocity.data[i] - step;
    next.velocity.data[i] = v;
    next.w.data[i] = w.data[i] + (nesterov ? momentum * v - step : v);
  }
  return next;
}
