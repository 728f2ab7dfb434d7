import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import type { PixelImage } from '../../../src/data/images/pixels.js';
import { nearestIndices, resizeNearest } from '../../../src/data/images/resize.js';

function randomImage(rng: MT19937, width: number, height: number, channels: 1 | 3): PixelImage {
  const data = Uint8Array.from({ length: width * height * channels }, () => rng.next32() >>> 24);
  return { width, height, channels, data };
}

describe('nearest resize', () => {
  const sum = (indices: Int32Array) => indices.reduce((total, index) => total + index, 0);

  it("accumulates PIL's indices", () => {
    const indices = nearestIndices(1024, 320);
    expect([...indices.subarray(0, 12)]).toEqual([1, 4, 8, 11, 14, 17, 20, 23, 27, 30, 33, 36]);
    expect(indices[319]).toBe(1022);
    expect([sum(indices), sum(nearestIndices(1024, 224)), sum(nearestIndices(512, 320))]).toEqual([
      163684, 114567, 81764,
    ]);
    const plain = indices.filter((index, i) => index !== Math.floor((i + 0.5) * 3.2));
    expect(plain).toHaveLength(28);
    expect([...nearestIndices(1024, 256)]).toEqual(Array.from({ length: 256 }, (_, i) => i * 4 + 2));
  });

  it('picks rows and columns of their own axis and keeps the channels together', () => {
    const image = randomImage(new MT19937(3), 7, 5, 3);
    const { data, width, height } = resizeNearest(image, 11, 3);
    const [columns, rows] = [nearestIndices(7, 11), nearestIndices(5, 3)];
    expect([width, height, data.length]).toEqual([11, 3, 99]);
    for (let y = 0; y < 3; y++) {
      for (let x = 0; x < 11; x++) {
        for (let c = 0; c < 3; c++) {
          expect(data[(y * 11 + x) * 3 + c]).toBe(image.data[(rows[y] * 7 + columns[x]) * 3 + c]);
        }
      }
    }
  });

  it('leaves an image of the size wanted alone and refuses senseless sizes', () => {
    const image = randomImage(new MT19937(4), 4, 6, 1);
    expect(resizeNearest(image, 4, 6)).toBe(image);
    expect(() => resizeNearest(image, 0, 6)).toThrow(/Cannot resize/);
    expect(() => resizeNearest(image, 4, 2.5)).toThrow(/whole numbers/);
  });
});
