/** Plain-loop float64 standardisation: the oracle of standardise.ts. */
import { type Dense, dense, type Shape } from '../checkCase.js';

/** moments[b] = mean x3, 1/(population std + epsilon) x3, over all values of each image. */
export function momentsOf(x: Dense, epsilon: number): Dense {
  const batch = x.shape[0];
  const each = x.data.length / batch;
  const moments = dense([batch, 1, 1, 6]);
  for (let b = 0; b < batch; b++) {
    let mean = 0;
    for (let i = 0; i < each; i++) mean += x.data[b * each + i] / each;
    let variance = 0;
    for (let i = 0; i < each; i++) variance += (x.data[b * each + i] - mean) ** 2 / each;
    moments.data.fill(mean, b * 6, b * 6 + 3);
    moments.data.fill(1 / (Math.sqrt(variance) + epsilon), b * 6 + 3, b * 6 + 6);
  }
  return moments;
}

/** y[b,h,w,c] = (x[b,h,w, c or 0] - moments[b,c]) * moments[b,3+c], c below yShape[3] */
export function standardise(x: Dense, moments: Dense, yShape: Shape): Dense {
  const y = dense(yShape);
  const [, h, w, out] = yShape;
  const channels = x.shape[3];
  for (let i = 0; i < y.data.length; i++) {
    const c = i % out;
    const pixel = Math.floor(i / out);
    const row = 6 * Math.floor(pixel / (h * w));
    const v = x.data[pixel * channels + (channels === 3 ? c : 0)];
    y.data[i] = (v - moments.data[row + c]) * moments.data[row + 3 + c];
  }
  return y;
}
