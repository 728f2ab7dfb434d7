/**
 * The one place for tolerances: |got - want| <= abs + rel*|want|, per dtype.
 * f32: sums of a few thousand products of numbers near 1 lose about 1e-5 of their scale, and the
 * scale of a sum that cancels is larger than the sum, hence the absolute part.
 */
export interface Tolerance {
  abs: number;
  rel: number;
}

export const TOLERANCE = {
  f32: { abs: 2e-5, rel: 2e-5 },
  /** One f32 accumulator over several thousand products of mixed sign: the sum is small, its terms are not. */
  f32LongSum: { abs: 2e-4, rel: 2e-5 },
  /** Values that went through one pow, exp, log or division on a driver with 3-ulp builtins. */
  f32Transcendental: { abs: 1e-5, rel: 1e-4 },
  /**
   * f32 sums of products of numbers that were rounded to f16. That moves a number by up to 2^-11 of itself, a product
   * by up to 2^-10; n products of mixed sign, each about 1/3, then miss their sum by sqrt(n)/3 * 2^-11 or so: 6e-3 for
   * the 1152 of a 3x3 convolution, of which this is three times.
   */
  f16: { abs: 2e-2, rel: 1e-3 },
  /** Whole numbers, which are right or wrong. */
  exact: { abs: 0.5, rel: 0 },
  /** Up to 255, computed with 32 bits behind the point and rounded to f32 once: the last digit may fall otherwise. */
  f32Rounded: { abs: 1e-7, rel: 1.2e-7 },
  /** Short products whose values are far below 1 and must be right to their own digits. */
  f32Small: { abs: 1e-9, rel: 1e-5 },
  /** What others computed in float64, kept with eleven digits. */
  f64: { abs: 1e-9, rel: 0 },
  /** The same few float64 operations in another order, kept with all digits. */
  f64Exact: { abs: 1e-16, rel: 1e-12 },
} as const satisfies Record<string, Tolerance>;

export interface Difference {
  index: number;
  got: number;
  want: number;
  /** |got - want| divided by the bound; above 1 is a failure. */
  ratio: number;
}

/** The worst element against its bound; NaN where a number was wanted is infinitely wrong. */
export function worstDifference(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  tolerance: Tolerance,
): Difference {
  if (got.length !== want.length) {
    throw new RangeError(`compared ${got.length} values with ${want.length}`);
  }
  let worst: Difference = { index: -1, got: 0, want: 0, ratio: 0 };
  for (let i = 0; i < want.length; i++) {
    const difference = Math.abs(got[i] - want[i]);
    const bound = tolerance.abs + tolerance.rel * Math.abs(want[i]);
    const ratio = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference / bound;
    if (ratio > worst.ratio) worst = { index: i, got: got[i], want: want[i], ratio };
  }
  return worst;
}
