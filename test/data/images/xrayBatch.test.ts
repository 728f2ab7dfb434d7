import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { type PixelImage, toRgb } from '../../../src/data/images/pixels.js';
import { resize } from '../../../src/data/images/resize.js';
import { xrayBatch } from '../../../src/data/images/xrayBatch.js';

const gray = (seed: number, width: number, height: number): PixelImage => ({
  width,
  height,
  channels: 1,
  data: Uint8Array.from({ length: width * height }, (_, i) => (i * 37 + seed * 11) & 255),
});

describe('xrayBatch', () => {
  it('of many images is that of each behind the other', () => {
    const images = [gray(1, 9, 5), gray(2, 32, 32), gray(3, 40, 70)];
    const batch = xrayBatch(images, 32);
    expect(batch).toMatchObject({ count: 3, height: 32, width: 32, channels: 1 });
    expect(batch.files).toEqual(['X-ray 0', 'X-ray 1', 'X-ray 2']);
    expect([...batch.pixels]).toEqual(images.flatMap((image) => [...xrayBatch(image, 32).pixels]));
    expect(batch.labels).toBeUndefined();
  });

  it('of gray and coloured ones has three channels', () => {
    const coloured: PixelImage = {
      width: 4,
      height: 2,
      channels: 3,
      data: Uint8Array.from({ length: 24 }, (_, i) => i),
    };
    const { channels, pixels } = xrayBatch([gray(1, 4, 2), coloured], 8, ['a', 'b']);
    const wanted = [toRgb(gray(1, 4, 2)), coloured].flatMap((image) => [...resize(image, 8, 8).data]);
    expect(channels).toBe(3);
    expect([...pixels]).toEqual(wanted);
  });

  it('takes its size from the preprocessing of weights where no argument says it', () => {
    const preprocessing = { size: 8, interpolation: 'bilinear', normalisation: { kind: 'none' } as const };
    const image = gray(1, 20, 20);
    const { height, pixels } = xrayBatch(image, undefined, 'a.png', preprocessing);
    expect(height).toBe(8);
    expect([...pixels]).toEqual([...resize(image, 8, 8, 'bilinear').data]);
    expect(xrayBatch(image, 16, 'a.png', preprocessing).height).toBe(16);
    expect(xrayBatch(image).height).toBe(320);
  });

  it.each<[string, () => unknown, RegExp]>([
    ['no image', () => xrayBatch([]), /no image/],
    ['too few names', () => xrayBatch([gray(1, 2, 2), gray(2, 2, 2)], 8, ['a']), /1 name for 2 images/],
    ['one that is none', () => xrayBatch([gray(1, 2, 2), null as never], 8), /X-ray 1 is null/],
  ])('refuses %s', (_, work, message) => {
    expect(work).toThrow(UsageError);
    expect(work).toThrow(message);
  });
});
