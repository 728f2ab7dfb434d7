/** Plain-loop float64 mean of two tensors: the oracle of blend.ts. */
import { type Dense, dense } from '../checkCase.js';

/** share mean + (1 - share) other */
export function blend(mean: Dense, other: Dense, share: number): Dense {
  const next = dense(mean.shape);
  for (let i = 0; i < next.data.length; i++) {
    next.data[i] = share * mean.data[i] + (1 - share) * other.data[i];
  }
  return next;
}
