/** Grad-CAM's arithmetic in double precision, out of what the GPU computed. */

/** What the method reads. A[h,w,k] is the output of the last batch norm, before its ReLU. */
interface CamParts {
  readonly a: Float32Array;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** weights[k] of the classifier for the class. */
  readonly dense: ArrayLike<number>;
  /** Derivative of the score by the logit: p (1 - p) of the sigmoid, 1 of the logit. */
  readonly slope: number;
}

/** dscore/dA[h,w,k]: behind A come a ReLU, the mean over all pixels and the classifier. */
export function gradientsOf({ a, height, width, channels, dense, slope }: CamParts): Float64Array {
  const pixels = height * width;
  return Float64Array.from(a, (value, i) => (value > 0 ? (slope * dense[i % channels]) / pixels : 0));
}

/** alpha[k]: the mean of a channel's gradients over its pixels. */
export function weightsOf(gradients: Float64Array, channels: number): Float64Array {
  const weights = new Float64Array(channels);
  const pixels = gradients.length / channels;
  for (let i = 0; i < gradients.length; i++) weights[i % channels] += gradients[i] / pixels;
  return weights;
}

/** Channels by the size of their weight. */
export function orderOf(weights: Float64Array): number[] {
  return [...weights.keys()].sort((i, j) => Math.abs(weights[j]) - Math.abs(weights[i]) || i - j);
}

/** How many channels are added up in each picture: every one of few, ever larger steps of many. */
export function countsOf(channels: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < channels; count += Math.max(1, Math.floor(count / 12))) counts.push(count);
  return [...counts, channels];
}

/** sums[i,h,w]: the first counts[i] channels of `order`, each times its weight. */
export function growingSums(
  { a, channels }: CamParts,
  weights: Float64Array,
  order: readonly number[],
  counts: readonly number[],
): Float64Array {
  const pixels = a.length / channels;
  const sums = new Float64Array(counts.length * pixels);
  const running = new Float64Array(pixels);
  let done = 0;
  for (const [i, count] of counts.entries()) {
    for (; done < count; done++) {
      const k = order[done];
      for (let pixel = 0; pixel < pixels; pixel++) running[pixel] += a[pixel * channels + k] * weights[k];
    }
    sums.set(running, i * pixels);
  }
  return sums;
}
