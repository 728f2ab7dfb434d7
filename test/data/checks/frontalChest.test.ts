import { describe, expect, it } from 'vitest';
import { chests, KINDS, others } from '../../../scripts/chestCheck/pictures.js';
import { DataError } from '../../../src/core/errors.js';
import { FEATURES, SIDE, smallCopy } from '../../../src/data/checks/chestFeatures.js';
import { frontalChest } from '../../../src/data/checks/frontalChest.js';
import type { PixelImage } from '../../../src/data/images/pixels.js';

/** Seeds that the check was not fitted with. */
const [CHEST_SEED, OTHER_SEED] = [906, 907];

function changed(image: PixelImage, value: (x: number, y: number) => number): PixelImage {
  const { width: n } = image;
  return { ...image, data: Uint8Array.from({ length: n * n }, (_, i) => value(i % n, Math.floor(i / n))) };
}

describe('the check for chest X-rays from the front', () => {
  const phantoms = [...chests(20, CHEST_SEED)];

  it('has no doubts of phantoms that it never saw, whatever their size and their channels', () => {
    for (const phantom of phantoms) expect(frontalChest(phantom).doubts).toEqual([]);
    const { data, ...shape } = phantoms[0];
    const rgb = new Uint8Array(3 * data.length).map((_, i) => data[Math.floor(i / 3)]);
    const { likelihood } = frontalChest(phantoms[0]);
    expect(frontalChest({ ...shape, channels: 3, data: rgb }).likelihood).toBeCloseTo(likelihood, 12);
  });

  it('says why other drawings are none, in words', () => {
    const pictures = [...others(8 * Object.keys(KINDS).length, OTHER_SEED, 6)];
    const checks = pictures.map(frontalChest);
    expect(checks.filter(({ doubts }) => doubts.length === 0).length).toBeLessThanOrEqual(2);
    const words: readonly string[] = Object.values(FEATURES);
    for (const { doubts } of checks) expect(doubts.every((doubt) => words.includes(doubt))).toBe(true);
  });

  it('sees a chest that is upside down, lies on its side, or is a negative', () => {
    for (const phantom of phantoms.slice(0, 5)) {
      const at = (x: number, y: number) => phantom.data[y * phantom.width + x];
      const last = phantom.width - 1;
      expect(frontalChest(changed(phantom, (x, y) => at(x, last - y))).doubts).toContain(FEATURES.upright);
      expect(frontalChest(changed(phantom, (x, y) => at(y, x))).doubts).not.toEqual([]);
      expect(frontalChest(changed(phantom, (x, y) => 255 - at(x, y))).doubts).not.toEqual([]);
    }
  });

  it('takes pictures of one pixel and of one gray, and refuses what is no image', () => {
    const one = { width: 1, height: 1, channels: 1 as const, data: Uint8Array.of(7) };
    expect(smallCopy(one)).toEqual(new Float64Array(SIDE * SIDE).fill(7));
    expect(frontalChest(one).doubts).not.toEqual([]);
    expect(() => frontalChest({ ...one, width: 2 })).toThrow(DataError);
  });
});
