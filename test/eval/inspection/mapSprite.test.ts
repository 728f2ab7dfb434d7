import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { indexedPng } from '../../../src/eval/inspection/indexedPng.js';
import { colourOf, mapSprite, type SpriteColours } from '../../../src/eval/inspection/mapSprite.js';

const ALL = { maxMaps: 32 };

/** There are 127 of them. */
const near = (t: number, colours: SpriteColours) => colourOf(Math.round(126 * t) / 126, colours);

/** rgba of a pixel, by way of the PNG that sharp reads. */
async function pixels(shape: number[], values: Float32Array, isInput = false, options: object = ALL) {
  const sprite = mapSprite(shape, values, isInput, { ...ALL, ...options })!;
  const png = Buffer.from(await indexedPng(sprite));
  const { data, info } = await sharp(png).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  expect([info.width, info.height, info.channels]).toEqual([sprite.width, sprite.height, 4]);
  return {
    sprite,
    at: (x: number, y: number) => [...data.subarray(4 * (y * info.width + x), 4 * (y * info.width + x) + 4)],
  };
}

describe('maps as tiles', () => {
  it('have a tile per channel, row by row, with nothing between them, in the colours of their numbers', async () => {
    const [h, w, c] = [16, 20, 11];
    // Channel k is k - 5 all over.
    const values = Float32Array.from({ length: h * w * c }, (_, i) => (i % c) - 5);
    const { sprite, at } = await pixels([1, h, w, c], values);
    expect(sprite).toMatchObject({ columns: 8, width: 8 * 21 - 1, height: 2 * 17 - 1, averaged: 1 });
    expect(sprite).toMatchObject({ colours: 'signed', low: -5, high: 5, beyond: 0 });
    for (let k = 0; k < c; k++) {
      const [x, y] = [(k % 8) * 21, Math.floor(k / 8) * 17];
      for (const inside of [at(x, y), at(x + 19, y + 15)])
        expect(inside).toEqual([...near(k / 10, 'signed'), 255]);
      if (k < 7) expect(at(x + 20, y)[3]).toBe(0);
    }
    // Behind the last one there is nothing either.
    expect(at(3 * 21, 17)[3]).toBe(0);
    expect(colourOf(0.5, 'signed')).toEqual([247, 247, 247]);
  });

  it('are drawn larger where they are small, and as means where they are large', async () => {
    const small = await pixels(
      [1, 2, 2, 4],
      Float32Array.from({ length: 16 }, (_, i) => Math.floor(i / 4)),
    );
    expect(small.sprite).toMatchObject({ width: 4 * 17 - 1, height: 16, colours: 'unsigned', high: 3 });
    expect(small.at(7, 7)).toEqual([...colourOf(0, 'unsigned'), 255]);
    expect(small.at(8, 7)).toEqual([...near(1 / 3, 'unsigned'), 255]);
    const values = Float32Array.from({ length: 65 * 64 * 5 }, (_, i) => (Math.floor(i / 5) % 64 < 2 ? 8 : 0));
    const large = await pixels([1, 65, 64, 5], values);
    // Three by three values: two columns of 8 and one of 0; 22 by 22 pixels, the last column of one value in each row.
    expect(large.sprite).toMatchObject({ averaged: 3, width: 5 * 23 - 1, height: 22 });
    expect(large.sprite.high).toBeCloseTo(16 / 3, 5);
    expect(large.at(0, 21)).toEqual([...colourOf(1, 'unsigned'), 255]);
    expect(large.at(1, 0)).toEqual([...colourOf(0, 'unsigned'), 255]);
  });

  it('show the first channels, or those asked for that there are', async () => {
    const values = Float32Array.from({ length: 9 * 6 }, (_, i) => i % 6);
    const shape = [1, 3, 3, 6];
    expect(mapSprite(shape, values, false, { maxMaps: 2 })!.channels).toEqual([0, 1]);
    const { sprite, at } = await pixels(shape, values, false, { channels: [5, 2, 9] });
    expect([sprite.channels, sprite.high]).toEqual([[5, 2], 5]);
    expect(at(16, 0)).toEqual([...near(2 / 5, 'unsigned'), 255]);
    expect(mapSprite(shape, values, false, { maxMaps: 2, channels: [6] })).toBeNull();
    // Single numbers are few.
    expect(mapSprite([1, 1, 1, 100], values.subarray(0, 100), false, { maxMaps: 2 })!.channels).toHaveLength(
      100,
    );
  });

  it('leave outliers beyond the colours, and say what is no number', async () => {
    const values = Float32Array.from({ length: 32 * 32 }, (_, i) =>
      i === 0 ? 1000 : i === 1 ? Number.NaN : 1,
    );
    const { sprite, at } = await pixels([1, 32, 32, 1], values);
    expect([sprite.high, sprite.beyond]).toEqual([1, 1 / 1024]);
    expect(at(0, 0)).toEqual(at(2, 0));
    expect(at(1, 0)).toEqual([255, 0, 255, 255]);
    const zero = mapSprite([1, 2, 2, 1], new Float32Array(4), false, ALL)!;
    expect([zero.low, zero.high, zero.beyond]).toEqual([0, 0, 0]);
  });

  it('are gray from least to greatest where they are the input, of the first image', async () => {
    const values = Float32Array.from({ length: 2 * 4 * 3 }, (_, i) => (i < 12 ? -1 + (2 * (i % 3)) / 2 : 99));
    const { at, sprite } = await pixels([2, 2, 2, 3], values, true);
    expect([sprite.low, sprite.high]).toEqual([-1, 1]);
    expect([0, 17, 34].map((x) => at(x, 0)[0])).toEqual([0, 128, 255]);
  });
});
