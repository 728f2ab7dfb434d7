import { describe, expect, it } from 'vitest';
import { clamp, curve, lerp, smoothstep, spline, Table } from '../../../src/data/phantoms/curves.js';

describe('curves', () => {
  it('clamp, blend and step', () => {
    expect([clamp(-1, 0, 2), clamp(3, 0, 2), clamp(1, 0, 2)]).toEqual([0, 2, 1]);
    expect(lerp(2, 6, 0.25)).toBe(3);
    expect([-1, 0.25, 0.5, 9].map((x) => smoothstep(0, 1, x))).toEqual([0, 0.15625, 0.5, 1]);
  });

  it('go through their points, straight where these are, and on as they ended', () => {
    const line = [
      [0, 0],
      [1, 2],
      [3, 6],
    ] as const;
    [0.5, 1, 2, 2.9].forEach((x) => {
      expect(curve(line, x)).toBeCloseTo(2 * x, 12);
    });
    expect([curve(line, -1), curve(line, 4)]).toEqual([0, 6]);
  });

  it('are looked up between samples', () => {
    const table = new Table(0, 2, (x) => 3 * x + 1, 8);
    expect(table.at(0.3)).toBeCloseTo(1.9, 12);
    expect([table.at(-1), table.at(5)]).toEqual([1, 7]);
  });

  it('become points along a spline', () => {
    const control = [
      [0, 0],
      [1, 3],
      [2, 0],
    ] as const;
    const points = spline(control, 4);
    expect(points).toHaveLength(9);
    expect([points[0], points[4], points[8]]).toEqual(control.map((point) => [...point]));
    // Half-way on the first span: (0.5 * (0 + 3) + (0 + 3 - 0 - 0) / 16) by Catmull and Rom's weights -1, 9, 9, -1.
    expect(points[2][1]).toBeCloseTo((-0 + 9 * 0 + 9 * 3 - 0) / 16, 12);
  });
});
