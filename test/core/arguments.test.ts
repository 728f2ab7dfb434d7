import { describe, expect, it } from 'vitest';
import * as check from '../../src/core/arguments.js';
import { UsageError } from '../../src/core/errors.js';

describe('a value in words', () => {
  it.each<[unknown, string]>([
    ['abc', "'abc'"],
    [Number.NaN, 'NaN'],
    [null, 'null'],
    [undefined, 'undefined'],
    [7n, '7n'],
    [() => 1, 'a function'],
    [{}, 'an Object'],
    [[1, 2], 'an Array of 2'],
    [new Float32Array(12), 'a Float32Array of 12'],
    [new Int8Array(1), 'an Int8Array of 1'],
    [new Uint8Array(3), 'a Uint8Array of 3'],
  ])('%s', (value, words) => expect(check.shown(value)).toBe(words));
});

/** A check, what it lets through, and what it refuses with which words. */
const CHECKS: [string, (value: unknown) => unknown, unknown[], [unknown, RegExp][]][] = [
  [
    'wholeNumber',
    (v) => check.wholeNumber('n', v, 1, 8),
    [1, 8],
    [
      [0, /^n is 0, it must be a whole number from 1 to 8\.$/],
      [1.5, /n is 1\.5/],
      ['1', /n is '1'/],
      [Number.NaN, /n is NaN/],
    ],
  ],
  [
    'wholeNumber without a most',
    (v) => check.wholeNumber('n', v, 0),
    [0, 2 ** 53 - 1],
    [[2 ** 53, /of at least 0/]],
  ],
  [
    'positiveNumber',
    (v) => check.positiveNumber('n', v),
    [1, 2 ** -126, check.FLOAT32_MOST],
    [
      [0, /above 0/],
      [2 ** -127, /float32/],
      [2 ** 128, /float32/],
      [Number.POSITIVE_INFINITY, /n is Infinity/],
    ],
  ],
  [
    'nonNegativeNumber',
    (v) => check.nonNegativeNumber('n', v),
    [0, 3],
    [
      [-1e-9, /0 or above/],
      [2 ** 128, /finite/],
    ],
  ],
  [
    'finite',
    (v) => check.finite('n', v),
    [-3, 0, -check.FLOAT32_MOST],
    [
      [2 ** 128, /finite/],
      [null, /n is null/],
    ],
  ],
  // 1 - 2^-26 is 1 as a float32.
  [
    'fraction',
    (v) => check.fraction('n', v),
    [0, 1 - 2 ** -24],
    [
      [1, /below 1/],
      [1 - 2 ** -26, /float32/],
    ],
  ],
  [
    'share',
    (v) => check.share('n', v),
    [0, 1],
    [
      [1.01, /from 0 to 1/],
      [-0.1, /from 0 to 1/],
    ],
  ],
  ['oneOf', (v) => check.oneOf('n', v, ['a', 'b']), ['a', 'b'], [['c', /n is 'c', it must be a or b\./]]],
  ['trueOrFalse', (v) => check.trueOrFalse('n', v), [true, false], [[0, /true or false/]]],
];

describe.each(CHECKS)('%s', (_, work, right, wrong) => {
  it('gives back what is right', () => expect(right.map(work)).toEqual(right));

  it.each(wrong)('refuses %s', (value, message) => {
    expect(() => work(value)).toThrow(UsageError);
    expect(() => work(value)).toThrow(message);
  });
});

describe('objects and lists', () => {
  it('are told from what is none', () => {
    expect(() => check.requireObject('o', {})).not.toThrow();
    expect(() => check.requireObject('o', [])).toThrow(/o is an Array of 0, it must be an object/);
    expect(() => check.requireFunction('f', () => {})).not.toThrow();
    expect(() => check.requireFunction('f', {})).toThrow(/f is an Object, it must be a function/);
    expect(check.listOfNumbers('l', Float64Array.of(1, 2))).toEqual(Float64Array.of(1, 2));
    expect(() => check.listOfNumbers('l', [1, '2'])).toThrow(/l\[1\] is '2', it must be a number/);
    expect(() => check.listOfNumbers('l', new DataView(new ArrayBuffer(8)))).toThrow(
      /a DataView, it must be/,
    );
    expect(check.listOfStrings('l', ['a'], 'path')).toEqual(['a']);
    expect(() => check.listOfStrings('l', 'a', 'path')).toThrow(
      /l is 'a', it must be an array with a path in/,
    );
    expect(() => check.listOfStrings('l', ['a', 1], 'path')).toThrow(/l\[1\] is 1, it must be a path/);
  });

  it('are searched for the first that is wrong', () => {
    expect(check.firstNotFinite(Float32Array.of(1, Number.NaN, Number.POSITIVE_INFINITY))).toBe(1);
    expect(check.firstNotFinite(Float32Array.of(1, 2))).toBe(-1);
    expect(check.firstIndex('abcb', (letter) => letter === 'b')).toBe(1);
  });

  it('of bytes lie in the memory that they had', () => {
    const canvas = new Uint8ClampedArray([1, 2, 3]).subarray(1);
    const bytes = check.bytes('p', canvas);
    bytes[0] = 9;
    expect([bytes.constructor, ...canvas]).toEqual([Uint8Array, 9, 3]);
    expect(() => check.bytes('p', Float32Array.of(0.5))).toThrow(
      /a Float32Array of 1.*Scale them to 0\.\.255/,
    );
    expect(() => check.bytes('p', Uint16Array.of(1))).toThrow(/12 or 16 bits/);
    expect(() => check.bytes('p', [1])).toThrow(/Uint8Array\.from/);
    expect(() => check.floats('x', [1])).toThrow(/x is an Array of 1, it must be a Float32Array/);
  });
});
