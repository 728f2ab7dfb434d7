/** Plain-loop float64 sum of slices: the oracle of reduce.ts. */
import { type Dense, dense } from '../check.js';

/** y[i] = sum over s of x[s,i] */
export function reduceSlices(x: Dense): Dense {
  const [slices, , , count] = x.shape;
  const y = dense([1, 1, 1, count]);
  for (let s = 0; s < slices; s++) for (let i = 0; i < count; i++) y.data[i] += x.data[s * count + i];
  return y;
}
