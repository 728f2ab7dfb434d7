/** Plain-loop float64 mean of two tensors: the oracle of blend.ts. */
import { type Dense, dense } from '../checkCase.js';
import { ONE } from '../perParameter.js';

/** share mean + (1 - share) other; the mean where a factor is 0 */
export function blend(mean: Dense, other: Dense, share: number, factor = ONE): Dense {
  const next = dense(mean.shape);
  for (let i = 0; i < next.data.length; i++) {
    const blended = share * mean.data[i] + (1 - share) * other.data[i];
    next.data[i] = factor(i) === 0 ? mean.data[i] : blended;
  }
  return next;
}
