/** Crops against torchvision's RandomResizedCrop: the same draws, corners, sides and pixels. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { drawTransform, makeAugmentation } from '../../../src/data/generator/augmentation.js';
import { applyCrop, drawCrop, makeRandomResizedCrop } from '../../../src/data/generator/randomResizedCrop.js';
import { applyTransform } from '../../../src/data/generator/transform.js';
import type { Crop } from '../../../src/shaders/augment/changes.js';

type Range = [number, number];
interface Golden {
  draws: { seed: number; height: number; width: number; scale: Range; ratio: Range; crops: number[][] }[];
  pixels: { height: number; width: number; crop: number[]; values: number[] }[];
}

const GOLDEN: Golden = JSON.parse(
  readFileSync(new URL('../../golden/generator/crop.json', import.meta.url), 'utf8'),
);

const cropOf = ([top, left, height, width]: number[]): Crop => ({ top, left, height, width });

describe('a random resized crop', () => {
  it.each(GOLDEN.draws)(
    "draws torchvision's crops of $height x $width",
    ({ seed, height, width, crops, ...given }) => {
      const rng = new MT19937(seed);
      const settings = makeRandomResizedCrop(given);
      expect(crops.map(() => drawCrop(settings, rng, height, width))).toEqual(crops.map(cropOf));
    },
  );

  it.each(GOLDEN.pixels)("gives torchvision's pixels of $crop", ({ height, width, crop, values }) => {
    const data = Uint8Array.from({ length: height * width }, (_, i) => {
      const [y, x] = [Math.floor(i / width), i % width];
      return (37 * y + 91 * x + 5 * x * y) % 256;
    });
    const image = { height, width, channels: 1 as const, data };
    const floats = applyCrop({ ...image, data: Float32Array.from(data) }, cropOf(crop));
    values.forEach((value, i) => {
      expect(floats.data[i]).toBeCloseTo(value, 4);
    });
    expect(applyCrop(image, cropOf(crop)).data).toEqual(
      Uint8Array.from(floats.data, (v) => Math.floor(v + 0.5)),
    );
  });

  it('is drawn ahead of the other transforms, and leaves their order as it is', () => {
    const others = { rotationRange: 10, horizontalFlip: true };
    const rng = new MT19937(5);
    const crop = drawCrop(makeRandomResizedCrop({}), rng, 20, 30);
    const rest = drawTransform(makeAugmentation(others), rng, 20, 30);
    const all = makeAugmentation({ ...others, randomResizedCrop: {} });
    expect(drawTransform(all, new MT19937(5), 20, 30)).toEqual({ ...rest, crop });
  });

  it('comes before the turn, on bytes, channel by channel', () => {
    const image = {
      height: 3,
      width: 4,
      channels: 3 as const,
      data: Uint8Array.from({ length: 36 }, (_, i) => 7 * i),
    };
    const crop = { top: 1, left: 0, height: 2, width: 3 };
    const augmentation = makeAugmentation({});
    const rng = new MT19937(1);
    const transform = { ...drawTransform(makeAugmentation({ rotationRange: 30 }), rng, 3, 4), crop };
    const cut = applyCrop(image, crop);
    expect(applyTransform(image, transform, augmentation)).toEqual(
      applyTransform(cut, { ...transform, crop: null }, augmentation),
    );
    expect(cut.data.filter((_, i) => i % 3 === 1)).toEqual(
      applyCrop({ ...image, channels: 1, data: image.data.filter((_, i) => i % 3 === 1) }, crop).data,
    );
  });

  it.each([
    [{ scale: [0, 1] }, /scale as \[low, high\], above 0 and up to 1/],
    [{ scale: [0.5, 1.1] }, /scale as/],
    [{ scale: [0.9, 0.5] }, /scale as/],
    [{ scale: 0.5 }, /scale as/],
    [{ ratio: [0, 1] }, /ratio as/],
    [{ ratio: [1, Number.NaN] }, /ratio as/],
    [{ size: 5 }, /no "size"/],
    [[0.5, 1], /scale: \[low, high\]/],
  ])('refuses %j', (given, hint) => {
    let error: unknown;
    try {
      makeAugmentation({ randomResizedCrop: given as never });
    } catch (caught) {
      error = caught;
    }
    expect(error).toBeInstanceOf(UsageError);
    expect((error as UsageError).hint).toMatch(hint);
  });
});
