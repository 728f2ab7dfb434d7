import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { type FeaturewiseOptions, fitFeaturewise } from '../../../src/data/generator/standardize.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import {
  COUNT,
  type GoldenRun,
  goldenName,
  goldenPng,
  SECTIONS,
} from '../../support/golden/generatorGolden.js';

const pool = new DecodePool({ workers: 0 });

let directory = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'chexgpu-augmented-'));
  for (let k = 0; k < COUNT; k++) await writeFile(join(directory, goldenName(k)), goldenPng(k));
});

afterAll(async () => {
  await pool.close();
  await rm(directory, { recursive: true });
});

const NAMES = Array.from({ length: COUNT }, (_, k) => goldenName(k));

const loadAll = (
  folder: string,
  names: readonly string[],
  { width, height, interpolation }: Partial<GoldenRun>,
) => Promise.all(names.map((name) => pool.load(join(folder, name), width!, height!, interpolation)));

describe.each(SECTIONS)("%s's fit", (_, { rules, statistics }) => {
  const images = () => loadAll(directory, NAMES, { width: 160, height: 120, interpolation: 'bilinear' });
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
