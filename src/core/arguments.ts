/**
 * What every public function asks of its arguments: one check per kind of value, so that each door refuses the same and
 * says it alike: the name, what was found, what is wanted. JavaScript callers have no compiler to tell them.
 */
import { UsageError } from './errors.js';

/** A value in a few words: `NaN`, `'abc'`, `a Float32Array of 12`. */
export function shown(value: unknown): string {
  if (typeof value === 'string') return `'${value}'`;
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value !== 'object' || value === null) return String(value);
  const kind = kindOf(value);
  const { length } = value as { length?: unknown };
  const many = typeof length === 'number' ? ` of ${length}` : '';
  return `${/^[AEIOU](?!int)/.test(kind) ? 'an' : 'a'} ${kind}${many}`;
}

/** The class of a built-in value, whatever window or worker made it: `Uint8Array`, `Array`, `Map`. */
export function kindOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Smallest and largest positive number that float32 holds in full; what is smaller, adapters take for 0. */
const FLOAT32_LEAST = 2 ** -126;
export const FLOAT32_MOST = (2 - 2 ** -23) * 2 ** 127;

/** @throws UsageError unless `value` is a whole number from `least` to `most`; `field` names it */
export function wholeNumber(
  field: string,
  value: unknown,
  least: number,
  most = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most)
    return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw new UsageError(`${field} is ${shown(value)}, it must be a whole number ${range}.`);
}

/**
 * For numbers that divide or multiply on the GPU.
 * @throws UsageError unless `value` is above 0, finite, and neither 0 nor infinite as a float32
 */
export function positiveNumber(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= FLOAT32_LEAST && value <= FLOAT32_MOST) return value;
  throw new UsageError(
    `${field} is ${shown(value)}, it must be a number above 0, in float32 (1.2e-38 to 3.4e38).`,
  );
}

/** @throws UsageError unless `value` is 0 or above, and finite as a float32 */
export function nonNegativeNumber(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= FLOAT32_MOST) return value;
  throw new UsageError(`${field} is ${shown(value)}, it must be a finite number, 0 or above.`);
}

/** @throws UsageError unless `value` is finite, as a float32 too */
export function finite(field: string, value: unknown): number {
  if (typeof value === 'number' && Math.abs(value) <= FLOAT32_MOST) return value;
  throw new UsageError(`${field} is ${shown(value)}, it must be a finite number.`);
}

/** @throws UsageError unless `value` is 0 or above, and below 1 as a float32 too */
export function fraction(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && Math.fround(value) < 1) return value;
  throw new UsageError(`${field} is ${shown(value)}, it must be from 0 to below 1, in float32.`);
}

/** @throws UsageError unless `value` is from 0 to 1 */
export function share(field: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= 1) return value;
  throw new UsageError(`${field} is ${shown(value)}, it must be from 0 to 1.`);
}

/** @throws UsageError unless `value` is one of `choices` */
export function oneOf<T extends string>(field: string, value: unknown, choices: readonly T[]): T {
  const found = choices.find((choice) => choice === value);
  if (found !== undefined) return found;
  throw new UsageError(`${field} is ${shown(value)}, it must be ${choices.join(' or ')}.`);
}

/** @throws UsageError unless `value` is true or false */
export function trueOrFalse(field: string, value: unknown): boolean {
  if (typeof value === 'boolean') return value;
  throw new UsageError(`${field} is ${shown(value)}, it must be true or false.`);
}

/** @throws UsageError unless `value` is an object that is no array */
export function requireObject(field: string, value: unknown): void {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return;
  throw new UsageError(`${field} is ${shown(value)}, it must be an object.`);
}

/** @throws UsageError unless `value` is an object with these fields at most: a misspelt one would be as if left out */
export function requireFields(field: string, value: unknown, known: readonly string[]): void {
  requireObject(field, value);
  const other = Object.keys(value as object).find((name) => !known.includes(name));
  if (other === undefined) return;
  throw new UsageError(`${field} have no ${shown(other)}.`, `There is ${known.join(', ')}.`);
}

/** @throws UsageError unless `value` is a text that is not empty; `what` is the file or folder */
export function requirePath(what: string, value: unknown): void {
  if (typeof value === 'string' && value !== '') return;
  throw new UsageError(`${what} is ${shown(value)}, it must be a path.`);
}

/** @throws UsageError unless `value` is a function */
export function requireFunction(field: string, value: unknown): void {
  if (typeof value === 'function') return;
  throw new UsageError(`${field} is ${shown(value)}, it must be a function.`);
}

/** @throws UsageError unless `value` has that method, as every `kind` has */
export function requireMethod(field: string, value: unknown, method: string, kind: string): void {
  if (typeof (value as Record<string, unknown> | undefined | null)?.[method] === 'function') return;
  throw new UsageError(`${field} is ${shown(value)}, it must be a ${kind}.`);
}

/** An array, or a typed array of numbers. @throws UsageError for anything else */
export function listOfNumbers(field: string, value: unknown): ArrayLike<number> {
  if (Array.isArray(value) || (ArrayBuffer.isView(value) && !(value instanceof DataView))) {
    const bad = firstIndex(value as ArrayLike<unknown>, (v) => typeof v !== 'number');
    if (bad < 0) return value as ArrayLike<number>;
    throw new UsageError(`${field}[${bad}] is ${shown((value as unknown[])[bad])}, it must be a number.`);
  }
  throw new UsageError(`${field} is ${shown(value)}, it must be an array of numbers.`);
}

/** @throws UsageError unless it is an array; of what, `what` says */
export function requireArray(field: string, value: unknown, what: string): void {
  if (Array.isArray(value)) return;
  throw new UsageError(`${field} is ${shown(value)}, it must be an array ${what}.`);
}

/** @throws UsageError unless it is an array of strings; `what` is what each of them is, `path` or `name` */
export function listOfStrings(field: string, value: unknown, what: string): readonly string[] {
  requireArray(field, value, `with a ${what} in each place`);
  const list = value as unknown[];
  const bad = firstIndex(list, (v) => typeof v !== 'string');
  if (bad < 0) return list as string[];
  throw new UsageError(`${field}[${bad}] is ${shown(list[bad])}, it must be a ${what}.`);
}

/** Index of the first number that is NaN or infinite, or -1. A loop of its own: there may be millions. */
export function firstNotFinite(values: Float32Array): number {
  for (let i = 0; i < values.length; i++) if (!Number.isFinite(values[i])) return i;
  return -1;
}

/** Index of the first value that `is` holds for, or -1. */
export function firstIndex<T>(values: ArrayLike<T>, is: (value: T) => boolean): number {
  for (let i = 0; i < values.length; i++) if (is(values[i])) return i;
  return -1;
}

/** @throws UsageError unless `value` is a Float32Array */
export function floats(field: string, value: unknown): Float32Array {
  if (kindOf(value) === 'Float32Array') return value as Float32Array;
  throw new UsageError(`${field} is ${shown(value)}, it must be a Float32Array.`);
}

/**
 * Eight-bit pixels, also out of a canvas (Uint8ClampedArray), as a Uint8Array over the same memory.
 * @throws UsageError that says how to come from the other types to 0..255
 */
export function bytes(field: string, value: unknown): Uint8Array {
  const kind = kindOf(value);
  if (kind === 'Uint8Array') return value as Uint8Array;
  if (kind === 'Uint8ClampedArray') {
    const { buffer, byteOffset, length } = value as Uint8ClampedArray;
    return new Uint8Array(buffer, byteOffset, length);
  }
  const hint = /^Float|^BigInt/.test(kind)
    ? 'Scale them to 0..255 and round them into a Uint8Array; normalised values go into a batch as x.'
    : /^(Uint|Int)(16|32)Array$/.test(kind)
      ? 'Scale values of 12 or 16 bits to 0..255 first: a Uint8Array keeps only their last 8 bits.'
      : kind === 'Array'
        ? 'Make it with Uint8Array.from once the values are whole numbers 0..255.'
        : '';
  throw new UsageError(`${field} is ${shown(value)}, it must be a Uint8Array of values 0..255.`, hint);
}
