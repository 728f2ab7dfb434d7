/** Order, random numbers and batches of the image generator against keras-preprocessing 1.1.0. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { ImageGenerator, type ImageGeneratorOptions } from '../../../src/data/generator/generator.js';
import { flowFromDataframe } from '../../../src/data/generator/generator.node.js';
import {
  getTestAndValidGenerator,
  getTrainGenerator,
} from '../../../src/data/generator/splitGenerators.node.js';
import { SAMPLEWISE } from '../../../src/data/generator/standardize.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import type { PixelImage } from '../../../src/data/images/pixels.js';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { readFrame } from '../../../src/data/tables/csv.node.js';
import type { Frame } from '../../../src/data/tables/frame.js';
import { csvOf, noisePng, randomRows, writeImages } from '../../support/files/imageFolder.js';
import { DATA, realFile, sayIfLeftOut } from '../../support/files/realData.js';

const SIZE = 4;

function frameOf(count: number): Frame {
  return parseFrame(csvOf(randomRows(count, 7)), 'test.csv');
}

/** An image of its own for each file name; names in `coloured` give three channels. */
function fakeImage(file: string, coloured = false): PixelImage {
  const rng = new MT19937(Number.parseInt(file, 10));
  const channels = coloured ? 3 : 1;
  const data = Uint8Array.from({ length: SIZE * SIZE * channels }, () => rng.next32() >>> 24);
  return { width: SIZE, height: SIZE, channels, data };
}

function generatorOf(count: number, options: Partial<ImageGeneratorOptions> = {}): ImageGenerator {
  const load = async (file: string) => fakeImage(file);
  return new ImageGenerator({
    frame: frameOf(count),
    load,
    height: SIZE,
    width: SIZE,
    batchSize: 8,
    ...options,
  });
}

/** Row numbers of a batch: the test's patients are 1, 2, 3... in row order. */
function rows(batch: { files: string[] }): number[] {
  return batch.files.map((file) => Number.parseInt(file, 10) - 1);
}

async function epoch(generator: ImageGenerator): Promise<number[][]> {
  const batches: number[][] = [];
  for (let i = 0; i < generator.length; i++) batches.push(rows(await generator.getItem(i)));
  return batches;
}

const EPOCH_0 = [
  [3, 16, 6, 10, 2, 14, 4, 17],
  [7, 1, 13, 0, 19, 18, 9, 15],
  [8, 12, 11, 5],
];
const EPOCH_1 = [
  [11, 18, 5, 15, 3, 17, 4, 16],
  [9, 2, 19, 13, 1, 10, 8, 14],
  [7, 12, 0, 6],
];
const EPOCH_1_NEXT = [
  [19, 3, 18, 6, 13, 4, 0, 17],
  [12, 11, 15, 10, 9, 2, 16, 7],
  [8, 1, 5, 14],
];

describe('for a network of one channel', () => {
  const coloured = async (file: string) => fakeImage(file, true);
  const ofFirst = async (file: string): Promise<PixelImage> => {
    const image = fakeImage(file, true);
    return { ...image, channels: 1, data: image.data.filter((_, i) => i % 3 === 0) };
  };
  const settings = { seed: 3, normalisation: SAMPLEWISE, inputChannels: 1 } as const;
  const CHANGES = [
    { rescale: 0.5 },
    { augmentation: { channelShiftRange: 40, brightnessRange: [0.5, 1.5], horizontalFlip: true } },
    { augmentation: { horizontalFlip: true }, augmentOn: 'gpu' },
    {},
  ] as const;

  it.each(CHANGES)('only the first channel of coloured images counts, %o', async (changes) => {
    const [got, want] = [coloured, ofFirst].map((load) => generatorOf(8, { ...settings, ...changes, load }));
    expect(await got.getBatch(0)).toEqual(await want.getBatch(0));
  });

  it('floats have one channel, the same as of a network of three', async () => {
    const augmentation = { widthShiftRange: 0.3 };
    const options = { ...settings, augmentation, load: ofFirst };
    const { x } = await generatorOf(8, options).getItem(0);
    const three = await generatorOf(8, { ...options, inputChannels: 3 }).getItem(0);
    expect(x).toEqual(three.x.filter((_, i) => i % 3 === 0));
  });

  it('another number is refused', () => {
    expect(() => generatorOf(8, { inputChannels: 2 as 1 })).toThrow('inputChannels is 2, it must be 1 or 3.');
  });
});

describe('order of the images', () => {
  it.each([0, 1, 2, 9])("is Keras' by getItem and onEpochEnd, %i batches ahead", async (prefetch) => {
    const generator = generatorOf(20, { seed: 1, prefetch });
    expect([generator.length, generator.samples]).toEqual([3, 20]);
    expect(await epoch(generator)).toEqual(EPOCH_0);
    generator.onEpochEnd();
    expect(await epoch(generator)).toEqual(EPOCH_1);
  });

  it("is Keras' by next", async () => {
    const generator = generatorOf(20, { seed: 1 });
    const batches: number[][] = [];
    for (let i = 0; i < 6; i++)
      batches.push(rows(i % 2 ? await generator.nextPixels() : await generator.next()));
    expect(batches).toEqual([...EPOCH_0, ...EPOCH_1_NEXT]);
  });

  it('draws the same by getPixels, and when all batches are asked for at once', async () => {
    const generator = generatorOf(20, { seed: 1 });
    const all = await Promise.all([0, 1, 2].map((i) => generator.getPixels(i)));
    expect(all.map(rows)).toEqual(EPOCH_0);
    generator.onEpochEnd();
    expect(await epoch(generator)).toEqual(EPOCH_1);
  });

  it('keeps the rows in order without shuffle, again and again', async () => {
    const generator = generatorOf(10, { shuffle: false, seed: 1, batchSize: 4 });
    const inOrder = [
      [0, 1, 2, 3],
      [4, 5, 6, 7],
      [8, 9],
    ];
    expect(await epoch(generator)).toEqual(inOrder);
    generator.onEpochEnd();
    expect(await epoch(generator)).toEqual(inOrder);
    expect(rows(await generator.getItem(1))).toEqual([4, 5, 6, 7]);
  });

  it('shuffles anew each time without a seed, each image once', async () => {
    const generator = generatorOf(50, { seed: null });
    const first = (await epoch(generator)).flat();
    generator.onEpochEnd();
    const second = (await epoch(generator)).flat();
    expect(first).not.toEqual(second);
    expect([...first].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect([...second].sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, i) => i));
  });

  it('can share its random numbers, as all generators of NumPy do', async () => {
    const rng = new MT19937(4);
    const expected = new MT19937(4);
    const generator = generatorOf(20, { seed: null, rng });
    expected.permutation(20);
    for (let i = 0; i < 16; i++) expected.random();
    await generator.getItem(0);
    expect(rng.random()).toBe(expected.random());
  });
});

describe('batches', () => {
  it('hold the labels, pixels and names of their rows', async () => {
    const generator = generatorOf(20, { seed: 1, normalisation: SAMPLEWISE });
    const batch = await generator.getPixels(2);
    const floats = await generatorOf(20, { seed: 1, normalisation: SAMPLEWISE }).getItem(2);
    expect([batch.count, batch.height, batch.width, batch.channels]).toEqual([4, SIZE, SIZE, 1]);
    expect([floats.count, floats.x.length]).toEqual([4, 4 * SIZE * SIZE * 3]);
    expect(batch.normalisation).toEqual(SAMPLEWISE);
    const frame = frameOf(20);
    EPOCH_0[2].forEach((row, i) => {
      expect([...batch.labels.subarray(i * 14, i * 14 + 14)]).toEqual([
        ...frame.labels.subarray(row * 14, row * 14 + 14),
      ]);
      const image = batch.pixels.subarray(i * SIZE * SIZE, (i + 1) * SIZE * SIZE);
      expect(image).toEqual(fakeImage(frame.images[row]).data);
      const x = floats.x.subarray(i * SIZE * SIZE * 3, (i + 1) * SIZE * SIZE * 3);
      const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
      const square = x.reduce((sum, value) => sum + value * value, 0) / x.length;
      expect(mean).toBeCloseTo(0, 5);
      expect(square).toBeCloseTo(1, 5);
    });
    expect(floats.labels).toEqual(batch.labels);
    expect(batch.labels.some((value) => value === 1)).toBe(true);
  });

  it('have three channels as soon as one image has', async () => {
    const load = async (file: string) => fakeImage(file, file.startsWith('00000018'));
    const generator = generatorOf(20, { seed: 1, load });
    const [mixed, gray] = [await generator.getPixels(0), await generator.getPixels(1)];
    expect([mixed.channels, gray.channels]).toEqual([3, 1]);
    const first = fakeImage('00000004').data;
    expect([...mixed.pixels.subarray(0, 6)]).toEqual([
      first[0],
      first[0],
      first[0],
      first[1],
      first[1],
      first[1],
    ]);
    expect(mixed.pixels.subarray(7 * SIZE * SIZE * 3)).toEqual(fakeImage('00000018', true).data);
  });

  it('load no more than two ahead, and nothing twice', async () => {
    const asked: string[] = [];
    const load = async (file: string) => {
      asked.push(file);
      return fakeImage(file);
    };
    const generator = generatorOf(40, { seed: 3, load });
    await generator.getItem(0);
    expect(asked).toHaveLength(24);
    for (let i = 1; i < 5; i++) await generator.getItem(i);
    expect(new Set(asked).size).toBe(40);
    expect(asked).toHaveLength(40);
  });

  it('meet an error only on the batch that has it', async () => {
    const load = async (file: string) => {
      if (file.startsWith('00000013')) throw new DataError(`${file} is damaged.`);
      return fakeImage(file);
    };
    const generator = generatorOf(20, { seed: 1, load });
    expect(rows(await generator.getItem(0))).toEqual(EPOCH_0[0]);
    expect(rows(await generator.getPixels(1))).toEqual(EPOCH_0[1]);
    await expect(generator.getItem(2)).rejects.toThrow(/00000013_000\.png is damaged/);
  });

  it('refuse what cannot be', async () => {
    const generator = generatorOf(20, { seed: 1 });
    await expect(generator.getItem(3)).rejects.toThrow(
      'Asked to retrieve element 3, but the Sequence has length 3',
    );
    await expect(generator.getPixels(-1)).rejects.toThrow(UsageError);
    expect(() => generatorOf(20, { batchSize: 0 })).toThrow(/batch size 0/);
    const big = generatorOf(5, { width: SIZE + 1 });
    await expect(big.getItem(0)).rejects.toThrow(/came as 4 x 4 pixels, not 5 x 4/);
    const none = { ...frameOf(1), images: [], patientIds: [], labels: new Uint8Array(0), lines: [] };
    expect(
      () => new ImageGenerator({ frame: none, load: async (f) => fakeImage(f), height: 4, width: 4 }),
    ).toThrow(DataError);
  });
});

describe('from a folder', () => {
  let folder = '';
  let directory = '';
  const pool = new DecodePool({ workers: 0 });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-flow-'));
    directory = join(folder, 'images');
    await writeImages(folder, randomRows(30, 7), 9);
  });
  afterAll(async () => {
    await pool.close();
    await rm(folder, { recursive: true });
  });

  it("prints Keras' line and refuses a missing image, or drops it with Keras' warning", async () => {
    const lines: string[] = [];
    const log = (line: string) => lines.push(line);
    const options = { directory, pool, log, targetSize: [32, 32] as const, seed: 1 };
    await flowFromDataframe({ ...options, frame: frameOf(30) });
    expect(lines).toEqual(['Found 30 validated image filenames.']);
    const gone = frameOf(32);
    await expect(flowFromDataframe({ ...options, frame: gone })).rejects.toThrow(
      /test\.csv, line 32: .*00000031_000\.png does not exist \(2 of 32 rows are so\)/,
    );
    const generator = await flowFromDataframe({ ...options, frame: gone, invalidFiles: 'ignore' });
    expect(generator.samples).toBe(30);
    expect(lines.slice(1)).toEqual([
      'Found 2 invalid image filename(s) in x_col="Image". These filename(s) will be ignored.',
      'Found 30 validated image filenames.',
    ]);
    await expect(
      flowFromDataframe({ ...options, frame: gone, directory: `${directory}-not` }),
    ).rejects.toThrow(/images-not does not exist/);
    await writeFile(join(directory, 'notes.txt'), 'x');
    const text = { ...frameOf(1), images: ['notes.txt'] };
    await expect(flowFromDataframe({ ...options, frame: text })).rejects.toThrow(
      /"notes\.txt" is no image file/,
    );
  });

  it("makes the notebook's three generators", async () => {
    const lines: string[] = [];
    const options = {
      directory,
      pool,
      targetSize: [32, 32] as const,
      log: (line: string) => lines.push(line),
    };
    const frames = { train: frameOf(30), valid: frameOf(6), test: frameOf(9) };
    const train = await getTrainGenerator(frames.train, options);
    const { valid, test } = await getTestAndValidGenerator(frames, {
      ...options,
      sampleSize: 20,
      sampleSeed: 5,
    });
    expect(lines).toEqual([
      'getting train generator...',
      'Found 30 validated image filenames.',
      'getting train and valid generators...',
      'Found 30 validated image filenames.',
      'Found 6 validated image filenames.',
      'Found 9 validated image filenames.',
    ]);
    expect(rows(await train.getItem(0))).toEqual([...new MT19937(1).permutation(30).subarray(0, 8)]);
    expect([train.batchSize, valid.length, test.length]).toEqual([8, 1, 2]);
    expect(rows(await test.getItem(1))).toEqual([8]);
    expect(valid.normalisation).toEqual(test.normalisation);
    // The statistics by hand, from the 20 images that seed 5 puts first.
    const raw = await flowFromDataframe({ ...options, frame: frames.train, batchSize: 20, seed: 5 });
    const { x } = await raw.next();
    const mean = x.reduce((sum, value) => sum + value, 0) / x.length;
    const std = Math.sqrt(x.reduce((sum, value) => sum + (value - mean) ** 2, 0) / x.length);
    expect(valid.normalisation).toMatchObject({
      kind: 'featurewise',
      mean: [mean, mean, mean].map(Math.fround),
    });
    expect(valid.normalisation).toMatchObject({ std: [std, std, std].map(Math.fround) });
    const again = await getTestAndValidGenerator(frames, { ...options, sampleSize: 20, sampleSeed: 6 });
    expect(again.valid.normalisation).not.toEqual(valid.normalisation);
  });

  it('names the image that cannot be decoded', async () => {
    await writeFile(join(directory, '00000099_000.png'), noisePng(3, 12).subarray(0, 90));
    const frame = { ...frameOf(1), images: ['00000099_000.png'] };
    const generator = await flowFromDataframe({ frame, directory, pool, targetSize: [32, 32] });
    await expect(generator.getPixels(0)).rejects.toThrow(/00000099_000\.png is damaged, cut short/);
  });
});

sayIfLeftOut("the test of the notebook's first batch");
describe.runIf(DATA)('the course CSV', () => {
  it("gives the notebook's first batch", async () => {
    const frame = await readFrame(realFile('nih/course/train-small.csv'));
    const load = async (file: string) => fakeImage(file);
    const generator = new ImageGenerator({ frame, load, height: SIZE, width: SIZE, batchSize: 8, seed: 1 });
    expect((await generator.getPixels(0)).files).toEqual([
      '00003489_005.png',
      '00014015_006.png',
      '00003034_000.png',
      '00016508_040.png',
      '00024009_000.png',
      '00008353_001.png',
      '00000640_001.png',
      '00027357_007.png',
    ]);
    expect(generator.length).toBe(125);
  });
});

describe('a generator that takes back a state', () => {
  const augmentation = { rotationRange: 20, horizontalFlip: true };
  const getItems = async (generator: ImageGenerator, from: number) => {
    const batches = [];
    for (let i = from; i < generator.length; i++) batches.push(await generator.getItem(i));
    generator.onEpochEnd();
    return batches;
  };
  const nexts = async (generator: ImageGenerator) => [await generator.next(), await generator.next()];

  it.each([5, null])(
    'goes on in the middle of an epoch with the same images and draws, seed %s',
    async (seed) => {
      const [one, two] = [generatorOf(20, { seed, augmentation }), generatorOf(20, { seed, augmentation })];
      await getItems(one, 0);
      await one.getItem(0);
      // What it loads ahead belongs to another order.
      await two.getItem(0);
      two.restore(one.state());
      for (const from of [1, 0]) expect(await getItems(two, from)).toEqual(await getItems(one, from));
      for (let i = 0; i < 4; i++) await one.next();
      two.restore(one.state());
      for (let i = 0; i < 2; i++) expect(await nexts(two)).toEqual(await nexts(one));
      const other = generatorOf(20, { seed: 6, augmentation });
      expect((await nexts(other))[0].x).not.toEqual((await nexts(one))[0].x);
    },
  );

  it('refuses one of another number of images', () => {
    const state = generatorOf(20).state();
    expect(() => generatorOf(21).restore(state)).toThrow(UsageError);
    expect(() => generatorOf(21).restore(state)).toThrow(/is one of 20 images; here are 21\./);
  });
});
