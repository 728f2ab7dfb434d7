/** Grad-CAM colours against real matplotlib: test/golden/eval/make_colormap.py wrote colormap.json. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { JET, jetIndex, overlay, overlayAlpha } from '../../../src/eval/explain/colormap.js';
import { uniform } from '../../support/networks/generated.js';

interface Golden {
  made_with: Record<string, string>;
  /** rgb[256,3], as hexadecimal bytes like all colours here. */
  jet: string;
  positions: number[];
  position_colours: string;
  /** SHA-256 of the colours of a whole map. */
  maps: Record<string, string>;
  overlays: { alpha: number; rgb: string }[];
}

const golden: Golden = JSON.parse(
  readFileSync(new URL('../../golden/eval/colormap.json', import.meta.url), 'utf8'),
);

const SEED = 7;
const SIDE = 16;
const jet = (i: number) => [...JET.subarray(i * 3, i * 3 + 3)];
const hex = (bytes: Iterable<number>) => Buffer.from([...bytes]).toString('hex');

describe("matplotlib's jet", () => {
  it('is the same table, byte for byte', () => {
    expect(golden.made_with.matplotlib).toBe('3.11.2');
    expect(JET.length).toBe(768);
    expect(hex(JET)).toBe(golden.jet);
  });

  it('is indexed by floor(256 t), 1 by 255, on both sides of the borders and outside 0..1', () => {
    const found = golden.positions.flatMap((t) => jet(jetIndex(t)));
    expect(golden.positions.length).toBe(138);
    expect(hex(found)).toBe(golden.position_colours);
    expect([0, 0.00390624, 0.00390625, 0.5, 0.999, 1].map(jetIndex)).toEqual([0, 0, 1, 128, 255, 255]);
  });

  const ranges: Record<string, [low: number, high: number]> = {
    cam: [-0.5, 1],
    shifted: [0.3, 0.9],
    tiny: [1e-8, 3e-8],
  };

  it.each(Object.keys(golden.maps))('colours a whole map: %s', (kind) => {
    const pixels = 256 * 256;
    const values = uniform(SEED, `map ${kind}`, pixels, ...ranges[kind]);
    const map = kind === 'cam' ? values.map((v) => Math.max(0, v)) : values;
    const rgb = overlay(new Uint8Array(pixels), map, 1);
    expect(createHash('sha256').update(rgb).digest('hex')).toBe(golden.maps[kind]);
  });
});

describe("matplotlib's imshow over imshow", () => {
  const gray = Uint8Array.from(uniform(SEED, 'gray', SIDE * SIDE, 0, 256), Math.floor);
  const map = uniform(SEED, 'overlay', SIDE * SIDE, -0.5, 1).map((v) => Math.max(0, v));

  it.each(golden.overlays)('with alpha $alpha differs by at most 2 levels of 255', ({ alpha, rgb }) => {
    const wanted = Buffer.from(rgb, 'hex');
    const found = overlay(gray, map, alpha);
    expect(found.length).toBe(wanted.length);
    const worst = found.reduce((most, v, i) => Math.max(most, Math.abs(v - wanted[i])), 0);
    // matplotlib's canvas blends in whole numbers and cuts alpha to floor(255 alpha) / 255.
    expect(worst).toBeLessThanOrEqual(alpha === 1 ? 0 : 2);
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
