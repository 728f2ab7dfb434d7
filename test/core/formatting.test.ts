import { describe, expect, it } from 'vitest';
import {
  byteSize,
  duration,
  firstFew,
  milliseconds,
  percent,
  plural,
  threeDigits,
  whole,
} from '../../src/core/formatting.js';

describe('lists and counts', () => {
  it('name the first few', () => {
    expect(firstFew([1, 2, 3], 3)).toBe('1, 2, 3');
    expect(firstFew(['a', 'b', 'c', 'd'], 2)).toBe('a, b and 2 more');
  });

  it('put a comma at every thousand, and an s where there is not one', () => {
    expect([0, 999.6, 7_051_854].map(whole)).toEqual(['0', '1,000', '7,051,854']);
    expect([0, 1, 2000].map((count) => plural(count, 'image'))).toEqual([
      '0 images',
      '1 image',
      '2,000 images',
    ]);
    expect(plural(2, 'entry', 'entries')).toBe('2 entries');
  });
});

describe('numbers', () => {
  it('have three digits', () => {
    const numbers = [0, 0.00123, 0.0999, 1.005, 12.34, 1234.5, Number.NaN];
    expect(numbers.map(threeDigits)).toEqual(['0', '0.00123', '0.0999', '1.00', '12.3', '1235', '-']);
  });

  it('that are shares have a digit after the point below a tenth, or as many as are asked for', () => {
    expect([0.071, 0.0999, 0.64].map((share) => percent(share))).toEqual(['7.1 %', '10 %', '64 %']);
    expect(percent(0.27419, 1)).toBe('27.4 %');
  });

  it('of bytes are in powers of 1000, for memory and files alike', () => {
    expect([0, 1, 999, 1500, 7.3e6, 29.2e6, 307e6, 2 ** 28, 2 ** 30, 1e18].map(byteSize)).toEqual([
      '0 bytes',
      '1 byte',
      '999 bytes',
      '1.50 kB',
      '7.30 MB',
      '29.2 MB',
      '307 MB',
      '268 MB',
      '1.07 GB',
      '1,000,000,000 GB',
    ]);
  });
});

describe('times', () => {
  it('that were measured have three digits', () => {
    const times = [0.0123, 9.87, 1234, 65_432].map(milliseconds);
    expect(times).toEqual(['0.0123 ms', '9.87 ms', '1.23 s', '65.4 s']);
  });

  it('that somebody waited are in words', () => {
    const times = [8.26, 75.4, 250, 7500].map(duration);
    expect(times).toEqual(['8.3 s', '75 s', '4 min 10 s', '2 h 05 min']);
  });
});
