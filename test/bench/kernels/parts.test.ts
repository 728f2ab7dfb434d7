import { describe, expect, it } from 'vitest';
import { OUTSIDE, partFinder, partsOf } from '../../../bench/kernels/parts.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';

describe('the parts of a network', () => {
  const config = densenetConfig('densenet121');
  const partOf = partFinder(config);

  it('stand from front to back', () => {
    const numbered = [1, 2, 3].flatMap((n) => [`dense block ${n}`, `transition ${n}`]);
    expect(partsOf(config)).toEqual(['stem', ...numbered, 'dense block 4', 'head', OUTSIDE]);
    expect(partsOf(densenetConfig('densenet40-12'))).toContain('dense block 3');
  });

  it.each([
    ['conv1/conv', 'stem'],
    ['pool1', 'stem'],
    ['conv2_block1_1_conv', 'dense block 1'],
    ['conv4_block24_2_conv and on', 'dense block 3'],
    ['block5', 'dense block 4'],
    ['pool3_bn', 'transition 2'],
    ['bn', 'head'],
    ['dense_1', 'head'],
    ['loss', OUTSIDE],
    ['whatever is new', OUTSIDE],
  ])('have what %s is for in them', (label, part) => {
    expect(partOf({ label })).toBe(part);
  });
});
