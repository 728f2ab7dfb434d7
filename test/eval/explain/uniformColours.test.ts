import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { JET } from '../../../src/eval/explain/colormap.js';
import { colourTable, type MapColours } from '../../../src/eval/explain/uniformColours.js';

/** OKLab of an sRGB colour: the way back of what the table is made by, from Ottosson's page. */
function oklab(rgb: readonly number[]): number[] {
  const [r, g, b] = rgb.map((byte) => {
    const v = byte / 255;
    return v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  });
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  return [
    0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s,
    0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s,
  ];
}

const rowsOf = (table: Uint8Array) =>
  Array.from({ length: 256 }, (_, i) => oklab([...table.subarray(3 * i, 3 * i + 3)]));

/** How far colours that stand `apart` rows from each other are from each other. */
function steps(table: Uint8Array, apart: number): number[] {
  const rows = rowsOf(table);
  return Array.from({ length: 256 - apart }, (_, i) =>
    Math.hypot(...rows[i].map((v, c) => v - rows[i + apart][c])),
  );
}

describe('the uniform colours', () => {
  it('go in equal steps, which jet does not', () => {
    const spread = (table: Uint8Array) => {
      const far = steps(table, 16);
      return Math.max(...far) / Math.min(...far);
    };
    expect(spread(colourTable('uniform'))).toBeLessThan(1.35);
    expect(spread(JET)).toBeGreaterThan(3);
  });

  it('become ever lighter, from dark to light', () => {
    const lightness = rowsOf(colourTable('uniform')).map(([L]) => L);
    expect(lightness[0]).toBeLessThan(0.25);
    expect(lightness[255]).toBeGreaterThan(0.9);
    for (let i = 4; i < 256; i++) expect(lightness[i]).toBeGreaterThan(lightness[i - 4]);
  });

  it("are by name; jet is the notebook's", () => {
    expect(colourTable('jet')).toBe(JET);
    expect(() => colourTable('rainbow' as MapColours)).toThrow(UsageError);
  });
});
