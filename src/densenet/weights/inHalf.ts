/** Numbers rounded to 16 bits, for weight files. */
import { WeightsError } from '../../core/errors.js';
import type { ParameterSpec, WeightMap } from '../../training/parameterSpec.js';

/** Largest finite binary16. */
const LARGEST_FLOAT16 = 65504;

/** Only what has several dimensions is worth halving; vectors stay float32, as variances reach further. */
const isHalved = ({ shape }: Pick<ParameterSpec, 'shape'>): boolean => shape.length > 1;

/**
 * A tensor as a file in half precision keeps it: kernels as binary16, others as they are.
 * @throws WeightsError for a number that binary16 has no place for
 */
export function inHalf(spec: ParameterSpec, values: Float32Array): Float32Array | Uint16Array {
  if (!isHalved(spec)) return values;
  const large = values.find((value) => Math.abs(value) > LARGEST_FLOAT16);
  if (large === undefined) return toFloat16(values);
  throw new WeightsError(
    `${spec.key} holds ${large}; float16 goes to ${LARGEST_FLOAT16}.`,
    'Write the file in full precision.',
  );
}

/** How many numbers of the kernels are 0 in half precision, and were not. */
export function lostInHalf(tensors: WeightMap, specs: readonly ParameterSpec[]): number {
  // Of 2^-25 itself the even neighbour is 0.
  const isLost = (value: number) => value !== 0 && Math.abs(value) <= 2 ** -25;
  let lost = 0;
  for (const { key } of specs.filter(isHalved)) {
    for (const value of tensors.get(key) ?? []) if (isLost(value)) lost++;
  }
  return lost;
}

/**
 * The bits of the binary16 nearest to each number, of two the even one. Numbers above 65519.99 become infinite: whoever
 * calls it sees to that.
 */
export function toFloat16(values: Float32Array): Uint16Array {
  return Uint16Array.from(values, (value) => {
    const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
    const size = Math.abs(value);
    if (!(size < 65520)) return sign | (Number.isNaN(value) ? 0x7e00 : 0x7c00);
    // Spacing of binary16 at this size: below 2^-14 that of the subnormal numbers.
    const exponent = Math.max(-14, Math.floor(Math.log2(size)));
    const units = roundToEven(size * 2 ** (10 - exponent));
    // A fraction that rounds up to 2048 units carries into the exponent by itself.
    return sign | (((exponent + 14) << 10) + units);
  });
}

/** @param x exact: a product with a power of two */
function roundToEven(x: number): number {
  const low = Math.floor(x);
  const rest = x - low;
  if (rest === 0.5) return low + (low % 2);
  return rest > 0.5 ? low + 1 : low;
}
