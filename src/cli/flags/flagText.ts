/** From names of the library to flags, and from what it refuses to what a command line says of it. */
import { InvalidArgumentError } from 'commander';
import { UsageError } from '../../core/errors.js';
import { cellNumber } from '../../data/tables/csvCells.js';

/** `weightDecay` as a flag: `--weight-decay`. */
export const flagOf = (field: string): string =>
  `--${field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

/** The number in a flag's text; the text itself where there is none, so that a check can name what was typed. */
export function numberIn(text: string): number | string {
  const value = cellNumber(text.trim());
  return Number.isNaN(value) ? text : value;
}

/** A parser whose UsageErrors are about the text of its flag. */
export function parser<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text);
    } catch (error) {
      throw error instanceof UsageError ? new InvalidArgumentError(error.message) : error;
    }
  };
}
