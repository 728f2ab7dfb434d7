/** Plain-loop float64 batch norm with ReLU, forward and backward: the oracle of batchnorm.ts. */
import { type Dense, dense } from '../checkCase.js';

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

/** The batch norm behind a gradient: what it read, and what it did. */
export interface Norm {
  x: Dense;
  affine: Dense;
  stats: Dense;
  epsilon: number;
}

/** dgamma, dbeta and dx of `batchnormForward`, from the stored statistics and affine. */
export function batchnormBackward(norm: Norm, da: Dense, relu = true): { dgammaBeta: Dense; dx: Dense } {
  const dz = reluBackward(norm, da, relu);
  const dgammaBeta = sums(norm, dz);
  return { dgammaBeta, dx: backwardApply(norm, dz, dgammaBeta) };
}

/** dz: da where the ReLU is open. da of averages over windows is spread over them first. */
export function reluBackward({ x, affine }: Norm, da: Dense, relu = true): Dense {
  const [b, h, w, c] = x.shape;
  const [, dh, dw] = da.shape;
  const [wh, ww] = [h / dh, w / dw];
  const dz = dense(x.shape);
  for (let i = 0; i < dz.data.length; i++) {
    const ch = i % c;
    const px = Math.floor(i / c) % w;
    const py = Math.floor(i / c / w) % h;
    const image = Math.floor(i / c / w / h) % b;
    const from = ((image * dh + Math.floor(py / wh)) * dw + Math.floor(px / ww)) * c + ch;
    const open = !relu || x.data[i] * affine.data[ch] + affine.data[c + ch] > 0;
    dz.data[i] = open ? da.data[from] / (wh * ww) : 0;
  }
  return dz;
}

function xhat({ x, stats, epsilon }: Norm, i: number): number {
  const c = x.shape[3];
  return (x.data[i] - stats.data[i % c]) / Math.sqrt(stats.data[c + (i % c)] + epsilon);
}

/** [dgamma | dbeta][c] */
export function sums(norm: Norm, dz: Dense): Dense {
  const c = dz.shape[3];
  const total = dense([1, 1, 2, c]);
  for (let i = 0; i < dz.data.length; i++) {
    total.data[i % c] += dz.data[i] * xhat(norm, i);
    total.data[c + (i % c)] += dz.data[i];
  }
  return total;
}

/** scale * (dz - dbeta/n - xhat*dgamma/n) */
export function backwardApply(norm: Norm, dz: Dense, dgammaBeta: Dense): Dense {
  const c = dz.shape[3];
  const n = dz.data.length / c;
  const dx = dense(dz.shape);
  for (let i = 0; i < dx.data.length; i++) {
    const mean = dgammaBeta.data[c + (i % c)] / n;
    const slope = (xhat(norm, i) * dgammaBeta.data[i % c]) / n;
    dx.data[i] = norm.affine.data[i % c] * (dz.data[i] - mean - slope);
  }
  return dx;
}

/**
 * One reader of a dense block: its dgammaBeta; G and sums with its part added, and G - (A + xhat*B)/n for the
 * channels from `done` on.
 */
export function backwardFinalise(
  norm: Norm,
  dz: Dense,
  before: { g?: Dense; sums?: Dense },
  done: number,
): { dgammaBeta: Dense; g: Dense; sums: Dense } {
  const c = dz.shape[3];
  const n = dz.data.length / c;
  const dgammaBeta = sums(norm, dz);
  const g = dense(dz.shape);
  const next = dense([1, 1, 2, c]);
  const [a, b] = [0, 1].map((k) =>
    Array.from(
      { length: c },
      (_, i) =>
        (before.sums?.data[k * c + i] ?? 0) + norm.affine.data[i] * dgammaBeta.data[(k === 0 ? c : 0) + i],
    ),
  );
  for (let i = 0; i < c; i++) {
    next.data[i] = i < done ? a[i] : (before.sums?.data[i] ?? 0);
    next.data[c + i] = i < done ? b[i] : (before.sums?.data[c + i] ?? 0);
  }
  for (let i = 0; i < g.data.length; i++) {
    const ch = i % c;
    g.data[i] = (before.g?.data[i] ?? 0) + norm.affine.data[ch] * dz.data[i];
    if (ch >= done) g.data[i] -= (a[ch] + xhat(norm, i) * b[ch]) / n;
  }
  return { dgammaBeta, g, sums: next };
}
