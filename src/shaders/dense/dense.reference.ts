/** Plain-loop float64 fully connected layer, forward and backward: the oracle of dense.ts. */
import { type Dense, dense } from '../checkCase.js';

/** y[b,n] = bias[n] + sum over k of x[b,k] * w[k,n] */
export function denseForward(x: Dense, w: Dense, bias: Dense): Dense {
  const [b, , , k] = x.shape;
  const n = w.shape[3];
  const y = dense([b, 1, 1, n]);
  for (let i = 0; i < b; i++)
    for (let o = 0; o < n; o++) {
      y.data[i * n + o] = bias.data[o];
      for (let j = 0; j < k; j++) y.data[i * n + o] += x.data[i * k + j] * w.data[j * n + o];
    }
  return y;
}

/** dx[b,k] = sum over n of dy[b,n] * w[k,n] */
export function denseBackwardData(dy: Dense, w: Dense): Dense {
  const [b, , , n] = dy.shape;
  const k = w.shape[2];
  const dx = dense([b, 1, 1, k]);
  for (let i = 0; i < b; i++)
    for (let j = 0; j < k; j++)
      for (let o = 0; o < n; o++) dx.data[i * k + j] += dy.data[i * n + o] * w.data[j * n + o];
  return dx;
}

/** dw[k,n] = sum over b of x[b,k] * dy[b,n]; db[n] = sum over b of dy[b,n] */
export function denseBackwardWeights(x: Dense, dy: Dense): { dw: Dense; db: Dense } {
  const [b, , , k] = x.shape;
  const n = dy.shape[3];
  const dw = dense([1, 1, k, n]);
  const db = dense([1, 1, 1, n]);
  for (let i = 0; i < b; i++)
    for (let o = 0; o < n; o++) {
      db.data[o] += dy.data[i * n + o];
      for (let j = 0; j < k; j++) dw.data[j * n + o] += x.data[i * k + j] * dy.data[i * n + o];
    }
  return { dw, db };
}
