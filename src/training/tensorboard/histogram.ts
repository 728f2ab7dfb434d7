/** Histograms as TensorBoard's plugin has them. */

/** TensorBoard's default. */
export const BUCKETS = 30;

/**
 * buckets[30,3]: left edge, right edge and count of each, of equal width between the smallest and the largest value;
 * the last one holds its right edge, too. Where all values are one, it has all of them; of no values all is 0. What is
 * not finite is not counted. Formula: tensorboard/plugins/histogram/summary_v2.py.
 */
export function histogramBuckets(values: Float32Array): Float64Array {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  let count = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) continue;
    count++;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const buckets = new Float64Array(3 * BUCKETS);
  if (count === 0) return buckets;
  const width = (high - low) / BUCKETS;
  for (let b = 0; b < BUCKETS; b++) {
    buckets[3 * b] = low + b * width;
    buckets[3 * b + 1] = b + 1 === BUCKETS ? high : low + (b + 1) * width;
  }
  if (low === high) {
    buckets[3 * (BUCKETS - 1) + 2] = count;
    return buckets;
  }
  for (let i = 0; i < values.length; i++) {
    if (!Number.isFinite(values[i])) continue;
    const bucket = Math.min(Math.floor((values[i] - low) / width), BUCKETS - 1);
    buckets[3 * bucket + 2]++;
  }
  return buckets;
}
