/** Numbers as Python writes them, and its format strings: names of files and tables that Keras' callbacks make. */
import { shown } from './arguments.js';
import { UsageError } from './errors.js';

/** `str(x)` of a Python float: 1e-05, 0.1, 1e+16, nan, inf. Whole numbers end in .0. */
export function pythonFloat(value: number): string {
  if (!Number.isFinite(value)) return notFinite(value);
  const [digits, exponent] = value
    .toExponential()
    .split('e')
    .map((part, i) => (i === 0 ? part : Number(part)));
  const power = exponent as number;
  if (power < -4 || power >= 16) return `${digits}e${exponentOf(power)}`;
  const plain = Math.abs(value) >= 1e-4 || value === 0 ? String(value) : value.toFixed(-power + 16);
  const text = Object.is(value, -0) ? '-0' : plain;
  return text.includes('.') ? text : `${text}.0`;
}

const notFinite = (value: number) => (Number.isNaN(value) ? 'nan' : value > 0 ? 'inf' : '-inf');

/** At least two digits. */
const exponentOf = (power: number) => `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`;

/** A part of a format string: text, or a number by its name. */
type Part = string | { name: string; spec: Spec };

interface Spec {
  zeros: boolean;
  width: number;
  precision: number | null;
  type: string;
}

/** A format string of Python's `str.format`, of those that are about numbers: `{epoch:02d}-{val_loss:.3f}.h5`. */
export interface PythonFormat {
  /** The names that it wants, each once. */
  readonly names: readonly string[];
  /**
   * @param values numbers by name; those in `whole` are Python's ints, all others its floats
   * @throws UsageError for a name that has no value, and for a float as `d`
   */
  format(values: Readonly<Record<string, number | undefined>>, whole: ReadonlySet<string>): string;
}

/** `{name}`, `{name:spec}`, `{{` and `}}`. */
const TOKEN = /\{\{|\}\}|\{([^{}:!]+)(?::([^{}]*))?\}|[{}]/g;
const SPEC = /^(0?)(\d{0,2})(?:\.([1-4]?\d)(?=[fe%]))?([dfe%]?)$/;

/**
 * @param field what messages call the string
 * @throws UsageError for a brace without its other one, or a spec beyond [0][width][.precision] and d, f, e, %
 */
export function pythonFormat(field: string, text: string): PythonFormat {
  if (typeof text !== 'string') throw new UsageError(`${field} is ${shown(text)}, it must be a text.`);
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    parts.push(text.slice(end, match.index));
    end = match.index + match[0].length;
    const [token, name, spec = ''] = match;
    if (name !== undefined) parts.push({ name, spec: specOf(field, text, spec) });
    else if (token.length === 2) parts.push(token[0]);
    else {
      throw new UsageError(
        `${field} is ${shown(text)}: a brace has no other one.`,
        'Write {{ or }} for a brace.',
      );
    }
  }
  parts.push(text.slice(end));
  const names = parts.flatMap((part) => (typeof part === 'string' ? [] : [part.name]));
  return {
    names: [...new Set(names)],
    format: (values, whole) =>
      parts
        .map((part) => {
          if (typeof part === 'string') return part;
          const { name, spec } = part;
          const value = values[name];
          if (value === undefined) {
            const known = Object.keys(values).join(', ');
            throw new UsageError(
              `${field} ${shown(text)} wants ${name}, which is not there; there is ${known}.`,
            );
          }
          if (spec.type === 'd' && !whole.has(name)) {
            throw new UsageError(
              `${field} ${shown(text)}: ${name} is no whole number.`,
              `Use {${name}:.3f}.`,
            );
          }
          return formatted(value, spec, whole.has(name));
        })
        .join(''),
  };
}

function specOf(field: string, text: string, spec: string): Spec {
  const match = SPEC.exec(spec);
  if (!match) {
    throw new UsageError(
      `${field} is ${shown(text)}: ':${spec}' is no format that is known here.`,
      'Use [0][width] and d, or [0][width][.precision] and f, e or %, as in {epoch:02d} and {val_loss:.3f}.',
    );
  }
  const [, zero, width, precision, type] = match;
  return {
    zeros: zero === '0',
    width: Number(width),
    precision: precision === undefined ? null : Number(precision),
    type,
  };
}

function formatted(value: number, { zeros, width, precision, type }: Spec, isWhole: boolean): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  const digits = magnitude(Math.abs(value), type, precision, isWhole);
  const room = width - sign.length;
  return zeros ? sign + digits.padStart(room, '0') : (sign + digits).padStart(width);
}

function magnitude(value: number, type: string, precision: number | null, isWhole: boolean): string {
  if (type === '%') return `${magnitude(value * 100, 'f', precision, false)}%`;
  if (!Number.isFinite(value)) return notFinite(value);
  if (type === 'f') return fixed(value, precision ?? 6);
  if (type === 'e') return exponential(value, precision ?? 6);
  return isWhole ? String(value) : pythonFloat(value);
}

function fixed(value: number, digits: number): string {
  if (value >= 1e21) return BigInt(value).toString() + (digits > 0 ? `.${'0'.repeat(digits)}` : '');
  return evenTie(value.toFixed(100), value.toFixed(digits), digits);
}

function exponential(value: number, digits: number): string {
  const split = (text: string) => text.split('e') as [mantissa: string, exponent: string];
  const [exact, below] = split(value.toExponential(100));
  const [rounded, power] = split(value.toExponential(digits));
  const mantissa = evenTie(exact, rounded, digits);
  return `${mantissa}e${exponentOf(Number(mantissa === rounded ? power : below))}`;
}

/** JavaScript rounds a number halfway between two upwards, Python to the even digit. */
function evenTie(exact: string, rounded: string, digits: number): string {
  const end = exact.indexOf('.') + 1 + digits;
  if (!/^50*$/.test(exact.slice(end))) return rounded;
  const below = exact.slice(0, digits === 0 ? end - 1 : end);
  return /[02468]$/.test(below) ? below : rounded;
}
