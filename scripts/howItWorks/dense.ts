/** Essay 1: one dense layer with numbers, one output multiplied out. */
import { matrix, svg, text } from './svg.js';

const X = [
  [1, 2, 3],
  [0, -1, 2],
];
const W = [
  [0.5, -1],
  [0.25, 0],
  [-0.5, 1],
];
const BIAS = [0.1, 0.2];

export function densePicture(): string {
  const y = X.map((row) => BIAS.map((start, n) => row.reduce((sum, v, k) => sum + v * W[k][n], start)));
  const shown = y.map((row) => row.map((v) => v.toFixed(2)));
  const products = X[0].map((v, k) => `${v}·${W[k][1] < 0 ? `(${W[k][1]})` : W[k][1]}`).join(' + ');
  return svg(560, 210, 'One dense layer: y = x times w plus bias, with numbers', [
    text(20, 30, 'x[b,k]', 'bold'),
    matrix(20, 60, X, (r) => (r === 0 ? 'a' : 'none')),
    text(166, 95, '×', 'middle'),
    text(182, 30, 'w[k,n]', 'bold'),
    matrix(182, 45, W, (_, c) => (c === 1 ? 'b' : 'none'), [50, 30]),
    text(296, 95, '+', 'middle'),
    text(310, 30, 'bias[n]', 'bold'),
    matrix(310, 75, [BIAS], (_, c) => (c === 1 ? 'd' : 'none')),
    text(411, 95, '=', 'middle'),
    text(426, 30, 'y[b,n]', 'bold'),
    matrix(426, 60, shown, (r, c) => (r === 0 && c === 1 ? 'c' : 'none'), [58, 30]),
    text(20, 176, `y[0,1] = ${products} + ${BIAS[1]} = ${shown[0][1]}`, 'mono'),
    text(20, 196, 'one thread: the blue row times the orange column, plus the bias', 'small soft'),
  ]);
}
