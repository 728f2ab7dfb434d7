import { describe, expect, it } from 'vitest';
import { applyAffine } from '../../../src/data/generator/affine.js';
import {
  type AugmentationOptions,
  makeAugmentation,
  type Transform,
} from '../../../src/data/generator/augmentation.js';
import { NOTHING } from '../../support/files/transforms.js';

const IMAGE = { width: 3, height: 3, channels: 1 as const, data: Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7, 8) };

function moved(transform: Partial<Transform>, options: AugmentationOptions = {}): number[] {
  // Each pixel 0..8 is its place; tf.keras turns and zooms about the middle one.
  const augmentation = makeAugmentation({ rules: 'tf.keras', ...options });
  const { data } = applyAffine(IMAGE, { ...NOTHING, ...transform }, augmentation)!;
  // No -0, and no last bits of a cosine.
  return [...data].map((value) => Math.round(value * 1e6) / 1e6 + 0);
}

describe('an image of 3 x 3', () => {
  it('is left alone by a transform that does nothing', () => {
    expect(applyAffine(IMAGE, NOTHING, makeAugmentation())).toBeNull();
  });

  it('moves by whole pixels and by halves', () => {
    const rules = '1.1.2' as const;
    expect(moved({ tx: 1 }, { rules })).toEqual([3, 4, 5, 6, 7, 8, 6, 7, 8]);
    expect(moved({ ty: -1 }, { rules, fillMode: 'constant', cval: 9 })).toEqual([9, 0, 1, 9, 3, 4, 9, 6, 7]);
    expect(moved({ tx: 0.5 }, { rules })).toEqual([1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 6, 7, 8]);
  });

  it('moves by the nearest pixel in order 0', () => {
    const options = { rules: '1.1.2', interpolationOrder: 0 } as const;
    expect(moved({ tx: 0.4 }, options)).toEqual([...IMAGE.data]);
    expect(moved({ tx: 0.6 }, options)).toEqual([3, 4, 5, 6, 7, 8, 6, 7, 8]);
  });

  it('turns by a quarter', () => {
    expect(moved({ theta: 90 })).toEqual([2, 5, 8, 1, 4, 7, 0, 3, 6]);
  });

  it('seen from twice as far has around it what the fill mode says', () => {
    const far = { zx: 2, zy: 2 };
    expect(moved(far, { fillMode: 'constant', cval: 9 })).toEqual([9, 9, 9, 9, 4, 9, 9, 9, 9]);
    expect(moved(far, { fillMode: 'nearest' })).toEqual([...IMAGE.data]);
    // The mirror repeats the edge; wrapping has the period of 2 pixels, one less than the image.
    expect(moved(far, { fillMode: 'reflect' })).toEqual([...IMAGE.data]);
    expect(moved(far, { fillMode: 'wrap' })).toEqual(Array(9).fill(4));
  });

  it('keeps the channels together', () => {
    const data = Uint8Array.of(1, 2, 3, 4, 5, 6);
    const colour = { width: 2, height: 1, channels: 3 as const, data };
    const augmentation = makeAugmentation({ rules: '1.1.2' });
    expect(applyAffine(colour, { ...NOTHING, ty: 1 }, augmentation)!.data).toEqual(
      Float32Array.of(4, 5, 6, 4, 5, 6),
    );
  });
});
