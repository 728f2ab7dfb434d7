import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { classIndices } from '../../src/training/classNames.js';

const NAMES = ['Normal', '', 'Lung Opacity', '0', 'normal'];
const five = { name: 'tiny', classes: 5 };

describe('classIndices', () => {
  it('takes names in any case, numbers, and numbers as text, in the order given', () => {
    expect(classIndices(['lung_opacity', 0, 'NORMAL', 'normal', '2', '0', 1], NAMES, five)).toEqual([
      2, 0, 0, 4, 2, 3, 1,
    ]);
    expect(classIndices([3, '4'], null, five)).toEqual([3, 4]);
    expect(classIndices(Uint8Array.of(1, 2) as never, NAMES, five)).toEqual([1, 2]);
  });

  it.each<[unknown, RegExp]>([
    [['Opacity'], /no class 'Opacity'; tiny has 5\. There is Lung Opacity/],
    [[''], /no class ''/],
    [[5], /no class 5; tiny has 5\.$/],
    [[-1], /no class -1/],
    [[0.5], /no class 0\.5/],
    [[Number.NaN], /no class NaN/],
    ['Normal', /classes is 'Normal', it must be an array/],
    [[null], /classes\[0\] is null, it must be a name or a number/],
  ])('refuses %j', (wanted, message) => {
    expect(() => classIndices(wanted as never, NAMES, five)).toThrow(UsageError);
    expect(() => classIndices(wanted as never, NAMES, five)).toThrow(message);
  });

  it('says where there are no names', () => {
    expect(() => classIndices(['Mass'], null, five)).toThrow(/no names: give numbers from 0/);
  });
});
