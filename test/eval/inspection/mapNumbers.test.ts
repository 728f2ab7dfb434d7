import { describe, expect, it } from 'vitest';
import { mapNumbers, runWords, shortNumber } from '../../../src/eval/inspection/mapNumbers.js';

describe('a map in numbers', () => {
  it('counts what is finite, and says how much is not', () => {
    const values = Float32Array.of(-2, 0, 4, Number.NaN, 0, Number.POSITIVE_INFINITY, 3, -0);
    expect(mapNumbers(values)).toEqual({
      count: 8,
      least: -2,
      greatest: 4,
      mean: 5 / 6,
      zeros: 3 / 8,
      notFinite: 2,
    });
    const none = mapNumbers(Float32Array.of(Number.NaN));
    expect([none.least, none.greatest, none.mean, none.notFinite]).toEqual([NaN, NaN, NaN, 1]);
  });

  it('has channels in a row as one', () => {
    expect(runWords([0, 1, 2, 3, 8, 7, 6, 10, 11])).toBe('0-3, 8, 7, 6, 10-11');
    expect(runWords([])).toBe('');
  });

  it.each([
    [0, '0'],
    [0.123456, '0.1235'],
    [-12.3456, '−12.35'],
    [1.5e-5, '1.5e-5'],
    [-2e-7, '−2e-7'],
    [123456, '123500'],
    [2.5e6, '2.5e6'],
    [9.9999e-4, '1e-3'],
    [Number.NaN, 'NaN'],
    [Number.NEGATIVE_INFINITY, '-Infinity'],
  ])('writes %d as %s', (value, text) => {
    expect(shortNumber(value)).toBe(text);
  });
});
