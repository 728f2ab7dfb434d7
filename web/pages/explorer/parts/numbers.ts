/** Numbers as the Explorer prints them. */

export const MINUS = '\u2212';

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

/** The power of ten that the numbers of a grid are shown in: 0 where the largest needs none. */
export function unitOf(most: number): number {
  return most > 0 && most < 0.095 ? Math.floor(Math.log10(most)) : 0;
}

/** In a cell of a grid, in units of 10^unit. */
export function short(value: number, unit = 0): string {
  const scaled = Math.abs(value) / 10 ** unit;
  if (scaled === 0) return '0';
  const text = scaled >= 1000 ? power(scaled, 2) : scaled.toFixed(scaled < 10 ? 2 : scaled < 100 ? 1 : 0);
  return value < 0 && Number(text) !== 0 ? MINUS + text : text;
}
