/** Plain-loop float64 copies, affines and ReLU, forward and backward: the oracle of pointwise.ts. */
import { type Dense, dense } from '../checkCase.js';

/** y = x, scale*x + shift with affine = [scale | shift][c], max(0, .) with relu. */
export function pointwise(x: Dense, affine?: Dense, relu = false): Dense {
  const c = x.shape[3];
  const y = dense(x.shape);
  for (let i = 0; i < y.data.length; i++) {
    const v = affine ? x.data[i] * affine.data[i % c] + affine.data[c + (i % c)] : x.data[i];
    y.data[i] = relu ? Math.max(0, v) : v;
  }
  return y;
}

/** dx = dy where x > 0, else 0 */
export function reluBackward(x: Dense, dy: Dense): Dense {
  return { shape: x.shape, data: dy.data.map((v, i) => (x.data[i] > 0 ? v : 0)) };
}
