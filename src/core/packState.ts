/**
 * A state as bytes, the same everywhere: 'chexgpu state 1\n', the length of the JSON as a 32-bit number, the JSON, and
 * behind it, from a multiple of 8 on, the arrays of numbers that it names. All little-endian.
 */
import { shown } from './arguments.js';
import { DataError, UsageError } from './errors.js';
import type { NumberArray, StateValue } from './stateValue.js';

const MAGIC = new TextEncoder().encode('chexgpu state 1\n');
const ARRAYS = { Float32Array, Float64Array, Int32Array, Uint32Array } as const;
type ArrayName = keyof typeof ARRAYS;

/** What JSON has no word for stands in an object of one field that begins so. */
const MARK = '$';

const padded = (bytes: number): number => Math.ceil(bytes / 8) * 8;

/** @throws UsageError for a value that is no part of a state */
export function packState(state: StateValue): Uint8Array<ArrayBuffer> {
  const arrays: { values: NumberArray; offset: number }[] = [];
  let end = 0;
  const arrayOf = (values: NumberArray, name: ArrayName) => {
    const offset = end;
    arrays.push({ values, offset });
    end += padded(values.byteLength);
    return { $array: [name, offset, values.length] };
  };
  const json = new TextEncoder().encode(JSON.stringify(plain(state, arrayOf)));
  const start = padded(MAGIC.length + 4 + json.length);
  const bytes = new Uint8Array(start + end);
  bytes.set(MAGIC);
  new DataView(bytes.buffer).setUint32(MAGIC.length, json.length, true);
  bytes.set(json, MAGIC.length + 4);
  for (const { values, offset } of arrays) {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), start + offset);
  }
  return bytes;
}

/** JSON's own values of a state. */
function plain(value: StateValue, arrayOf: (values: NumberArray, name: ArrayName) => object): unknown {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return value;
  if (typeof value === 'number') {
    return Number.isFinite(value) && !Object.is(value, -0)
      ? value
      : { $number: Object.is(value, -0) ? '-0' : String(value) };
  }
  if (Array.isArray(value)) return value.map((item: StateValue) => plain(item, arrayOf));
  const name = Object.prototype.toString.call(value).slice(8, -1);
  if (Object.hasOwn(ARRAYS, name)) return arrayOf(value as NumberArray, name as ArrayName);
  if (name !== 'Object') throw new UsageError(`A state cannot hold ${shown(value)}.`);
  const fields = Object.entries(value as object).filter(([, field]) => field !== undefined);
  const object = Object.fromEntries(fields.map(([key, field]) => [key, plain(field, arrayOf)]));
  return fields.some(([key]) => key.startsWith(MARK)) ? { $object: object } : object;
}

/**
 * What `packState` packed, its arrays copied.
 * @param name what errors call it
 * @throws DataError for bytes that are none, or damaged
 */
export function unpackState(bytes: Uint8Array, name = 'The state'): StateValue {
  const damaged = (cause?: unknown) =>
    new DataError(`${name} is damaged, or none of this version.`, 'Take another one.', { cause });
  if (bytes.length < MAGIC.length + 4 || MAGIC.some((byte, i) => bytes[i] !== byte)) throw damaged();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = view.getUint32(MAGIC.length, true);
  const start = padded(MAGIC.length + 4 + length);
  if (start > bytes.length) throw damaged();
  const arrayAt = ([kind, offset, count]: [ArrayName, number, number]): NumberArray => {
    const Kind = ARRAYS[kind];
    const from = start + offset;
    const part = bytes.slice(from, from + count * Kind.BYTES_PER_ELEMENT);
    return new Kind(part.buffer, 0, count);
  };
  try {
    const json = bytes.subarray(MAGIC.length + 4, MAGIC.length + 4 + length);
    return restored(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(json)), arrayAt);
  } catch (cause) {
    throw damaged(cause);
  }
}

function restored(value: unknown, arrayAt: (place: [ArrayName, number, number]) => NumberArray): StateValue {
  if (typeof value !== 'object' || value === null) return value as StateValue;
  if (Array.isArray(value)) return value.map((item) => restored(item, arrayAt));
  const fields = (object: object) =>
    Object.fromEntries(Object.entries(object).map(([key, field]) => [key, restored(field, arrayAt)]));
  const { $array, $number, $object } = value as Record<string, unknown>;
  if ($array) return arrayAt($array as [ArrayName, number, number]);
  if ($number) return Number($number);
  return fields(($object as object | undefined) ?? value);
}
