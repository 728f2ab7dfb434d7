/** Plain-loop float64 batch norm with ReLU, forward and backward: the oracle of batchnorm.ts. */
import { type Dense, dense } from '../check.js';

/** [mean | biased variance][c] over all pixels of x. */
export function batchStatistics(x: Dense): Dense {
  const c = x.shape[3];
  const n = x.data.length / c;
  const stats = dense([1, 1, 2, c]);
  for (let i = 0; i < x.data.length; i++) stats.data[i % c] += x.data[i] / n;
  for (let i = 0; i < x.data.length; i++) stats.data[c + (i % c)] += (x.data[i] - stats.data[i % c]) ** 2 / n;
  return stats;
}

/** [scale | shift][c] from [mean | variance] and [gamma | beta]. */
export function affineOf(stats: Dense, gammaBeta: Dense, epsilon: number): Dense {
  const c = stats.shape[3];
  const affine = dense([1, 1, 2, c]);
  for (let i = 0; i < c; i++) {
    affine.data[i] = gammaBeta.data[i] / Math.sqrt(stats.data[c + i] + epsilon);
    affine.data[c + i] = gammaBeta.data[c + i] - stats.data[i] * affine.data[i];
  }
  return affine;
}

/** moving - (moving - batch)*(1 - momentum), the variance scaled by `factor` first. */
export function movingStep(moving: Dense, stats: Dense, momentum: number, factor: number): Dense {
  const c = moving.shape[3];
  const next = dense(moving.shape);
  for (let i = 0; i < 2 * c; i++) {
    const batch = stats.data[i] * (i < c ? 1 : factor);
    next.data[i] = moving.data[i] - (moving.data[i] - batch) * (1 - momentum);
  }
  return next;
}

/** relu(gamma * xhat + beta) with batch statistics; without `relu` the affine alone. */
export function batchnormForward(x: Dense, gammaBeta: Dense, epsilon: number, relu = true): Dense {
  const affine = affineOf(batchStatistics(x), gammaBeta, epsilon);
  const c = x.shape[3];
  const y = dense(x.shape);
  for (let i = 0; i < y.data.length; i++) {
    const v = x.data[i] * affine.data[i % c] + affine.data[c + (i % c)];
    y.data[i] = relu ? Math.max(0, v) : v;
  }
  return y;
}

/** dgamma, dbeta and dx of `batchnormForward`, from the stored statistics and affine. */
export function batchnormBackward(
  x: Dense,
  da: Dense,
  affine: Dense,
  stats: Dense,
  epsilon: number,
  relu = true,
): { dgammaBeta: Dense; dx: Dense } {
  const dgammaBeta = backwardReduce(x, da, affine, stats, epsilon, relu);
  return { dgammaBeta, dx: backwardApply(x, da, affine, stats, dgammaBeta, epsilon, relu) };
}

function gate(x: Dense, da: Dense, affine: Dense, relu: boolean, i: number): number {
  const c = x.shape[3];
  return !relu || x.data[i] * affine.data[i % c] + affine.data[c + (i % c)] > 0 ? da.data[i] : 0;
}

function xhat(x: Dense, stats: Dense, epsilon: number, i: number): number {
  const c = x.shape[3];
  return (x.data[i] - stats.data[i % c]) / Math.sqrt(stats.data[c + (i % c)] + epsilon);
}

/** [dgamma | dbeta][c] */
export function backwardReduce(
  x: Dense,
  da: Dense,
  affine: Dense,
  stats: Dense,
  epsilon: number,
  relu = true,
): Dense {
  const c = x.shape[3];
  const sums = dense([1, 1, 2, c]);
  for (let i = 0; i < x.data.length; i++) {
    const dz = gate(x, da, affine, relu, i);
    sums.data[i % c] += dz * xhat(x, stats, epsilon, i);
    sums.data[c + (i % c)] += dz;
  }
  return sums;
}

/** scale * (dz - dbeta/n - xhat*dgamma/n) */
export function backwardApply(
  x: Dense,
  da: Dense,
  affine: Dense,
  stats: Dense,
  dgammaBeta: Dense,
  epsilon: number,
  relu = true,
): Dense {
  const c = x.shape[3];
  const n = x.data.length / c;
  const dx = dense(x.shape);
  for (let i = 0; i < dx.data.length; i++) {
    const mean = dgammaBeta.data[c + (i % c)] / n;
    const slope = (xhat(x, stats, epsilon, i) * dgammaBeta.data[i % c]) / n;
    dx.data[i] = affine.data[i % c] * (gate(x, da, affine, relu, i) - mean - slope);
  }
  return dx;
}
