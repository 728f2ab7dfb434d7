import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../src/engine/errors.js';
import { JET, jetIndex, overlay, overlayAlpha } from '../../src/eval/colormap.js';

const jet = (i: number) => [...JET.subarray(i * 3, i * 3 + 3)];

describe("matplotlib's jet", () => {
  it('is the same table, byte for byte', () => {
    // sha256 of matplotlib 3.11's colormaps['jet'](arange(256), bytes=True)[:, :3].
    const hash = createHash('sha256').update(JET).digest('hex');
    expect(hash).toBe('c1b7b97444ebebfc30a590ce3eada7cffefb868960c6c39fd4ed1ff7a40712e9');
    expect(jet(0)).toEqual([0, 0, 127]);
    expect(jet(64)).toEqual([0, 128, 255]);
    expect(jet(96)).toEqual([21, 255, 225]);
    expect(jet(128)).toEqual([124, 255, 121]);
    expect(jet(228)).toEqual([250, 15, 0]);
    expect(jet(255)).toEqual([127, 0, 0]);
  });

  it('is indexed by floor(256 t), 1 by 255', () => {
    expect([0, 0.00390624, 0.00390625, 0.5, 0.999, 1].map(jetIndex)).toEqual([0, 0, 1, 128, 255, 255]);
  });
});

describe('overlay', () => {
  const gray = new Uint8Array([200, 17, 96, 255]);
  const map = new Float32Array([0, 0.25, 0.5, 1]);

  it('blends (1 - alpha) gray + alpha jet', () => {
    const rgb = overlay(gray, map, 0.3);
    [0, 64, 128, 255].forEach((index, i) => {
      const wanted = jet(index).map((v) => Math.round(0.7 * gray[i] + 0.3 * v));
      expect([...rgb.subarray(i * 3, i * 3 + 3)]).toEqual(wanted);
    });
  });

  it('takes three channels as well, and stretches the map to its own range', () => {
    const three = new Uint8Array([...gray].flatMap((v) => [v, v, v]));
    expect(overlay(three, map, 0.5)).toEqual(overlay(gray, map, 0.5));
    const shifted = map.map((v) => 0.25 + v / 2);
    expect(overlay(gray, shifted, 0.5)).toEqual(overlay(gray, map, 0.5));
  });

  it('leaves the X-ray alone where the map says nothing', () => {
    const plain = [...gray].flatMap((v) => [v, v, v]);
    expect([...overlay(gray, new Float32Array(4), 0.5)]).toEqual(plain);
    expect([...overlay(gray, new Float32Array(4).fill(Number.NaN), 0.5)]).toEqual(plain);
  });

  it('is at most half opaque', () => {
    expect([0.004, 0.5, 0.953].map(overlayAlpha)).toEqual([0.004, 0.5, 0.5]);
  });

  it('refuses sizes that do not fit and impossible alphas', () => {
    expect(() => overlay(gray, new Float32Array(3), 0.5)).toThrow(DataError);
    expect(() => overlay(gray, map, 1.5)).toThrow(DataError);
    expect(() => overlay(gray, map, Number.NaN)).toThrow(DataError);
  });
});
