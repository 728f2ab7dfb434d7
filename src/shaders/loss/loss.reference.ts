/** Plain-loop float64 sigmoid, softmax and the sum of a loss: the oracle of loss.ts. */
import { type Dense, dense } from '../checkCase.js';

/** p = 1/(1+exp(-z)) */
export function sigmoid(z: Dense): Dense {
  return { shape: z.shape, data: z.data.map((v) => 1 / (1 + Math.exp(-v))) };
}

/** p[b,c] = exp(z[b,c]) / sum_k exp(z[b,k]) */
export function softmax(z: Dense): Dense {
  const [batch, , , classes] = z.shape;
  const p = dense(z.shape);
  for (let b = 0; b < batch; b++) {
    const row = z.data.subarray(b * classes, (b + 1) * classes);
    const sum = row.reduce((total, v) => total + Math.exp(v), 0);
    row.forEach((v, c) => {
      p.data[b * classes + c] = Math.exp(v) / sum;
    });
  }
  return p;
}

/** loss = sum over c of the means over b of -terms[b,0,c] and -terms[b,1,c] */
export function sumTerms({ shape, data }: Dense): Dense {
  return { shape: [1, 1, 1, 1], data: Float64Array.of(-data.reduce((sum, v) => sum + v, 0) / shape[0]) };
}
