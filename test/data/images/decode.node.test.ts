/** Every kind of PNG against PIL's rules for convert('RGB'), stated here sample by sample. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { SAMPLEWISE, standardizeInto } from '../../../src/data/generator/standardize.js';
import { decodeBytes, decodeFile } from '../../../src/data/images/decode.node.js';
import { toRgb } from '../../../src/data/images/pixels.js';
import { resizeNearest } from '../../../src/data/images/resize.js';
import {
  GRAY,
  GRAY_ALPHA,
  PALETTE,
  type PngSpec,
  RGB,
  RGB_ALPHA,
  writePng,
} from '../../support/files/png.js';
import { DATA, realFile, sayIfLeftOut } from '../../support/files/realData.js';

const WIDTH = 13;
const HEIGHT = 6;
const CHANNELS: Record<number, number> = {
  [GRAY]: 1,
  [RGB]: 3,
  [PALETTE]: 1,
  [GRAY_ALPHA]: 2,
  [RGB_ALPHA]: 4,
};

/** A PNG of random samples; in 16 bits half of them are small, where clipping and shifting differ. */
function randomPng(
  seed: number,
  colorType: number,
  bitDepth: PngSpec['bitDepth'],
  trns: boolean,
  gamma?: number,
): PngSpec {
  const rng = new MT19937(seed);
  const top = 2 ** bitDepth;
  const samples = Array.from({ length: WIDTH * HEIGHT * CHANNELS[colorType] }, (_, i) =>
    rng.choice(bitDepth === 16 && i % 2 === 0 ? 300 : top),
  );
  const bytes = (n: number) => Array.from({ length: n }, () => rng.choice(256));
  const first = samples.slice(0, CHANNELS[colorType]).flatMap((value) => [value >> 8, value & 255]);
  return {
    width: WIDTH,
    height: HEIGHT,
    bitDepth,
    colorType,
    samples,
    gamma,
    palette: colorType === PALETTE ? bytes(3 * top) : undefined,
    transparency: trns ? (colorType === PALETTE ? bytes(top) : first) : undefined,
  };
}

/** PIL's rule: what each stored sample becomes, alpha left out. */
function pilRgb({ colorType, bitDepth, samples, palette }: PngSpec): number[] {
  const values = Array.from(samples);
  const high = (value: number) => (bitDepth === 16 ? value >> 8 : value);
  switch (colorType) {
    case GRAY: {
      const scale = { 1: 255, 2: 85, 4: 17, 8: 1, 16: 1 }[bitDepth];
      return values.flatMap((value) => new Array(3).fill(Math.min(value * scale, 255)));
    }
    case GRAY_ALPHA:
      return values.filter((_, i) => i % 2 === 0).flatMap((value) => new Array(3).fill(high(value)));
    case RGB:
      return values.map(high);
    case RGB_ALPHA:
      return values.filter((_, i) => i % 4 < 3).map(high);
    default:
      return values.flatMap((value) => (palette ?? []).slice(value * 3, value * 3 + 3));
  }
}

const KINDS: [name: string, colorType: number, depths: PngSpec['bitDepth'][]][] = [
  ['gray', GRAY, [1, 2, 4, 8, 16]],
  ['RGB', RGB, [8, 16]],
  ['palette', PALETTE, [1, 2, 4, 8]],
  ['gray with alpha', GRAY_ALPHA, [8, 16]],
  ['RGB with alpha', RGB_ALPHA, [8, 16]],
];

describe('PNG to RGB', () => {
  for (const [name, colorType, depths] of KINDS) {
    for (const bitDepth of depths) {
      const variants = colorType === GRAY_ALPHA || colorType === RGB_ALPHA ? [false] : [false, true];
      it.each(variants)(`${name}, ${bitDepth} bit, tRNS %s, with and without gAMA`, async (trns) => {
        for (const gamma of [undefined, 45455, 100000]) {
          const spec = randomPng(bitDepth + 100 * colorType, colorType, bitDepth, trns, gamma);
          const { image, stored } = await decodeBytes(writePng(spec), 'test.png');
          expect([image.width, image.height]).toEqual([WIDTH, HEIGHT]);
          expect(image.channels).toBe(colorType === GRAY || colorType === GRAY_ALPHA ? 1 : 3);
          expect([...toRgb(image).data]).toEqual(pilRgb(spec));
          expect(stored).toMatchObject({ format: 'png', bits: bitDepth });
        }
      });
    }
  }

  it('says whether alpha hides anything', async () => {
    const spec = randomPng(1, RGB_ALPHA, 8, false);
    const opaque = { ...spec, samples: Array.from(spec.samples, (value, i) => (i % 4 === 3 ? 255 : value)) };
    expect((await decodeBytes(writePng(spec), 'a.png')).transparent).toBe(true);
    expect((await decodeBytes(writePng(opaque), 'a.png')).transparent).toBe(false);
    expect((await decodeBytes(writePng(randomPng(2, GRAY, 8, false)), 'a.png')).transparent).toBe(false);
  });
});

/** The JPEG with an EXIF segment of that one tag. */
function withOrientation(jpeg: Uint8Array, orientation: number): Uint8Array {
  const tiff = [
    0x4d,
    0x4d,
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    0x01,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  ];
  const body = [...Buffer.from('Exif\0\0'), ...tiff];
  const segment = [0xff, 0xe1, 0, body.length + 2, ...body];
  return Buffer.concat([jpeg.subarray(0, 2), Uint8Array.from(segment), jpeg.subarray(2)]);
}

describe('JPEG', () => {
  it('keeps gray as one channel and colour as three, and does not turn by EXIF', async () => {
    const width = 24;
    const height = 10;
    const raw = Uint8Array.from({ length: width * height }, (_, i) => (i * 7) % 256);
    const gray = sharp(raw, { raw: { width, height, channels: 1 } }).toColourspace('b-w');
    const turned = withOrientation(await gray.jpeg({ quality: 100 }).toBuffer(), 6);
    const { image } = await decodeBytes(turned, 'a.jpg');
    expect([image.width, image.height, image.channels]).toEqual([width, height, 1]);
    expect((await sharp(turned).metadata()).orientation).toBe(6);
    const colour = await sharp(new Uint8Array(width * height * 3).fill(90), {
      raw: { width, height, channels: 3 },
    })
      .jpeg()
      .toBuffer();
    expect((await decodeBytes(colour, 'a.jpg')).image.channels).toBe(3);
  });
});

describe('files that are no image', () => {
  let folder = '';
  const png = writePng(randomPng(9, RGB, 8, false));
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-decode-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('names a missing file and a folder', async () => {
    await expect(decodeFile(join(folder, 'none.png'))).rejects.toThrow(/none\.png does not exist/);
    await expect(decodeFile(folder)).rejects.toThrow(DataError);
  });

  it.each([
    ['empty.png', new Uint8Array(0), /empty\.png is empty/],
    ['half.png', png.subarray(0, png.length >> 1), /half\.png is damaged, cut short or no image/],
    ['head.png', png.subarray(0, 40), /head\.png is damaged/],
    ['text.png', Buffer.from('no picture at all'), /text\.png is damaged, cut short or no image/],
  ])('refuses %s', async (name, bytes, message) => {
    const file = join(folder, name);
    await writeFile(file, bytes);
    await expect(decodeFile(file)).rejects.toThrow(DataError);
    await expect(decodeFile(file)).rejects.toThrow(message);
  });

  it('refuses pixels that changed on the way, a JPEG cut short, and formats that PIL is not asked for', async () => {
    const broken = Uint8Array.from(png);
    broken[broken.length - 30] ^= 0xff;
    await expect(decodeBytes(broken, 'flip.png')).rejects.toThrow(/flip\.png is damaged/);
    const image = sharp(new Uint8Array(3000).fill(80), { raw: { width: 50, height: 20, channels: 3 } });
    const jpeg = await image.clone().jpeg().toBuffer();
    await expect(decodeBytes(jpeg.subarray(0, jpeg.length - 20), 'cut.jpg')).rejects.toThrow(
      /cut\.jpg is damaged/,
    );
    await expect(decodeBytes(await image.clone().gif().toBuffer(), 'a.png')).rejects.toThrow(
      /a\.png is a GIF image; PNG and JPEG are read/,
    );
    const cmyk = await image.clone().toColourspace('cmyk').jpeg().toBuffer();
    await expect(decodeBytes(cmyk, 'a.jpg')).rejects.toThrow(/CMYK/);
  });
});

sayIfLeftOut('the decoding tests on NIH frames');
describe.runIf(DATA)('NIH frames', () => {
  async function pixels(file: string): Promise<Float32Array> {
    const { image } = await decodeFile(file);
    const x = new Float32Array(320 * 320 * 3);
    standardizeInto(resizeNearest(image, 320, 320), SAMPLEWISE, x);
    return x;
  }

  it("gives the notebook's normalised pixels", async () => {
    const { preprocessing } = JSON.parse(
      await readFile(realFile('reference/published-numbers.json'), 'utf8'),
    );
    const wanted = preprocessing['00008270_015.png'];
    const { image } = await decodeFile(realFile('nih/originals/00008270_015.png'));
    const mean = image.data.reduce((sum, value) => sum + value, 0) / image.data.length / 255;
    expect(mean).toBeCloseTo(wanted.full.mean, 4);
    expect(image.data.reduce((a, b) => Math.max(a, b)) / 255).toBeCloseTo(wanted.full.max, 4);
    const x = await pixels(realFile('nih/originals/00008270_015.png'));
    expect(x.reduce((a, b) => Math.max(a, b))).toBeCloseTo(wanted.normalised320.max, 4);
    expect(x.reduce((a, b) => Math.min(a, b))).toBeCloseTo(wanted.normalised320.min, 4);
  });

  it('gives the corner values that the notebook printed, to 1e-5', async () => {
    const { preprocessing } = JSON.parse(
      await readFile(realFile('reference/published-numbers.json'), 'utf8'),
    );
    const corners: number[][] =
      preprocessing['00000640_001.png'].rows_0_1_2_317_318_319__cols_0_1_2_317_318_319;
    const x = await pixels(realFile('nih/originals/00000640_001.png'));
    const at = [0, 1, 2, 317, 318, 319];
    let worst = 0;
    at.forEach((y, row) => {
      at.forEach((column, c) => {
        worst = Math.max(worst, Math.abs(x[(y * 320 + column) * 3] - corners[row][c]));
      });
    });
    expect(corners.flat()).toHaveLength(36);
    expect(worst).toBeLessThan(1e-5);
  });

  it('resizes as Keras did, pixel for pixel', async () => {
    // The eighth of the folder, 00025288_001.png, is a 280 x 276 copy from elsewhere and no NIH frame.
    const names = [
      '00000640_001',
      '00001297_000',
      '00008270_015',
      '00012359_002',
      '00017951_001',
      '00020172_000',
      '00029855_001',
    ];
    for (const name of names) {
      const [original, keras] = await Promise.all([
        decodeFile(realFile(`nih/originals/${name}.png`)),
        decodeFile(realFile(`nih/keras-nearest320/${name}.png`)),
      ]);
      expect(original.image.width).toBe(1024);
      const ours = toRgb(resizeNearest(original.image, 320, 320)).data;
      expect(Buffer.compare(ours, toRgb(keras.image).data)).toBe(0);
    }
  });
});
