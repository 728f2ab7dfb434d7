import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import {
  type FeaturewiseOptions,
  fitFeaturewise,
  SAMPLEWISE,
  standardizeInto,
} from '../../../src/data/generator/standardize.js';
import { type PixelImage, toRgb } from '../../../src/data/images/pixels.js';
import { SECTIONS } from '../../support/golden/generatorGolden.js';
import { goldenFolder, NAMES } from '../../support/golden/goldenFolder.js';

const { path, loadAll } = goldenFolder();

describe.each(SECTIONS)("%s's fit", (_, { rules, statistics }) => {
  const images = () => loadAll(path(), NAMES, { width: 160, height: 120, interpolation: 'bilinear' });
  const fitted = async (options: FeaturewiseOptions) => {
    const normalisation = fitFeaturewise(await images(), { rules, ...options });
    if (normalisation.kind !== 'featurewise') throw new Error(normalisation.kind);
    return normalisation;
  };

  it.each(statistics.cases)('rescale $rescale, augment $augment, $rounds rounds', async (golden) => {
    const augmentation = golden.augment ? { ...golden.options, rules } : undefined;
    const { rounds, seed, rescale } = golden;
    const found = await fitted({ mode: 'numpy-float32', augmentation, rounds, seed, rescale: rescale ?? 0 });
    // Of the stored pixels every float32 sum is the same; augmented ones may differ in their last bits.
    const near = golden.augment ? 1e-5 : 0;
    for (const key of ['mean', 'std'] as const) {
      golden[key].forEach((wanted, c) => {
        expect(Math.abs(found[key][c] - wanted)).toBeLessThanOrEqual(near * wanted);
      });
    }
  });

  it('gives the true numbers by default', async () => {
    const { mean, std } = await fitted({});
    const inFloat32 = (values: number[]) => values.map(Math.fround);
    expect([mean, std]).toEqual([inFloat32(statistics.exact.mean), inFloat32(statistics.exact.std)]);
    expect(statistics.cases[0].mean).not.toEqual(inFloat32(statistics.exact.mean));
  });

  it('refuses rounds that make no sense', async () => {
    const sample = await images();
    for (const rounds of [0, 1.5]) {
      expect(() => fitFeaturewise(sample, { augmentation: { zoomRange: 0.1 }, rounds })).toThrow(UsageError);
    }
  });
});

function randomImage(rng: MT19937, width: number, height: number, channels: 1 | 3): PixelImage {
  const data = Uint8Array.from({ length: width * height * channels }, () => rng.next32() >>> 24);
  return { width, height, channels, data };
}

function standardize(image: PixelImage, normalisation = SAMPLEWISE): Float32Array {
  const out = new Float32Array(image.width * image.height * 3);
  standardizeInto(image, normalisation, out);
  return out;
}

describe('samplewise', () => {
  it("equals Keras' vector", () => {
    const data = Uint8Array.of(0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 100, 255);
    const x = standardize({ width: 2, height: 2, channels: 3, data });
    const wanted = [
      -1.0442444, -0.8885807, -0.7329169, -0.5772532, -0.4215894, -0.2659256, -0.1102619, 0.0454019,
      0.2010656, 0.3567294, 0.5123932, 2.9251814,
    ];
    wanted.forEach((value, i) => {
      expect(x[i]).toBeCloseTo(value, 6);
    });
  });

  it('gives 0 for a constant image and the same for gray as for three equal channels', () => {
    expect(standardize({ width: 3, height: 2, channels: 1, data: new Uint8Array(6).fill(77) })).toEqual(
      new Float32Array(18),
    );
    const gray = randomImage(new MT19937(5), 9, 7, 1);
    expect(standardize(gray)).toEqual(standardize(toRgb(gray)));
    expect(standardize(gray, { kind: 'none' })).toEqual(Float32Array.from(toRgb(gray).data));
  });
});

describe('featurewise', () => {
  const rng = new MT19937(5);
  const images = Array.from({ length: 3 }, () => randomImage(rng, 50, 40, 3));

  it("fits NumPy's float32 numbers bit for bit", () => {
    expect(fitFeaturewise(images, 'numpy-float32')).toEqual({
      kind: 'featurewise',
      mean: [128.388671875, 127.73283386230469, 126.94833374023438],
      std: [73.9537124633789, 73.61585235595703, 74.110595703125],
      epsilon: 1e-6,
    });
  });

  it('fits the true numbers by default', () => {
    expect(fitFeaturewise(images)).toEqual({
      kind: 'featurewise',
      mean: [128.38866666666667, 127.73283333333333, 126.94833333333334].map(Math.fround),
      std: [73.95361116868382, 73.61586189111839, 74.1106042607188].map(Math.fround),
      epsilon: 1e-6,
    });
  });

  it("follows NumPy's float32 sums where they go wrong", () => {
    const bright: PixelImage[] = Array.from({ length: 6 }, (_, n) => ({
      width: 1000,
      height: 1000,
      channels: 1,
      data: Uint8Array.from({ length: 1e6 }, (_, i) => (Math.imul(n * 1e6 + i, 2654435761) >>> 25) | 128),
    }));
    const numpy = fitFeaturewise(bright, 'numpy-float32');
    const exact = fitFeaturewise(bright);
    expect(numpy).toMatchObject({ mean: [191.2148895263672, 191.2148895263672, 191.2148895263672] });
    expect(numpy).toMatchObject({ std: [36.8304328918457, 36.8304328918457, 36.8304328918457] });
    expect(exact).toMatchObject({ mean: new Array(3).fill(Math.fround(191.49999566666668)) });
    expect(exact).toMatchObject({ std: new Array(3).fill(Math.fround(36.94929066527053)) });
  });

  it('scales each channel by its own numbers', () => {
    const x = standardize(images[1], {
      kind: 'featurewise',
      mean: [1, 20, 30],
      std: [2, 4, 8],
      epsilon: 1e-6,
    });
    for (let i = 0; i < x.length; i++) {
      const [mean, std] = [
        [1, 2],
        [20, 4],
        [30, 8],
      ][i % 3];
      expect(x[i]).toBeCloseTo((images[1].data[i] - mean) / (std + 1e-6), 4);
    }
  });

  it('refuses an empty sample', () => {
    expect(() => fitFeaturewise([])).toThrow(/at least one image/);
  });
});
