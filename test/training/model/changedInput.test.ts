/**
 * Images augmented on the GPU against the same draws on the CPU, which is tested on Keras' own values: each
 * augmentation by itself and all together, every fill mode and both orders, all rules, gray and colour, odd sizes.
 */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import type { AugmentationOptions } from '../../../src/data/generator/augmentation.js';
import { ImageGenerator, type ImageGeneratorOptions } from '../../../src/data/generator/generator.js';
import { SAMPLEWISE } from '../../../src/data/generator/standardize.js';
import type { PixelImage } from '../../../src/data/images/pixels.js';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { type Changes, FILL_MODES, KERAS_RULES } from '../../../src/shaders/augment/changes.js';
import type { Normalisation, PixelBatch } from '../../../src/training/batch.js';
import { InputStage } from '../../../src/training/model/inputStage.js';
import { csvOf, randomRows } from '../../support/files/imageFolder.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();

const COUNT = 6;

/** Smooth, so that neighbours differ by a few levels, with noise. */
function film(seed: number, height: number, width: number, channels: 1 | 3): PixelImage {
  const random = new MT19937(seed);
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const [y, x] = [Math.floor(i / (width * channels)) / height, (Math.floor(i / channels) % width) / width];
    return 20 + 90 * (y + x * x) + 30 * random.random();
  });
  return { width, height, channels, data };
}

interface Trial extends Pick<ImageGeneratorOptions, 'augmentation' | 'normalisation' | 'rescale'> {
  readonly height: number;
  readonly width: number;
  readonly channels: 1 | 3;
}

function generatorOf(
  { height, width, channels, ...options }: Trial,
  augmentOn: 'cpu' | 'gpu',
): ImageGenerator {
  return new ImageGenerator({
    ...options,
    augmentOn,
    frame: parseFrame(csvOf(randomRows(COUNT, 7)), 'films.csv'),
    load: async (file) => film(Number.parseInt(file, 10), height, width, channels),
    height,
    width,
    batchSize: COUNT,
    seed: 5,
  });
}

/** image[b,h,w,3] as a network would read it. */
async function imageOf(given: PixelBatch): Promise<Float32Array> {
  // As an admitted batch has them.
  const pixels = new Uint8Array(4 * Math.ceil(given.pixels.length / 4)).subarray(0, given.pixels.length);
  pixels.set(given.pixels);
  const batch = { ...given, pixels };
  const stage = await gpu.guarded('stage', () => new InputStage(gpu, batch, 3));
  try {
    const load = await stage.loader(batch);
    await gpu.guarded('load', load);
    return new Float32Array(await gpu.read(stage.image.storage.buffer!, 0, stage.image.storage.bytes));
  } finally {
    stage.dispose();
  }
}

/** What both ways make of the second batch's draws. */
async function bothWays(trial: Trial) {
  const [onGpu, onCpu] = [generatorOf(trial, 'gpu'), generatorOf(trial, 'cpu')];
  const batch = await onGpu.getBatch(0);
  const wanted = await onCpu.getBatch(0);
  if (!('changes' in batch)) throw new Error('the GPU was not asked');
  if (!('x' in wanted)) throw new Error('the CPU was not asked');
  expect(onGpu.state()).toEqual(onCpu.state());
  expect(batch.labels).toEqual(wanted.labels);
  return { got: await imageOf(batch), want: wanted.x };
}

/** How many of a thousand are not the same to the last bit. */
const unequal = (got: Float32Array, want: Float32Array) =>
  (1000 * want.reduce((count, value, i) => count + (value === got[i] ? 0 : 1), 0)) / want.length;

const ratio = ({ got, want }: Awaited<ReturnType<typeof bothWays>>, tolerance: keyof typeof TOLERANCE) =>
  worstDifference(got, want, TOLERANCE[tolerance]).ratio;

const EACH: Record<string, AugmentationOptions> = {
  rotation: { rotationRange: 25 },
  'whole shifts': { widthShiftRange: 5, heightShiftRange: 4 },
  shifts: { widthShiftRange: 0.2, heightShiftRange: { pixels: 3.5 } },
  // In the middle of two floats, and a little beside it.
  'shifts by halves of last digits': { widthShiftRange: [2 ** -22, 2 ** -22 + 2 ** -36] },
  shear: { shearRange: 15 },
  zoom: { zoomRange: 0.3 },
  flips: { horizontalFlip: true, verticalFlip: true },
  'channel shift': { channelShiftRange: 40 },
  brightness: { brightnessRange: [0.6, 1.4] },
  crop: { randomResizedCrop: {} },
};
const ALL: AugmentationOptions = Object.assign({}, ...Object.values(EACH), { widthShiftRange: 0.2 });

const SIZES: [height: number, width: number, channels: 1 | 3][] = [
  [32, 32, 1],
  [21, 37, 3],
];

const FEATUREWISE: Normalisation = {
  kind: 'featurewise',
  mean: [0.4, 0.45, 0.5],
  std: [0.2, 0.3, 0.25],
  epsilon: 1e-6,
};

/** The images as they were. */
async function stored(size: Pick<Trial, 'height' | 'width' | 'channels'>): Promise<Float32Array> {
  return (await generatorOf(size, 'cpu').getItem(0)).x;
}

/** Those that make no numbers of their own, or make them in whole numbers. */
const TO_THE_BIT = new Set([
  'whole shifts',
  'shifts by halves of last digits',
  'flips',
  'channel shift',
  'brightness',
  'crop',
]);

describe('an image augmented on the GPU is the one of the CPU', () => {
  for (const [height, width, channels] of SIZES) {
    const size = { height, width, channels };
    for (const [name, augmentation] of Object.entries({ ...EACH, all: ALL })) {
      it(`by ${name}, ${height} x ${width} x ${channels}`, async () => {
        const both = await bothWays({ ...size, augmentation });
        const differing = unequal(both.got, both.want);
        expect(differing).toBeLessThan(TO_THE_BIT.has(name) ? 1e-9 : 1);
        expect(ratio(both, 'f32Rounded')).toBeLessThanOrEqual(1);
        expect(unequal(both.got, await stored(size))).toBeGreaterThan(500);
      });
    }

    it(`in every fill mode, both orders, ${height} x ${width} x ${channels}`, async () => {
      const far = { rotationRange: 60, shearRange: 20, zoomRange: [0.7, 2.5] as const, widthShiftRange: 2.5 };
      for (const fillMode of FILL_MODES) {
        for (const interpolationOrder of [0, 1] as const) {
          const augmentation = { ...far, fillMode, interpolationOrder, cval: 300.7 };
          const both = await bothWays({ ...size, augmentation });
          expect(unequal(both.got, both.want), fillMode).toBeLessThan(interpolationOrder === 0 ? 1e-9 : 1);
          expect(ratio(both, 'f32Rounded'), fillMode).toBeLessThanOrEqual(1);
        }
      }
    });

    it(`by the rules of every Keras, rescaled, normalised, ${height} x ${width} x ${channels}`, async () => {
      for (const rules of KERAS_RULES) {
        for (const normalisation of [SAMPLEWISE, FEATUREWISE]) {
          const augmentation = { ...ALL, rules, fillMode: 'constant' as const, cval: -40 };
          const both = await bothWays({ ...size, augmentation, normalisation, rescale: 1 / 255 });
          expect(ratio(both, 'f32'), rules).toBeLessThanOrEqual(1);
        }
      }
    });
  }
});

describe('what the kernels cannot do', () => {
  it('the generator does on the CPU: places and values out of their reach', async () => {
    const size = { height: 8, width: 8, channels: 1 as const };
    const far: AugmentationOptions[] = [
      { widthShiftRange: { pixels: 1e6 }, fillMode: 'wrap' },
      { channelShiftRange: 1e9 },
      { fillMode: 'constant', cval: -1e12, rotationRange: 40 },
    ];
    for (const augmentation of far) {
      const batch = await generatorOf({ ...size, augmentation }, 'gpu').getBatch(0);
      expect(batch).toEqual(await generatorOf({ ...size, augmentation }, 'cpu').getBatch(0));
      expect(batch).toHaveProperty('x');
    }
  });

  it('is refused by name, where somebody else asks for it', async () => {
    const generator = generatorOf({ height: 8, width: 8, channels: 1, augmentation: ALL }, 'gpu');
    const batch = (await generator.getBatch(0)) as PixelBatch & { changes: Changes };
    const [first, ...rest] = batch.changes.images;
    const refused: [wrong: object, says: RegExp][] = [
      [{ images: rest }, /images is an Array of 5, it must be an array of 6/],
      [{ fillMode: 'mirror' }, /fillMode is 'mirror'/],
      [{ rules: '2.0' }, /rules is '2.0'/],
      [{ interpolationOrder: 3 }, /interpolationOrder is 3, it must be 0 or 1/],
      [{ cval: Number.NaN }, /cval is NaN/],
      [{ rescale: 1e20 }, /values and factors up to a million/],
      [{ images: [null, ...rest] }, /images\[0\] is null/],
      [{ images: [{ ...first, flipVertical: 1 }, ...rest] }, /flipVertical is 1/],
      [{ images: [{ ...first, affine: [1, 0, 0, 0, 1] }, ...rest] }, /affine is an Array of 5/],
      [{ images: [{ ...first, affine: [1, 0, 40000, 0, 1, 0] }, ...rest] }, /places up to 32,000 pixels off/],
      [{ images: [{ ...first, brightness: -1 }, ...rest] }, /brightness is -1/],
      [{ images: [{ ...first, crop: { top: 1, left: 0, height: 8, width: 3 } }, ...rest] }, /within 8 x 8/],
      [{ images: [{ ...first, crop: { top: 0, left: 0, height: 0, width: 3 } }, ...rest] }, /within 8 x 8/],
    ];
    for (const [wrong, says] of refused) {
      const asked = imageOf({ ...batch, changes: { ...batch.changes, ...wrong } as Changes });
      await expect(asked).rejects.toThrow(UsageError);
      await expect(imageOf({ ...batch, changes: { ...batch.changes, ...wrong } as Changes })).rejects.toThrow(
        says,
      );
    }
    expect(() => generatorOf({ height: 8, width: 8, channels: 1 }, 'npu' as 'gpu')).toThrow(
      /augmentOn is 'npu'/,
    );
  });
});
