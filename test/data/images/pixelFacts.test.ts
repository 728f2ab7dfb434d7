/** What was lost on the way from stored samples to pixels, and the ways to lose less. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { decodeBytes } from '../../../src/data/images/decode.node.js';
import { type PixelFacts, pixelFindings, type Scaling } from '../../../src/data/images/pixelFacts.js';
import { readXray } from '../../../src/data/images/readXray.node.js';
import { XRV_PREPROCESSING } from '../../../src/densenet/weights/torch/torchFacts.js';
import {
  GRAY,
  GRAY_ALPHA,
  PALETTE,
  type PngSpec,
  RGB,
  RGB_ALPHA,
  writePng,
} from '../../support/files/png.js';

const decode = async (spec: Partial<PngSpec>, scaling?: Scaling) => {
  const samples = spec.samples ?? [];
  const whole = { width: 2, height: 2, bitDepth: 8 as const, colorType: GRAY, ...spec, samples };
  return (await decodeBytes(writePng(whole), 'a.png', scaling)).image;
};

describe('scaling', () => {
  const wide = { bitDepth: 16 as const, samples: [0, 255, 256, 65535] };
  const twelve = { bitDepth: 16 as const, samples: [100, 1000, 2000, 4095] };

  it('clips as Keras, keeps the highest bits, or goes from the darkest to the brightest', async () => {
    expect([...(await decode(wide)).data]).toEqual([0, 255, 255, 255]);
    expect([...(await decode(wide, 'keras')).data]).toEqual([0, 255, 255, 255]);
    expect([...(await decode(wide, 'depth')).data]).toEqual([0, 0, 1, 255]);
    expect([...(await decode(twelve, 'depth')).data]).toEqual([0, 3, 7, 15]);
    const stretched = twelve.samples.map((v) => Math.round(((v - 100) * 255) / 3995));
    expect([...(await decode(twelve, 'range')).data]).toEqual(stretched);
    expect([...(await decode({ samples: [10, 20, 30, 60] }, 'range')).data]).toEqual([0, 51, 102, 255]);
  });

  it('takes all colours together and leaves alpha out of it', async () => {
    const colours = [10, 20, 30, 40, 50, 60, 10, 20, 30, 40, 50, 60];
    expect([...(await decode({ colorType: RGB, samples: colours }, 'range')).data]).toEqual(
      colours.map((v) => Math.round(((v - 10) * 255) / 50)),
    );
    const alpha = { colorType: GRAY_ALPHA, samples: [10, 255, 20, 0, 30, 255, 60, 0] };
    const image = await decode(alpha, 'range');
    expect([...image.data]).toEqual([0, 51, 102, 255]);
    expect(image.facts).toMatchObject({ transparent: true, scaling: 'range' });
  });

  it('changes nothing of 8 bits by depth, and makes an image of one value black by range', async () => {
    expect([...(await decode({ samples: [1, 2, 3, 255] }, 'depth')).data]).toEqual([1, 2, 3, 255]);
    const flat = await decode({ samples: [9, 9, 9, 9] }, 'range');
    expect([...flat.data]).toEqual([0, 0, 0, 0]);
    expect(flat.facts?.constant).toBe(true);
  });
});

describe('readXray', () => {
  it('scales as it is told, also by the preprocessing of weights, and knows what it can', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chexgpu-xray-'));
    const file = join(folder, 'a.png');
    const samples = Array.from({ length: 1024 }, (_, i) => i * 64);
    await writeFile(file, writePng({ width: 32, height: 32, bitDepth: 16, colorType: GRAY, samples }));
    const white = await readXray(file, 32);
    expect(white.pixels[4]).toBe(255);
    const preprocessing = { ...XRV_PREPROCESSING, scaling: 'depth' };
    const deep = await readXray(file, 32, preprocessing);
    expect([...deep.pixels]).toEqual(samples.map((v) => v >> 8));
    await expect(readXray(file, 32, { scaling: 'loud' })).rejects.toThrow(UsageError);
    await rm(folder, { recursive: true });
  });
});

describe('facts', () => {
  const cases: [string, Partial<PngSpec>, Partial<PixelFacts>][] = [
    ['16-bit gray', { bitDepth: 16, samples: [0, 200, 300, 400] }, { bits: 16, clipped: 0.5, max: 255 }],
    ['8 bits in 16', { bitDepth: 16, samples: [0, 200, 254, 255] }, { bits: 16, clipped: 0 }],
    [
      'all white by clipping',
      { bitDepth: 16, samples: [256, 700, 800, 900] },
      { clipped: 1, constant: true },
    ],
    ['black', { samples: [0, 0, 0, 0] }, { constant: true, min: 0, max: 0 }],
    ['one bit', { bitDepth: 1, samples: [0, 1, 1, 0] }, { bits: 1, min: 0, max: 255, constant: false }],
    ['two bits', { bitDepth: 2, samples: [0, 1, 2, 3] }, { bits: 2, min: 0, max: 255 }],
    ['0 to 1', { samples: [0, 1, 1, 0] }, { min: 0, max: 1, constant: false }],
    [
      'transparent gray',
      { colorType: GRAY_ALPHA, samples: [1, 255, 2, 255, 3, 254, 4, 255] },
      { transparent: true, grayContent: true },
    ],
    ['a transparent colour', { samples: [1, 2, 3, 4], transparency: [0, 3] }, { transparent: true }],
    ['one that does not occur', { samples: [1, 2, 3, 4], transparency: [0, 9] }, { transparent: false }],
    [
      'gray in a palette',
      { colorType: PALETTE, samples: [0, 1, 1, 0], palette: [7, 7, 7, 90, 90, 90] },
      { mode: 'palette', grayContent: true, constant: false },
    ],
    [
      'one colour',
      { colorType: RGB, samples: [1, 2, 3, 1, 2, 3, 1, 2, 3, 1, 2, 3] },
      { grayContent: false, constant: true },
    ],
    [
      'opaque',
      { colorType: RGB_ALPHA, samples: new Array(4).fill([5, 5, 6, 255]).flat() },
      { transparent: false, grayContent: false },
    ],
  ];
  it.each(cases)('of %s', async (_, spec, facts) => {
    expect((await decode(spec)).facts).toMatchObject(facts);
  });
});

describe('findings', () => {
  const facts = async (spec: Partial<PngSpec>) => (await decode(spec)).facts as PixelFacts;

  it('count the images concerned, name the first, and say each thing once', async () => {
    const wide = await facts({ bitDepth: 16, samples: [256, 700, 800, 0] });
    const good = await facts({ samples: [0, 60, 120, 255] });
    const found = pixelFindings(
      new Map([
        ['a', wide],
        ['b', good],
        ['c', wide],
        ['d', good],
      ]),
    );
    expect(found.map(({ kind, items }) => [kind, items])).toEqual([['saturating-16-bit', ['a', 'c']]]);
    expect(found[0].message).toMatch(
      /^2 of 4 images are 16-bit gray .*\(a, c\): Keras clips every value to 255, so 75 % of their pixels are white/,
    );
    expect(found[0].advice).toContain('`scaling: depth`');
  });

  it('tell transparent, constant, almost black and coloured ones', async () => {
    const images = new Map<string, PixelFacts>([
      ['glass', await facts({ colorType: GRAY_ALPHA, samples: [1, 0, 99, 255, 3, 255, 255, 255] })],
      ['black', await facts({ samples: [0, 0, 0, 0] })],
      ['dim', await facts({ samples: [0, 1, 15, 0] })],
      ['red', await facts({ colorType: RGB, samples: [255, 0, 0, 0, 0, 0, 9, 9, 9, 200, 0, 0] })],
      ['fine', await facts({ samples: [0, 16, 3, 0] })],
    ]);
    expect(pixelFindings(images).map(({ kind, items }) => [kind, ...items])).toEqual([
      ['transparent-images', 'glass'],
      ['constant-images', 'black'],
      ['flat-images', 'dim'],
      ['coloured-images', 'red'],
    ]);
    expect(pixelFindings(new Map([['fine', images.get('fine') as PixelFacts]]))).toEqual([]);
  });
});
