/** Plain-loop float64 Grad-CAM: the oracle of gradcam.ts. */
import { at, type Dense, dense } from '../checkCase.js';
import type { GradcamScore } from './gradcam.js';

/** A = scale*x + shift, affine = [scale | shift][k] */
function normed(x: Dense, affine: Dense, b: number, y: number, column: number, k: number): number {
  return x.data[at(x, b, y, column, k)] * affine.data[k] + affine.data[x.shape[3] + k];
}

/** alpha[b,k] = s * weights[k,class] * fraction(A > 0) / (h*w), s = p(1-p) or 1 */
export function gradcamWeights(
  x: Dense,
  affine: Dense,
  weights: Dense,
  p: Dense,
  selected: number,
  score: GradcamScore,
): Dense {
  const [b, h, w, channels] = x.shape;
  const n = p.shape[3];
  const alpha = dense([b, 1, 1, channels]);
  for (let i = 0; i < b; i++) {
    const probability = p.data[i * n + selected];
    const s = score === 'sigmoid' ? probability * (1 - probability) : 1;
    for (let k = 0; k < channels; k++) {
      let positive = 0;
      for (let y = 0; y < h; y++)
        for (let column = 0; column < w; column++) if (normed(x, affine, i, y, column, k) > 0) positive++;
      alpha.data[i * channels + k] = (s * weights.data[k * n + selected] * positive) / (h * w) ** 2;
    }
  }
  return alpha;
}

/** map[b,h,w] = sum over k of A[b,h,w,k] * alpha[b,k] */
export function gradcamMap(x: Dense, affine: Dense, alpha: Dense): Dense {
  const [b, h, w, channels] = x.shape;
  const map = dense([b, h, w, 1]);
  for (let i = 0; i < b; i++)
    for (let y = 0; y < h; y++)
      for (let column = 0; column < w; column++)
        for (let k = 0; k < channels; k++)
          map.data[at(map, i, y, column, 0)] +=
            normed(x, affine, i, y, column, k) * alpha.data[i * channels + k];
  return map;
}
