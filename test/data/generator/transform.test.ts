import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import { type AugmentationOptions, makeAugmentation } from '../../../src/data/generator/augmentation.js';
import { applyTransform, randomTransform } from '../../../src/data/generator/transform.js';
import type { PixelImage } from '../../../src/data/images/pixels.js';
import { asRgb, NOTHING } from '../../support/files/transforms.js';

describe('the rules', () => {
  const square: PixelImage = {
    width: 4,
    height: 4,
    channels: 1,
    data: Uint8Array.from({ length: 16 }, (_, i) => i),
  };
  const turned = (rules: AugmentationOptions['rules']) =>
    applyTransform(square, { ...NOTHING, theta: 30 }, makeAugmentation({ rules })).data;

  it('turn about a point one pixel off the centre in keras-preprocessing', () => {
    const wanted = [
      6.339746, 4.339746, 3.156733, 2.022759, 9.803847, 8.254809, 7.120835, 5.98686, 12.084936, 12.218911,
      11.084936, 9.950962, 12.584936, 13.450962, 14.316987, 13.732051,
    ];
    for (const rules of ['1.1.0', '1.1.2', undefined] as const) {
      turned(rules).forEach((value, i) => {
        expect(value).toBeCloseTo(wanted[i], 5);
      });
    }
  });

  it('turn about the centre in tf.keras', () => {
    const half = applyTransform(square, { ...NOTHING, theta: 180 }, makeAugmentation({ rules: 'tf.keras' }));
    half.data.forEach((value, i) => {
      expect(value).toBeCloseTo(15 - i, 5);
    });
    expect(turned('tf.keras')).not.toEqual(turned('1.1.0'));
  });

  it('give every channel of an image what a gray image gets', () => {
    const augmentation = makeAugmentation({
      rotationRange: 40,
      channelShiftRange: 50,
      brightnessRange: [0.5, 1.5],
    });
    const rgb: PixelImage = {
      ...square,
      channels: 3,
      data: Uint8Array.from({ length: 48 }, (_, i) => Math.floor(i / 3)),
    };
    const gray = randomTransform(square, augmentation, new MT19937(3));
    expect(randomTransform(rgb, augmentation, new MT19937(3)).data).toEqual(asRgb(gray));
  });
});
