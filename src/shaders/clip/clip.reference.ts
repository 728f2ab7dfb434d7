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

/** The sum of the squares of x from each begin to its end; runs = [begin, end, begin, end ..]. */
export function sumsOfRuns(x: Dense, runs: Dense): Dense {
  const sums = dense([1, 1, 1, runs.data.length / 2]);
  for (let t = 0; t < sums.data.length; t++) {
    for (const v of x.data.subarray(runs.data[2 * t], runs.data[2 * t + 1])) sums.data[t] += v * v;
  }
  return sums;
}

/** Each run times its factor; what lies between them stays. */
export function scaleRuns(gradient: Dense, runs: Dense, factors: Dense): Dense {
  const scaled = { shape: gradient.shape, data: gradient.data.slice() };
  for (const [t, factor] of factors.data.entries()) {
    for (let i = runs.data[2 * t]; i < runs.data[2 * t + 1]; i++) scaled.data[i] *= factor;
  }
  return scaled;
}
