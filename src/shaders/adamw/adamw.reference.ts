/** Plain-loop float64 AdamW: the oracle of adamw.ts. */
import { adamStep } from '../adam/adam.reference.js';
import type { Dense } from '../checkCase.js';
import { ONE } from '../perParameter.js';

/** As Adam, and w -= decay w beside the step; hyper = [rate, b1, b2, eps, decay, 1 or 0 for each block] */
export function adamwStep(
  w: Dense,
  gradient: Dense,
  m: Dense,
  v: Dense,
  hyper: Dense,
  block: number,
  factor = ONE,
) {
  const next = adamStep(w, gradient, m, v, hyper, factor);
  const [, , , , decay, ...decays] = hyper.data;
  for (let i = 0; i < w.data.length; i++) {
    next.w.data[i] -= factor(i) * decay * decays[Math.floor(i / block)] * w.data[i];
  }
  return next;
}
