/** Plain-loop float64 preprocessing: the oracle of preprocess.ts. */
import { type Dense, dense, type Shape } from '../checkCase.js';

/** Value i of uint8 pixels packed four to a word, the first in the lowest bits. */
function pixel(words: Dense, i: number): number {
  return Math.floor(words.data[Math.floor(i / 4)] / 256 ** (i % 4)) % 256;
}

/** moments[b] = mean x3, 1/(population std + epsilon) x3, over the imageBytes values of each image. */
export function samplewiseMoments(words: Dense, batch: number, imageBytes: number, epsilon: number): Dense {
  const moments = dense([batch, 1, 1, 6]);
  for (let b = 0; b < batch; b++) {
    let mean = 0;
    for (let i = 0; i < imageBytes; i++) mean += pixel(words, b * imageBytes + i) / imageBytes;
    let variance = 0;
    for (let i = 0; i < imageBytes; i++) {
      variance += (pixel(words, b * imageBytes + i) - mean) ** 2 / imageBytes;
    }
    moments.data.fill(mean, b * 6, b * 6 + 3);
    moments.data.fill(1 / (Math.sqrt(variance) + epsilon), b * 6 + 3, b * 6 + 6);
  }
  return moments;
}

/** x[b,h,w,c] = (pixels[b,h,w, c or 0] - moments[b,c]) * moments[b,3+c], c below xShape[3] */
export function normalise(words: Dense, moments: Dense, xShape: Shape, channels: 1 | 3): Dense {
  const x = dense(xShape);
  const positions = xShape[1] * xShape[2];
  for (let i = 0; i < x.data.length; i++) {
    const c = i % xShape[3];
    const position = Math.floor(i / xShape[3]);
    const row = Math.floor(position / positions) * 6;
    const v = pixel(words, position * channels + (channels === 3 ? c : 0));
    x.data[i] = (v - moments.data[row + c]) * moments.data[row + 3 + c];
  }
  return x;
}
