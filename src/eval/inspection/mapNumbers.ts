/** A map in a few numbers, and numbers as a page shows them. */

export interface MapNumbers {
  count: number;
  /** Of those that are finite; NaN where none is. */
  least: number;
  greatest: number;
  mean: number;
  /** Share of them that are 0 to the bit. */
  zeros: number;
  /** How many are NaN or infinite. */
  notFinite: number;
}

export function mapNumbers(values: Float32Array): MapNumbers {
  let [least, greatest, sum, zeros, finite] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0, 0];
  for (const v of values) {
    if (!Number.isFinite(v)) continue;
    finite++;
    sum += v;
    if (v === 0) zeros++;
    if (v < least) least = v;
    if (v > greatest) greatest = v;
  }
  const count = values.length;
  const notFinite = count - finite;
  if (finite === 0) {
    return { count, least: Number.NaN, greatest: Number.NaN, mean: Number.NaN, zeros: 0, notFinite };
  }
  return { count, least, greatest, mean: sum / finite, zeros: zeros / count, notFinite };
}

/** `0-3, 8` of 0, 1, 2, 3 and 8. */
export function runWords(list: readonly number[]): string {
  const runs: [first: number, last: number][] = [];
  for (const n of list) {
    const run = runs.at(-1);
    if (run?.[1] === n - 1) run[1] = n;
    else runs.push([n, n]);
  }
  return runs.map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`)).join(', ');
}

/** Four digits, with a minus as typesetters write it: 0.1235, −12.35, 1.235e-5. */
export function shortNumber(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6)
      ? size
          .toExponential(3)
          .replace(/\.?0+e/, 'e')
          .replace('e+', 'e')
      : String(Number(size.toPrecision(4)));
  return value < 0 ? `−${text}` : text;
}
