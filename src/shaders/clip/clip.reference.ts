/** Plain-loop float64 clipping: the oracle of clip.ts. */
import { type Dense, dense } from '../checkCase.js';

/** factor * gradient, at most `limit` either way; bounds = [factor, limit, 0, 0] */
export function clipGradient(gradient: Dense, { data: [factor, limit] }: Dense): Dense {
  const clipped = dense(gradient.shape);
  for (const [i, g] of gradient.data.entries()) {
    clipped.data[i] = Math.max(-limit, Math.min(limit, factor * g));
  }
  return clipped;
}

/** The sum of the squares of each run. */
export function sumsOfSquares(x: Dense, run: number): Dense {
  const sums = dense([1, 1, 1, Math.ceil(x.data.length / run)]);
  for (const [i, v] of x.data.entries()) sums.data[Math.floor(i / run)] += v * v;
  return sums;
}
