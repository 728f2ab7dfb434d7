import { describe, expect, it } from 'vitest';
import {
  Canvas,
  hollowTube,
  type Pose,
  softStreak,
  solidTube,
  tapered,
} from '../../../src/data/phantoms/canvas.js';

const UPRIGHT: Pose = { angle: 0, magnification: 1, shiftX: 0, shiftY: 0 };
const sum = (values: Float32Array) => values.reduce((total, value) => total + value, 0);

describe('the pose', () => {
  it('puts the middle of the patient into the middle of the image, or beside it', () => {
    const upright = new Canvas(8, UPRIGHT);
    expect([upright.pixelX(0, 0.5), upright.pixelY(0, 0.5), upright.scale]).toEqual([4, 4, 8]);
    const moved = new Canvas(8, { ...UPRIGHT, shiftX: 0.25, magnification: 2 });
    expect([moved.pixelX(0, 0.5), moved.scale]).toEqual([6, 16]);
  });

  it('is undone for every pixel of a rectangle', () => {
    const canvas = new Canvas(16, { angle: 0.3, magnification: 1.1, shiftX: 0.02, shiftY: -0.03 });
    let seen = 0;
    canvas.each(-0.2, 0.3, 0.1, 0.7, (index, x, y) => {
      seen++;
      expect(canvas.pixelX(x, y)).toBeCloseTo((index % 16) + 0.5, 9);
      expect(canvas.pixelY(x, y)).toBeCloseTo(Math.floor(index / 16) + 0.5, 9);
    });
    expect(seen).toBeGreaterThan(20);
    const quarter: number[] = [];
    new Canvas(8, UPRIGHT).each(0, 0.5, 0.5, 1, (index) => quarter.push(index));
    expect(quarter).toHaveLength(16);
    expect([quarter[0], quarter.at(-1)]).toEqual([36, 63]);
  });
});

it('rows are the pixels of each, row by row without gaps', () => {
  const canvas = new Canvas(33, { angle: 0.3, magnification: 1.1, shiftX: 0.02, shiftY: -0.03 });
  const [single, whole]: [number, number, number][][] = [[], []];
  canvas.each(-0.2, 0.3, 0.3, 0.9, (index, x, y) => single.push([index, x, y]));
  canvas.rows(-0.2, 0.3, 0.3, 0.9, ({ first, count, xs, ys }) => {
    expect(Math.floor(first / 33)).toBe(Math.floor((first + count - 1) / 33));
    for (let k = 0; k < count; k++) whole.push([first + k, xs[k], ys[k]]);
  });
  expect(whole.length).toBeGreaterThan(200);
  expect(whole).toEqual(single);
});

it("a canvas that is let go leaves its memory to the next, whose layers are zeros, and nobody else's", () => {
  const canvas = new Canvas(8, UPRIGHT);
  canvas.layer().fill(7);
  canvas.release();
  const next = new Canvas(8, UPRIGHT);
  const layers = [next.layer(), next.layer(), next.layer()];
  expect(layers.map(sum)).toEqual([0, 0, 0]);
  for (const [i, layer] of layers.entries()) layer.fill(i);
  expect(layers.map(sum)).toEqual([0, 64, 128]);
});

describe('a stroke', () => {
  const canvas = new Canvas(8, UPRIGHT);
  const even = () => 1;
  const line = (xs: number[], radius = 0.125) =>
    tapered(
      xs.map((x) => [x, 0.5] as const),
      [radius, radius],
      [1, 1],
    );

  it('covers what lies within its radius', () => {
    const layer = canvas.layer();
    canvas.stroke(layer, line([-0.25, 0.25]), even, { blunt: true });
    // Columns 2 to 5 of the two rows beside the line.
    expect([...layer.keys()].filter((i) => layer[i] === 1)).toEqual([26, 27, 28, 29, 34, 35, 36, 37]);
    expect(sum(layer)).toBe(8);
  });

  it('adds to the last one, or joins it, and does not add up at its joints', () => {
    const [added, joined, bent] = [canvas.layer(), canvas.layer(), canvas.layer()];
    for (let i = 0; i < 2; i++) {
      canvas.stroke(added, line([-0.25, 0.25]), even, { blunt: true });
      canvas.stroke(joined, line([-0.25, 0.25]), even, { blunt: true, union: true });
    }
    canvas.stroke(bent, line([-0.25, 0, 0.25]), even, { blunt: true });
    expect([sum(added), sum(joined), sum(bent)]).toEqual([16, 8, 8]);
  });

  it('thinner than a pixel is wider and weaker', () => {
    const layer = canvas.layer();
    canvas.stroke(layer, line([-0.25, 0.25], 0.01), even);
    expect(Math.max(...layer)).toBeCloseTo(0.08 / 0.75, 6);
  });

  it('tapers', () => {
    const path = [0, 1, 2].map((x) => [x, 0] as const);
    expect(tapered(path, [4, 2], [1, 0]).map(({ radius, gain }) => [radius, gain])).toEqual([
      [4, 1],
      [3, 0.5],
      [2, 0],
    ]);
  });

  it('is as strong across as a tube or a streak', () => {
    expect([0, 0.6, 1, 2].map(solidTube)).toEqual([1, 0.8, 0, 0]);
    expect(hollowTube(0)).toBeCloseTo(1.75 - 1.2 * 0.8, 12);
    expect(hollowTube(0.8)).toBeCloseTo(1.75 * 0.6, 12);
    expect([softStreak(0), softStreak(1)]).toEqual([1, 0]);
  });
});
