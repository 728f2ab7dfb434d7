/**
 * A tensor in 32 numbers: its products with 32 vectors of random signs, as test/golden/shared/sketch.py makes them.
 * The difference of two sketches tells how far two tensors lie apart, to about an eighth, without the whole
 * tensor having to be stored.
 */
export const SKETCH_LENGTH = 32;

/** What a golden file keeps of a tensor. */
export interface GoldenTensor {
  shape: number[];
  /** L2 norm. */
  norm: number;
  /** Sketch, float32 little endian in base64. */
  sketch: string;
}

/** MurmurHash3's finaliser of a number made from the index: bit j is the sign in vector j. */
function signBits(i: number): number {
  let h = (Math.imul(i, 0x9e3779b9) + 0x7f4a7c15) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}

/** The 32 products of a tensor in C order, in float64. */
export function sketch(values: ArrayLike<number>): Float64Array {
  const plus = new Float64Array(SKETCH_LENGTH);
  let total = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    const bits = signBits(i);
    total += value;
    for (let j = 0; j < SKETCH_LENGTH; j++) plus[j] += ((bits >>> j) & 1) * value;
  }
  return plus.map((sum) => 2 * sum - total);
}

/** L2 distance of a tensor from the one behind a golden entry; infinite where it is not a number. */
export function sketchDistance(values: ArrayLike<number>, golden: GoldenTensor): number {
  const size = golden.shape.reduce((product, n) => product * n, 1);
  if (values.length !== size) {
    throw new RangeError(`compared ${values.length} values with a tensor [${golden.shape.join(', ')}]`);
  }
  const bytes = Buffer.from(golden.sketch, 'base64');
  const got = sketch(values);
  let squares = 0;
  for (let j = 0; j < SKETCH_LENGTH; j++) squares += (got[j] - bytes.readFloatLE(4 * j)) ** 2;
  const distance = Math.sqrt(squares / SKETCH_LENGTH);
  return Number.isNaN(distance) ? Number.POSITIVE_INFINITY : distance;
}

/** Relative L2 error of a tensor against the one behind a golden entry. */
export function relativeError(values: ArrayLike<number>, golden: GoldenTensor): number {
  return sketchDistance(values, golden) / golden.norm;
}
