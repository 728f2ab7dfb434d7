import { describe, expect, it } from 'vitest';
import { pointAt, pointingResult } from '../../../src/eval/explain/pointing.js';

const box = (x: number, y: number, width: number, height: number) => ({ label: 'Mass', x, y, width, height });

/** A map of 4 x 3 whose only warm pixel is at x, y. */
function warmAt(x: number, y: number) {
  const map = new Float32Array(12);
  map[y * 4 + x] = 1;
  return { map, width: 4, height: 3, empty: false };
}

describe('pointAt', () => {
  it('hits where the centre of the peak lies in a box, whose left and upper edges belong to it', () => {
    expect(pointAt(warmAt(2, 1), [box(2, 1, 1, 1)])).toEqual({ x: 2, y: 1, hit: true, chance: 1 / 12 });
    expect(pointAt(warmAt(2, 1), [box(2.5, 1.5, 1, 1)])).toMatchObject({ hit: true });
    expect(pointAt(warmAt(2, 1), [box(1.5, 0.5, 1, 1)])).toMatchObject({ hit: false });
    expect(pointAt(warmAt(3, 2), [box(0, 0, 3, 3), box(3, 0, 1, 2)])).toMatchObject({ hit: false });
  });

  it('counts a pixel in two boxes once', () => {
    expect(pointAt(warmAt(0, 0), [box(0, 0, 2, 2), box(1, 0, 2, 2)]).chance).toBe(6 / 12);
    expect(pointAt(warmAt(0, 0), [box(-5, -5, 99, 99)]).chance).toBe(1);
  });

  it('takes the first of several peaks, and no hit of a map without any', () => {
    const flat = { map: new Float32Array(12).fill(1), width: 4, height: 3, empty: false };
    expect(pointAt(flat, [box(0, 0, 1, 1)])).toMatchObject({ x: 0, y: 0, hit: true });
    const empty = { ...warmAt(0, 0), map: new Float32Array(12), empty: true };
    expect(pointAt(empty, [box(0, 0, 4, 3)])).toMatchObject({ hit: false, chance: 1 });
  });
});

describe('pointingResult', () => {
  it('adds up each label and all of them', () => {
    const played = [
      { label: 'Mass', hit: true, chance: 0.1 },
      { label: 'Mass', hit: false, chance: 0.3 },
      { label: 'Edema', hit: true, chance: 0.5 },
    ];
    const { classes, all } = pointingResult(['Edema', 'Mass', 'Hernia'], played, 0.5);
    expect(classes).toEqual([
      { label: 'Edema', maps: 1, hits: 1, chance: 0.5 },
      { label: 'Mass', maps: 2, hits: 1, chance: 0.2 },
    ]);
    expect(all).toMatchObject({ maps: 3, hits: 2 });
    expect(all.chance).toBeCloseTo(0.3, 12);
  });
});
