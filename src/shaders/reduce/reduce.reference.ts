/** Plain-loop float64 sum of slices, and largest magnitudes: the oracle of reduce.ts. */
import { type Dense, dense } from '../checkCase.js';

/** y[i] = sum over s of x[s,i] */
export function reduceSlices(x: Dense): Dense {
  const [slices, , , count] = x.shape;
  const y = dense([1, 1, 1, count]);
  for (let s = 0; s < slices; s++) for (let i = 0; i < count; i++) y.data[i] += x.data[s * count + i];
  return y;
}

/** The largest magnitude of each run, as its bits: infinity counts above all numbers, NaN above infinity. */
export function largest(x: Dense, run: number, runs: number): Dense {
  const bits = new Uint32Array(Float32Array.from(x.data).buffer);
  const most = dense([1, 1, 1, runs]);
  for (const [i, word] of bits.entries()) {
    const t = Math.floor(i / run);
    most.data[t] = Math.max(most.data[t], word & 0x7fffffff);
  }
  return most;
}
