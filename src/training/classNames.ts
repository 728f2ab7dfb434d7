/** Classes as a caller names them. */
import { firstIndex, shown } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import { nearNames } from '../core/nearNames.js';

/** A class by its name, in any case and with blanks or underscores, or by its number from 0. */
export type ClassChoice = string | number;

const plain = (name: string): string => name.toLowerCase().replaceAll(' ', '_');

/**
 * The number of the class that is meant, or -1. A name goes before a number that is written as text; of names that
 * differ in case alone the very one.
 * @param names null where classes have none; '' is no name
 */
export function classIndex(wanted: unknown, names: readonly string[] | null, classes: number): number {
  const known = names ?? [];
  if (typeof wanted === 'string' && wanted !== '') {
    const exact = known.indexOf(wanted);
    const found = exact < 0 ? known.findIndex((name) => plain(name) === plain(wanted)) : exact;
    if (found >= 0) return found;
  }
  const number = typeof wanted === 'string' && /^\d+$/.test(wanted) ? Number(wanted) : wanted;
  return Number.isInteger(number) && (number as number) >= 0 && (number as number) < classes
    ? (number as number)
    : -1;
}

/** @throws UsageError unless it is an array of names and numbers, or a typed array */
export function listOfClasses(field: string, value: unknown): readonly ClassChoice[] {
  const list: unknown = ArrayBuffer.isView(value) ? Array.from(value as Uint8Array) : value;
  if (!Array.isArray(list)) {
    throw new UsageError(`${field} is ${shown(value)}, it must be an array of names or numbers.`);
  }
  const bad = firstIndex(list, (one) => typeof one !== 'string' && typeof one !== 'number');
  if (bad < 0) return list;
  throw new UsageError(`${field}[${bad}] is ${shown(list[bad])}, it must be a name or a number.`);
}

/**
 * The numbers of the classes that are meant, in the order given.
 * @param of what has the classes, for messages
 * @throws UsageError for a class that there is not, with the names that come near
 */
export function classIndices(
  wanted: readonly ClassChoice[],
  names: readonly string[] | null,
  of: { readonly name: string; readonly classes: number },
): number[] {
  return listOfClasses('classes', wanted).map((one) => {
    const index = classIndex(one, names, of.classes);
    if (index >= 0) return index;
    const message = `There is no class ${shown(one)}; ${of.name} has ${of.classes}.`;
    if (typeof one === 'number') throw new UsageError(message);
    const known = names?.filter((name) => name !== '');
    throw new UsageError(
      message,
      known ? `There is ${nearNames(one, known, 3).join(', ')}.` : 'They have no names: give numbers from 0.',
    );
  });
}
