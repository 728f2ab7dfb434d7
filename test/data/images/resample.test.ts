/** Every filter bit for bit as Pillow resizes, through Keras' load_img, on PNGs of every kind. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { decodeBytes, decodeFile } from '../../../src/data/images/decode.node.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import { type PixelImage, toRgb } from '../../../src/data/images/pixels.js';
import { INTERPOLATIONS, type Interpolation, resize } from '../../../src/data/images/resize.js';
import { DATA, realFile, sayIfLeftOut } from '../../support/files/realData.js';
import { COUNT, goldenName, goldenPng, SECTIONS } from '../../support/golden/generatorGolden.js';

function checksum(image: PixelImage): string {
  return createHash('sha256').update(toRgb(image).data).digest('hex').slice(0, 16);
}

describe.each(SECTIONS)("resized as by %s's load_img", (_, { resizing }) => {
  it.each(Object.keys(resizing))('%s', async (key) => {
    const [size, filter] = key.split(' ');
    const [width, height] = size.split('x').map(Number);
    const found: string[] = [];
    for (let k = 0; k < COUNT; k++) {
      const { image } = await decodeBytes(goldenPng(k), goldenName(k));
      found.push(checksum(resize(image, width, height, filter as Interpolation)));
    }
    expect(found).toEqual(resizing[key]);
  });

  it('has every filter, shrinking and stretching', () => {
    const filters = new Set(Object.keys(resizing).map((key) => key.split(' ')[1]));
    expect([...filters].sort()).toEqual([...INTERPOLATIONS].sort());
  });
});

describe('resize', () => {
  const image: PixelImage = {
    width: 5,
    height: 4,
    channels: 1,
    data: Uint8Array.from({ length: 20 }, (_, i) => i * 12),
  };

  it('returns an image that has the size already', () => {
    for (const filter of INTERPOLATIONS) expect(resize(image, 5, 4, filter)).toBe(image);
  });

  it("is Keras' nearest unless told otherwise", () => {
    expect(resize(image, 3, 3)).toEqual(resize(image, 3, 3, 'nearest'));
    expect(resize(image, 3, 3)).not.toEqual(resize(image, 3, 3, 'bilinear'));
  });

  it('keeps a constant image constant', () => {
    const flat: PixelImage = {
      width: 31,
      height: 17,
      channels: 3,
      data: new Uint8Array(31 * 17 * 3).fill(255),
    };
    for (const filter of INTERPOLATIONS) {
      expect(new Set(resize(flat, 12, 40, filter).data)).toEqual(new Set([255]));
    }
  });

  it('refuses senseless sizes and unknown filters', () => {
    expect(() => resize(image, 0, 3, 'lanczos')).toThrow(/Cannot resize to 0 x 3/);
    expect(() => resize(image, 3, 3, 'cubic' as Interpolation)).toThrow(UsageError);
    expect(() => resize(image, 3, 3, 'cubic' as Interpolation)).toThrow(
      /no interpolation "cubic".*nearest, box, bilinear, hamming, bicubic, lanczos/,
    );
  });
});

describe('the decode pool', () => {
  let folder = '';
  const pool = new DecodePool({ workers: 0 });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-resample-'));
    await writeFile(join(folder, goldenName(1)), goldenPng(1));
  });
  afterAll(async () => {
    await pool.close();
    await rm(folder, { recursive: true });
  });

  it('resizes by the filter it is given', async () => {
    const file = join(folder, goldenName(1));
    const { resizing } = SECTIONS[0][1];
    for (const filter of INTERPOLATIONS) {
      expect(checksum(await pool.load(file, 40, 11, filter))).toBe(resizing[`40x11 ${filter}`][1]);
    }
    expect(checksum(await pool.load(file, 40, 11))).toBe(resizing['40x11 nearest'][1]);
    await expect(pool.load(join(folder, 'gone.png'), 40, 11, 'lanczos')).rejects.toThrow(DataError);
  });
});

sayIfLeftOut('resizing NIH frames');
describe.runIf(DATA)('NIH frames of 1024 px', () => {
  it('come out bit for bit as by every package', async () => {
    const [{ names, frames }, ...others] = SECTIONS.map(([, section]) => section.real);
    for (const other of others) expect(other).toMatchObject({ names, frames });
    expect(names.length).toBeGreaterThan(0);
    const found: Record<string, string[]> = {};
    for (const name of names) {
      const { image } = await decodeFile(realFile('nih', 'originals', name));
      for (const key of Object.keys(frames)) {
        const [size, filter] = key.split(' ');
        found[key] ??= [];
        found[key].push(checksum(resize(image, Number(size), Number(size), filter as Interpolation)));
      }
    }
    expect(found).toEqual(frames);
  }, 60_000);
});
