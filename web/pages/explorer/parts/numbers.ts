/** Numbers as the Explorer prints them. */

const MINUS = '\u2212';

/** Four digits that count; powers of ten where there would be many zeros. */
export function number(value: number, digits = 4): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text = size >= 1e5 || size < 1e-3 ? power(size, digits) : size.toPrecision(digits);
  return value < 0 ? MINUS + text : text;
}

function power(size: number, digits: number): string {
  const [mantissa, exponent] = size.toExponential(digits - 1).split('e');
  return `${mantissa}e${exponent.replace('+', '').replace('-', MINUS)}`;
}

/** As many digits as tell two single-precision numbers apart. */
export const exact = (value: number): string => number(value, 8);

/** In a cell of a grid. */
export function short(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  const text = size >= 1000 ? power(size, 2) : size.toFixed(size < 10 ? 2 : size < 100 ? 1 : 0);
  return value < 0 ? MINUS + text : text;
}
