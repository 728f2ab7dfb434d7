/**
 * What the state of something under way is made of, so that a file can hold it and bring it back to the last bit:
 * JSON's values, numbers that JSON has no word for (infinities, NaN), and arrays of numbers, kept as their bytes.
 */
import { requireObject, shown } from './arguments.js';
import { DataError } from './errors.js';

export type NumberArray = Float32Array | Float64Array | Int32Array | Uint32Array;

export type StateValue =
  | null
  | boolean
  | number
  | string
  | NumberArray
  | readonly StateValue[]
  | { readonly [field: string]: StateValue | undefined };

/**
 * The fields of a state that is given back to what once made it.
 * @param owner what errors call it
 * @throws DataError unless it is an object with exactly these fields; UsageError unless it is an object
 */
export function stateFields<Field extends string>(
  owner: string,
  state: StateValue,
  fields: readonly Field[],
): Readonly<Record<Field, StateValue>> {
  const name = `The state of ${owner}`;
  requireObject(name, state);
  const found = Object.keys(state as object);
  const other = found.find((field) => !fields.some((known) => known === field));
  const missing = fields.find((field) => !found.includes(field));
  if (other === undefined && missing === undefined) return state as Record<Field, StateValue>;
  throw new DataError(
    `${name} ${missing === undefined ? `has a field ${shown(other)}` : `lacks ${missing}`}; ` +
      `it must have ${fields.join(', ')}.`,
    'It belongs to something else, or was kept by another version.',
  );
}
