/** Every function that the package exports, called with nonsense: what it throws is of the project's own errors. */
import { describe, expect, it } from 'vitest';
import { ChexError } from '../../../src/core/errors.js';
import * as lab from '../../../src/lab.js';
import * as chexgpu from '../../../src/node.js';
import * as phantoms from '../../../src/phantoms.js';
import * as reading from '../../../src/reading.js';

/** Constructors that types call private, and doors that open something for no options at all. */
const PRIVATE = [
  ...['Gpu', 'Model', 'DenseNet', 'LoadedNetwork'],
  ...['openGpu', 'openNodeGpu', 'findAdapter', 'clearWeightsCache', 'DecodePool'],
];
const NONSENSE = [undefined, null, {}, 1, [], [null], new Map()];

type Callable = (...args: unknown[]) => unknown;
const isClass = (value: Callable) => /^class\b/.test(Function.prototype.toString.call(value));
const isError = (value: Callable) => value.prototype instanceof Error;

const exported = Object.entries({ ...chexgpu, ...lab, ...phantoms, ...reading } as Record<string, unknown>)
  .filter((entry): entry is [string, Callable] => typeof entry[1] === 'function')
  .filter(([name, value]) => !PRIVATE.includes(name) && !isError(value));

const lists: unknown[][] = [[], ...NONSENSE.flatMap((one) => [[one], ...NONSENSE.map((two) => [one, two])])];

/** What a call comes to, in words; null where it is well or the error is the project's. */
async function untyped(call: Callable, args: unknown[]): Promise<string | null> {
  try {
    await (isClass(call) ? Reflect.construct(call, args) : call(...args));
    return null;
  } catch (error) {
    return error instanceof ChexError ? null : `${args.map(String).join(', ')}: ${error}`;
  }
}

describe('nonsense', () => {
  it('is there to be given to all', () => {
    expect(exported.length).toBeGreaterThan(120);
  });

  it.each(exported)('throws nothing untyped: %s', async (_, call) => {
    const found = [];
    for (const args of lists) found.push(await untyped(call, args));
    expect(found.filter((words) => words !== null)).toEqual([]);
  });
});
