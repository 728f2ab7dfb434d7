/** Arrays; what only a browser has is tested in test/browser/pictures.test.ts. */
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../../src/core/errors.js';
import { type ToPixelsOptions, toPixels } from '../../../../src/data/images/canvas/toPixels.js';

const two = { width: 2, height: 1 };
const drawn = { [Symbol.toStringTag]: 'ImageData' };

describe('toPixels of an array', () => {
  it('keeps bytes as they are, in memory of its own', async () => {
    const given = Uint8Array.of(3, 200);
    for (const array of [given, new Uint8ClampedArray(given)]) {
      const { data, channels, facts } = await toPixels(array, two);
      expect([channels, data]).toEqual([1, given]);
      expect(facts).toMatchObject({ format: 'array', mode: 'gray', bits: 8, clipped: 0, min: 3, max: 200 });
      array.fill(0);
      expect([...data]).toEqual([3, 200]);
      array.set([3, 200]);
    }
  });

  it.each<[number[], ToPixelsOptions, number[]]>([
    [[0, 65535, 256, 255], { width: 4, height: 1 }, [0, 255, 1, 0]],
    [[0, 4095, 16, 15], { width: 4, height: 1, bits: 12 }, [0, 255, 1, 0]],
    [[1000, 3000, 2000, 1004], { width: 2, height: 2, bits: 12, scaling: 'range' }, [0, 255, 128, 1]],
    [[0, 256, 255, 7], { width: 2, height: 2, scaling: 'keras' }, [0, 255, 255, 7]],
    [[100, 65535, 300, 65535], { width: 2, height: 1, channels: 2 }, [0, 1]],
  ])('of 16 bits, %j by %j', async (samples, options, wanted) => {
    const { data, facts } = await toPixels(Uint16Array.from(samples), options);
    expect([...data]).toEqual(wanted);
    expect(facts.bits).toBe(options.bits ?? 16);
    expect(facts.clipped).toBe(options.scaling === 'keras' ? 0.25 : 0);
  });

  it('drops alpha and says so, and keeps colours', async () => {
    const { data, channels, facts } = await toPixels(Uint8Array.of(1, 2, 3, 255, 4, 5, 6, 0), {
      ...two,
      channels: 4,
    });
    expect([channels, [...data], facts.transparent, facts.mode]).toEqual([
      3,
      [1, 2, 3, 4, 5, 6],
      true,
      'rgba',
    ]);
    const opaque = await toPixels(Uint8Array.of(1, 255, 4, 255), { ...two, channels: 2 });
    expect([opaque.channels, [...opaque.data], opaque.facts.transparent]).toEqual([1, [1, 4], false]);
  });

  it.each<[unknown, object | null, typeof UsageError | typeof DataError, RegExp]>([
    [Uint8Array.of(1), two, DataError, /1 samples where 2 x 1 pixels of 1 channels are 2/],
    [Uint8Array.of(1, 2), {}, UsageError, /width is undefined/],
    [Uint8Array.of(1, 2), { width: 0, height: 1 }, UsageError, /width is 0/],
    [Uint8Array.of(1, 2), { ...two, channels: 5 }, UsageError, /channels is 5/],
    [Uint8Array.of(1, 2), { ...two, bits: 12 }, UsageError, /bits is 12, .* 8 to 8/],
    [Uint16Array.of(1, 4096), { ...two, bits: 12 }, DataError, /sample 1 is 4096; 12 bits go to 4095/],
    [Uint16Array.of(1, 2), { ...two, scaling: 'window' }, UsageError, /no scaling "window"/],
    [Uint16Array.of(1, 2), { ...two, depth: 12 }, UsageError, /options of toPixels have no 'depth'.*bits/],
    [Float32Array.of(0, 1), two, UsageError, /a Float32Array of 2, no ImageData.*Uint16Array\.from/],
    [[0, 1], two, UsageError, /Make it a Uint8Array/],
    [new ArrayBuffer(2), two, UsageError, /an ArrayBuffer, no ImageData/],
    [null, two, UsageError, /X is null/],
    [new Blob([]), {}, UsageError, /needs a browser/],
    [
      drawn,
      { scaling: 'range' },
      UsageError,
      /X is an ImageData, and scaling is said of arrays and files alone/,
    ],
    [new Blob([]), { scaling: 'window' }, UsageError, /no scaling "window"/],
    [new Blob([]), { width: 8, height: 8 }, UsageError, /width is said of arrays alone. .* `resize`/],
    [Uint8Array.of(1, 2), null, UsageError, /options of toPixels is null/],
  ])('refuses %j with %j', async (source, options, kind, message) => {
    const given = options === null ? null : { name: 'X', ...options };
    const error = await toPixels(source as Uint8Array, given as ToPixelsOptions).catch((e: unknown) => e);
    expect(error).toBeInstanceOf(kind);
    expect((error as Error).message).toMatch(message);
  });
});
