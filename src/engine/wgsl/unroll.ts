/**
 * A loader pass over WGSL: loops of constant length become straight lines, small arrays become variables.
 *
 * A register tile is easiest to read as an array and a loop, and slowest to run so: WGSL compilers keep an array that
 * is indexed by a variable in memory (2 to 4 times slower convolutions on lavapipe and SwiftShader, 2026-11-24). A
 * kernel file marks what is meant for registers and stays valid WGSL without this pass:
 *
 *   [[registers]] var sum: array<vec4f, PIXELS * OUT4>;                        the marks are comments, slash-star
 *   [[unroll]] for (var i = 0u; i < PIXELS; i++) { sum[i * OUT4] += v[i]; }    where this text has brackets
 *
 * becomes `var sum_0: vec4f; ...` and `{ sum_0 += v_0; } { sum_8 += v_1; } ...`. A shuffle from a lane that has become
 * a number turns into the broadcast that it is: `subgroupShuffle(w, 3u)` -> `subgroupBroadcast(w, 3u)`.
 */
import { GpuError } from '../../core/errors.js';

const LOOP = /\/\*unroll\*\/\s*for\s*\(var (\w+)\s*=\s*0u;\s*\1\s*<\s*([^;]+);\s*\1\+\+\)\s*\{/;
const REGISTERS = /\/\*registers\*\/\s*var (\w+):\s*array<([^;]+),\s*([^,>;]+)>;/;
/** More copies than any tile has: a runaway nest of loops. */
const MOST_COPIES = 100_000;

/**
 * @param source WGSL with the marks above
 * @param constants values of the names that bounds and indices may use
 * @throws GpuError for a bound or an index that is not constant
 */
export function unroll(source: string, constants: ReadonlyMap<string, number>): string {
  // What a comment says of arrays and loops is no code.
  let text = source.replace(/\/\/.*/g, '');
  let copies = 0;
  for (let loop = LOOP.exec(text); loop; loop = LOOP.exec(text)) {
    const [head, name, bound] = loop;
    const open = loop.index + head.length - 1;
    const close = closing(text, open);
    const body = text.slice(open, close + 1);
    const count = evaluate(bound, constants);
    if (count === null) throw new GpuError(`The bound ${bound} of an unrolled loop is not constant.`);
    copies += count;
    if (copies > MOST_COPIES) throw new GpuError('The unrolled loops of a kernel have no end.');
    const variable = new RegExp(`\\b${name}\\b`, 'g');
    const lines = Array.from({ length: count }, (_, i) => body.replace(variable, `${i}u`));
    text = text.slice(0, loop.index) + lines.join('\n') + text.slice(close + 1);
  }
  for (let array = REGISTERS.exec(text); array; array = REGISTERS.exec(text)) {
    text = scalars(text, array, constants);
  }
  return broadcasts(text, constants);
}

/** One array to variables. */
function scalars(text: string, array: RegExpExecArray, constants: ReadonlyMap<string, number>): string {
  const [whole, name, type, size] = array;
  const count = evaluate(size, constants);
  if (count === null) throw new GpuError(`The size ${size} of the registers ${name} is not constant.`);
  const names = Array.from({ length: count }, (_, i) => `var ${name}_${i}: ${type};`);
  const out: string[] = [text.slice(0, array.index), names.join(' ')];
  const end = endOfBlock(text, array.index + whole.length);
  let rest = text.slice(array.index + whole.length, end);
  const use = new RegExp(`\\b${name}\\b`);
  for (let found = use.exec(rest); found; found = use.exec(rest)) {
    const open = found.index + name.length;
    const close = rest[open] === '[' ? closing(rest, open) : -1;
    const index = close < 0 ? null : evaluate(rest.slice(open + 1, close), constants);
    if (index === null || index >= count) {
      const line = rest.slice(found.index).split('\n')[0];
      throw new GpuError(`The registers ${name} have no constant index below ${count} in: ${line.trim()}`);
    }
    out.push(rest.slice(0, found.index), `${name}_${index}`);
    rest = rest.slice(close + 1);
  }
  return out.join('') + rest + text.slice(end);
}

/** Shuffles from a constant lane. */
function broadcasts(text: string, constants: ReadonlyMap<string, number>): string {
  const call = 'subgroupShuffle(';
  let out = '';
  let rest = text;
  for (let at = rest.indexOf(call); at >= 0; at = rest.indexOf(call)) {
    const open = at + call.length - 1;
    const close = closing(rest, open);
    const comma = lastComma(rest, open + 1, close);
    const lane = evaluate(rest.slice(comma + 1, close), constants);
    const value = rest.slice(open + 1, comma);
    out += rest.slice(0, at);
    out += lane === null ? rest.slice(at, close + 1) : `subgroupBroadcast(${value}, ${lane}u)`;
    rest = rest.slice(close + 1);
  }
  return out + rest;
}

const PAIRS: Readonly<Record<string, string>> = { '{': '}', '[': ']', '(': ')' };

/** Index of the bracket that closes the one at `open`. */
function closing(text: string, open: number): number {
  const [left, right] = [text[open], PAIRS[text[open]]];
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    if (text[i] === left) depth++;
    else if (text[i] === right && --depth === 0) return i;
  }
  throw new GpuError(`A ${left} of a kernel is never closed.`);
}

/** Where the block that encloses `from` ends. */
function endOfBlock(text: string, from: number): number {
  let depth = 0;
  for (let i = from; i < text.length; i++) {
    if (text[i] === '{') depth++;
    else if (text[i] === '}' && depth-- === 0) return i;
  }
  throw new GpuError('The registers of a kernel stand outside its functions.');
}

/** The last comma between `from` and `to` that stands in no inner bracket. */
function lastComma(text: string, from: number, to: number): number {
  let depth = 0;
  for (let i = to - 1; i >= from; i--) {
    if (text[i] === ')' || text[i] === ']') depth++;
    else if (text[i] === '(' || text[i] === '[') depth--;
    else if (text[i] === ',' && depth === 0) return i;
  }
  throw new GpuError('A subgroupShuffle of a kernel names no lane.');
}

/** Value of an expression of whole numbers, constants, + - * / % and brackets; null if it is anything else. */
export function evaluate(expression: string, constants: ReadonlyMap<string, number>): number | null {
  const tokens = expression.match(/\d+u?|\w+|[^\s\w]/g) ?? [];
  let next = 0;
  const atom = (): number => {
    const token = tokens[next++] ?? '';
    if (token === '(') {
      const inner = sum();
      return tokens[next++] === ')' ? inner : Number.NaN;
    }
    if (/^\d+u?$/.test(token)) return Number.parseInt(token, 10);
    return constants.get(token) ?? Number.NaN;
  };
  const product = (): number => {
    let value = atom();
    while (next < tokens.length && '*/%'.includes(tokens[next])) {
      const operator = tokens[next++];
      const right = atom();
      if (operator === '*') value *= right;
      else value = operator === '/' ? Math.trunc(value / right) : value % right;
    }
    return value;
  };
  const sum = (): number => {
    let value = product();
    while (next < tokens.length && '+-'.includes(tokens[next])) {
      value += tokens[next++] === '+' ? product() : -product();
    }
    return value;
  };
  const value = sum();
  return next === tokens.length && Number.isInteger(value) && value >= 0 ? value : null;
}
