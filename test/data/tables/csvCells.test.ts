/** Tables as people's programs write them: cells, line ends, separators, ids, sizes. */
import { describe, expect, it } from 'vitest';
import { cellNumber, unknownCells } from '../../../src/data/tables/csvCells.js';

describe('unknownCells', () => {
  it('tells the same number however it is written, and the same text in any case', () => {
    const is = unknownCells(['-1', 'U', '']);
    expect(['-1', '-1.0', '-1e0', 'u', 'U', ''].map(is)).toEqual(Array(6).fill(true));
    expect(['0', '1', '-2', 'UU', 'nan', ' '].map(is)).toEqual(Array(6).fill(false));
  });

  it.each<[unknown, RegExp]>([
    [['', '1.0'], /has "1.0", which is a label/],
    [['0'], /has "0"/],
    ['-1', /unknownLabels is '-1'/],
    [[-1], /unknownLabels is an Array/],
  ])('refuses %j', (written, message) => {
    expect(() => unknownCells(written as string[])).toThrow(message);
  });
});

describe('numbers as text', () => {
  it.each([
    ['0.10', 0.1],
    ['1E-3', 0.001],
    ['+0.5', 0.5],
    ['.5', 0.5],
    ['1.', 1],
    ['-0', -0],
    ['1e-400', 0],
    ['0.30000000000000004', 0.1 + 0.2],
  ])('%s is a number', (text, value) => expect(cellNumber(text)).toBe(value));
  it.each(['', '0x10', '1_000', '1,5', 'nan', 'inf', 'Infinity', '1e', '.', '--1', '1 2', '٣'])(
    '"%s" is none',
    (text) => expect(cellNumber(text)).toBeNaN(),
  );
});
