/** Random transforms, drawn and applied, against keras-preprocessing 1.1.0, 1.1.2 and tf_keras. */
import { afterAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import {
  type AugmentationOptions,
  augments,
  drawTransform,
  makeAugmentation,
} from '../../../src/data/generator/augmentation.js';
import { applyTransform, randomTransform } from '../../../src/data/generator/transform.js';
import { decodeBytes } from '../../../src/data/images/decode.node.js';
import { asRgb, NOTHING } from '../../support/files/transforms.js';
import {
  GOLDEN,
  goldenName,
  goldenPng,
  SECTIONS,
  summaryOf,
  worstOf,
} from '../../support/golden/generatorGolden.js';
import { parity, ranked } from '../../support/golden/parity.js';

/** On 0..255; what float64 coordinates that differ in their last bits do to a float32. */
const TOLERANCE = 1e-4;

const imageOf = async (k: number) => (await decodeBytes(goldenPng(k), goldenName(k))).image;

describe.each(SECTIONS)('%s', (name, section) => {
  const { rules } = section;

  it.each(section.draws)('draws $options', ({ options, drawn, next }) => {
    const augmentation = makeAugmentation({ ...options, rules });
    let rng = new MT19937(0);
    GOLDEN.seeds.forEach((seed, i) => {
      rng = new MT19937(seed);
      const { crop, ...keras } = drawTransform(augmentation, rng, 37, 53);
      expect(crop).toBeNull();
      const found = Object.values(keras);
      expect(found).toHaveLength(drawn[i].length);
      found.forEach((value, k) => {
        const wanted = drawn[i][k];
        if (wanted === null) expect(value).toBeNull();
        else expect(Math.abs(Number(value) - wanted)).toBeLessThan(1e-12);
      });
    });
    expect(rng.random()).toBe(next);
  });

  const found: [string, number][] = [];
  afterAll(() => {
    const [[where, worst]] = ranked(found);
    const what = `${found.length} augmented images, 0..255`;
    const measure = 'absolute per pixel';
    parity({ item: 'generator', what, against: name, measure, worst, where, bound: TOLERANCE });
  });

  it.each(section.transforms)('transforms image $image by $options', async (golden) => {
    const image = await imageOf(golden.image);
    const before = image.data.slice();
    const augmentation = makeAugmentation({ ...golden.options, rules });
    const y =
      golden.seed === null
        ? applyTransform(image, { ...NOTHING, ...golden.transform }, augmentation)
        : randomTransform(image, augmentation, new MT19937(golden.seed));
    expect([y.width, y.height, y.channels]).toEqual([image.width, image.height, image.channels]);
    const worst = worstOf(summaryOf(asRgb(y)), golden.x);
    found.push([`${golden.image} ${JSON.stringify(golden.options)}`.slice(0, 60), worst]);
    expect(worst).toBeLessThan(TOLERANCE);
    expect(image.data).toEqual(before);
  });
});

describe('options', () => {
  it.each<[AugmentationOptions, RegExp]>([
    [{ rotationRange: -3 }, /rotationRange cannot be -3/],
    [{ shearRange: Number.NaN }, /shearRange cannot be/],
    [{ widthShiftRange: -0.1 }, /widthShiftRange cannot be -0.1/],
    [{ heightShiftRange: [] }, /heightShiftRange cannot be \[\]/],
    [{ heightShiftRange: { pixels: -1 } }, /heightShiftRange cannot be/],
    [{ zoomRange: 1 }, /zoomRange cannot be \[0,2\]/],
    [{ zoomRange: [1.2, 0.8] }, /zoomRange cannot be/],
    [{ brightnessRange: [0.5] as unknown as [number, number] }, /brightnessRange cannot be \[0.5\]/],
    [
      { fillMode: 'mirror' as 'wrap' },
      /fillMode cannot be "mirror"\. Give one of nearest, constant, reflect, wrap/,
    ],
    [{ interpolationOrder: 3 as 1 }, /interpolationOrder cannot be 3/],
    [{ rules: '1.0.9' as '1.1.0' }, /rules cannot be "1.0.9"/],
    [{ horizontalFlip: 'yes' as unknown as boolean }, /horizontalFlip cannot be "yes"/],
    [{ cval: Number.POSITIVE_INFINITY }, /cval cannot be/],
    [{ rotation_range: 3 } as AugmentationOptions, /no augmentation "rotation_range".*rotationRange, /],
    [{ zcaWhitening: true } as AugmentationOptions, /ZCA whitening is not offered/],
  ])('%j are refused', (options, message) => {
    expect(() => makeAugmentation(options)).toThrow(UsageError);
    expect(() => makeAugmentation(options)).toThrow(message);
  });

  it('that do nothing are known to', () => {
    expect(augments(makeAugmentation())).toBe(false);
    expect(augments(makeAugmentation({ rotationRange: 0, zoomRange: 0, fillMode: 'wrap' }))).toBe(false);
    for (const options of SECTIONS[0][1].draws.map((draw) => draw.options)) {
      expect(augments(makeAugmentation(options))).toBe(Object.keys(options).length > 0);
    }
  });
});
