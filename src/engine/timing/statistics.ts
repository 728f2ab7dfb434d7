/** Samples of a time in a few numbers; by hand, as the browser's library takes no dependency for ten lines. */

/** Linear between the samples; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (sorted.length - 1) * share;
  const low = Math.floor(at);
  const high = Math.min(sorted.length - 1, low + 1);
  return sorted.length === 0 ? Number.NaN : sorted[low] + (sorted[high] - sorted[low]) * (at - low);
}

/** Half the distance of the quartiles as a share of the median; null of fewer than three values. */
export function spreadOf(values: readonly number[]): number | null {
  const median = quantile(values, 0.5);
  if (values.length < 3 || !(median > 0)) return null;
  return (quantile(values, 0.75) - quantile(values, 0.25)) / 2 / median;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export interface Timing {
  /** Median, milliseconds. */
  ms: number;
  /** Half the distance of the quartiles, as a share of the median; null of fewer than three samples. */
  noise: number | null;
  samples: number[];
}

/** Median and noise of samples in milliseconds. */
export function timingOf(samples: readonly number[]): Timing {
  return { ms: median(samples), noise: spreadOf(samples), samples: [...samples] };
}
