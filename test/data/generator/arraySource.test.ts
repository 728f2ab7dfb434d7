import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { type ArraySourceOptions, arraySource } from '../../../src/data/generator/arraySource.js';
import { ImageGenerator } from '../../../src/data/generator/generator.js';
import { SAMPLEWISE, standardizeInto } from '../../../src/data/generator/standardize.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { FloatBatch, PixelBatch } from '../../../src/training/batch.js';
import { fit as train } from '../../../src/training/fit.js';
import { predictAll } from '../../../src/training/predictAll.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import { TINY, TINY_LOSS } from '../../support/networks/tinyNet.js';

const gpu = await testGpu();

const [H, W, N] = [16, 16, 5];
const EACH = H * W;
const pixels = Uint8Array.from({ length: N * EACH }, (_, i) => (i * 31 + (i >> 8) * 7) & 255);
const labels = [0, 1, 1, 0, 1, 1, 0, 0, 1, 0];
const base = { pixels, labels, height: H, width: W, batchSize: 2 };

async function epoch<T>(source: { length: number; getBatch(i: number): Promise<unknown> }): Promise<T[]> {
  const batches: T[] = [];
  for (let i = 0; i < source.length; i++) batches.push((await source.getBatch(i)) as T);
  return batches;
}

describe('arraySource', () => {
  it('gives the arrays in their order, the last batch with what is left', async () => {
    const batches = await epoch<PixelBatch>(arraySource(base));
    expect(batches.map(({ count }) => count)).toEqual([2, 2, 1]);
    expect(batches.flatMap((batch) => [...batch.pixels])).toEqual([...pixels]);
    expect(batches.flatMap((batch) => [...(batch.labels ?? [])])).toEqual(labels);
    expect(batches.flatMap(({ files }) => files)).toEqual([0, 1, 2, 3, 4].map((i) => `image ${i}`));
    expect(batches[0]).toMatchObject({ height: H, width: W, channels: 1, normalisation: { kind: 'none' } });
  });

  it('shuffles, augments and normalises as an ImageGenerator over the same images', async () => {
    const settings = {
      height: H,
      width: W,
      batchSize: 2,
      shuffle: true,
      seed: 7,
      normalisation: SAMPLEWISE,
      augmentation: { horizontalFlip: true, rotationRange: 20 },
    };
    const images = ['a', 'b', 'c', 'd', 'e'];
    const frame = {
      file: 'f',
      images,
      patientIds: images,
      classes: ['x', 'y'],
      labels: Uint8Array.from(labels),
      lines: [],
    };
    const load = async (_: string, row: number) =>
      ({ width: W, height: H, channels: 1, data: pixels.subarray(row * EACH, (row + 1) * EACH) }) as const;
    const wanted = new ImageGenerator({ ...settings, frame, load });
    const found = arraySource({ ...base, ...settings, files: images, classes: ['x', 'y'] });
    for (let round = 0; round < 2; round++) {
      expect(await epoch(found)).toEqual(await epoch(wanted));
      wanted.onEpochEnd();
      found.onEpochEnd();
    }
  });

  it('normalises numbers of 16 bits and floats from what they are, in colours too', async () => {
    const wide = Uint16Array.from(pixels, (v, i) => v * 200 + (i % 200));
    for (const values of [wide, Float32Array.from(wide, (v) => v / 1000 - 3)]) {
      for (const channels of [1, 3] as const) {
        const height = channels === 1 ? H : 1;
        const width = channels === 1 ? W : EACH / 4;
        const per = height * width * channels;
        const many = Math.floor(values.length / per);
        const given = values.slice(0, many * per);
        const source = arraySource({ pixels: given, channels, height, width, normalisation: SAMPLEWISE });
        const [{ x, count }] = await epoch<FloatBatch>(source);
        expect(count).toBe(many);
        const one = new Float32Array(3 * height * width);
        const data = Float32Array.from(given.subarray(0, per));
        standardizeInto({ width, height, channels, data }, SAMPLEWISE, one);
        expect([...x.subarray(0, one.length)]).toEqual([...one]);
      }
    }
  });

  it('scales 16 bits by `rescale`, for weights that expect 0..255', async () => {
    const wide = Uint16Array.from(pixels, (v) => v * 257);
    const [{ x }] = await epoch<FloatBatch>(
      arraySource({ pixels: wide, height: H, width: W, rescale: 1 / 257 }),
    );
    for (let i = 0; i < EACH; i++) expect(x[3 * i]).toBeCloseTo(pixels[i], 4);
  });

  it.each<
    [string, Partial<Record<keyof ArraySourceOptions, unknown>>, typeof UsageError | typeof DataError, RegExp]
  >([
    ['no options', null as never, UsageError, /options of arraySource is null|must be an object/],
    [
      'a list',
      { pixels: [...pixels] },
      UsageError,
      /pixels is an Array of 1280, it must be a Uint8Array, a Uint16/,
    ],
    ['doubles', { pixels: new Float64Array(EACH) }, UsageError, /Float64Array/],
    ['half an image', { pixels: pixels.subarray(5) }, DataError, /1275 pixels do not make images of 16 x 16/],
    ['two channels', { channels: 2 }, UsageError, /channels is 2/],
    ['no height', { height: undefined }, UsageError, /height is undefined/],
    ['nothing', { pixels: new Uint8Array(0), labels: [] }, DataError, /no images/],
    ['a label too few', { labels: labels.slice(1) }, DataError, /9 labels for 5 images/],
    ['a label of 2', { labels: labels.map((y) => 2 * y) }, DataError, /label of image 0 is 2/],
    ['names for other columns', { classes: ['x'] }, DataError, /10 labels for 5 images of 1 classes/],
    ['a name too many', { files: 'abcdef'.split('') }, DataError, /6 files for 5 images/],
    [
      'NaN',
      { pixels: Float32Array.from(pixels, (v, i) => (i === 300 ? Number.NaN : v)) },
      DataError,
      /image 1 is NaN/,
    ],
    ['a batch size of 0', { batchSize: 0 }, UsageError, /batch size/],
    ['a normalisation', { normalisation: { kind: 'batch' } }, UsageError, /kind is 'batch'/],
  ])('refuses %s', (_, wrong, kind, message) => {
    const options = wrong === null ? null : { ...base, ...wrong };
    const work = () => arraySource(options as ArraySourceOptions);
    expect(work).toThrow(kind);
    expect(work).toThrow(message);
  });
});

describe('a model', () => {
  let model: DenseNet;
  beforeAll(async () => {
    model = await DenseNet.create(gpu, { config: TINY, labels: ['One', 'Two'] });
  });
  afterAll(() => model?.dispose());

  it('trains on arrays, and predicts them without labels in their order', async () => {
    const { epochs } = await train(model, arraySource({ ...base, shuffle: true, seed: 3 }), {
      epochs: 2,
      ...TINY_LOSS,
      validation: arraySource(base),
    });
    expect(epochs).toHaveLength(2);
    expect(epochs[1].logs.val_loss).toBeGreaterThan(0);
    const { labels: _, ...unlabelled } = base;
    const all = await predictAll(model, arraySource({ ...unlabelled, normalisation: SAMPLEWISE }));
    expect(all.files[4]).toBe('image 4');
    const chosen = await predictAll(model, arraySource(base), { classes: ['two'] });
    const every = await predictAll(model, arraySource(base), { classes: [0, 'Two', 1] });
    const odd = (_: number, i: number) => i % 2 === 1;
    expect(chosen.labels).toEqual(Float32Array.from(labels).filter(odd));
    expect([0, 1, 2, 3, 4].map((row) => every.probabilities[3 * row + 2])).toEqual([...chosen.probabilities]);
    expect([0, 1, 2, 3, 4].map((row) => every.labels[3 * row])).toEqual(
      labels.filter((__, i) => i % 2 === 0),
    );
    await expect(predictAll(model, arraySource(base), { classes: ['Tow'] })).rejects.toThrow(/There is Two/);
    expect(all.labels.every(Number.isNaN)).toBe(true);
    const last = { count: 1, height: H, width: W, channels: 1, normalisation: SAMPLEWISE } as const;
    const p = await model.predict({ ...last, pixels: pixels.subarray(4 * EACH) });
    expect([...all.probabilities.subarray(8)]).toEqual([...p]);
  });

  it('does not train on what has no labels', async () => {
    const { labels: _, ...unlabelled } = base;
    const work = () => train(model, arraySource(unlabelled), { epochs: 1, ...TINY_LOSS });
    await expect(work()).rejects.toThrow(/0 labels; 2 an image are wanted/);
    const validation = {
      ...arraySource(base),
      length: 1,
      getBatch: async () => ({ ...last(), labels: undefined }),
    };
    const last = () => ({
      count: 1,
      height: H,
      width: W,
      channels: 1 as const,
      normalisation: SAMPLEWISE,
      pixels: pixels.subarray(4 * EACH),
    });
    await expect(
      train(model, arraySource(base), { epochs: 1, ...TINY_LOSS, validation: validation as never }),
    ).rejects.toThrow(/The validation source: batch.labels is undefined/);
  });

  it('explains classes by name', async () => {
    const batch = {
      count: 1,
      height: H,
      width: W,
      channels: 1 as const,
      normalisation: SAMPLEWISE,
      pixels: pixels.slice(0, EACH),
    };
    const maps = await model.gradcam(batch, ['two', 0]);
    expect(maps.map(({ classIndex }) => classIndex)).toEqual([1, 0]);
    expect(maps).toEqual(await model.gradcam(batch, [1, 0]));
    await expect(model.gradcam(batch, ['Twa'])).rejects.toThrow(/no class 'Twa'; tiny has 2\. There is Two/);
  });
});
