/** Batches over several epochs against keras-preprocessing 1.1.0, 1.1.2 and tf_keras on real PNGs. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import type { ImageGenerator } from '../../../src/data/generator/generator.js';
import { flowFromDataframe } from '../../../src/data/generator/generator.node.js';
import {
  getTestAndValidGenerator,
  getTrainGenerator,
} from '../../../src/data/generator/splitGenerators.node.js';
import { fitFeaturewise, SAMPLEWISE } from '../../../src/data/generator/standardize.js';
import type { Frame } from '../../../src/data/tables/frame.js';
import { DATA, realFile } from '../../support/files/realData.js';
import {
  COUNT,
  GOLDEN,
  type GoldenBatches,
  type GoldenRun,
  type GoldenSection,
  goldenName,
  SECTIONS,
  summaryOf,
  worstOf,
} from '../../support/golden/generatorGolden.js';
import { goldenFolder, NAMES } from '../../support/golden/goldenFolder.js';

const { pool, path, loadAll } = goldenFolder();

function frameOf(images: readonly string[]): Frame {
  return {
    file: 'test.csv',
    images,
    patientIds: images.map((_, row) => String(row)),
    classes: ['Mass'],
    labels: Uint8Array.from(images, (_, row) => row % 2),
    lines: images.map((_, row) => row + 2),
  };
}

/** On 0..255. Normalised pixels are of the size of 1. */
const tolerance = ({ normalisation }: GoldenRun) => (normalisation === 'none' ? 1e-4 : 1e-5);

async function generatorOf(
  run: GoldenRun,
  { rules }: GoldenSection,
  folder = path(),
  names: readonly string[] = NAMES,
): Promise<{ generator: ImageGenerator; rng: MT19937 }> {
  const { rescale, width, height, interpolation } = run;
  const normalisation =
    run.normalisation === 'samplewise'
      ? SAMPLEWISE
      : run.normalisation === 'featurewise'
        ? fitFeaturewise(await loadAll(folder, names, run), { mode: 'numpy-float32', rescale, rules })
        : undefined;
  const rng = new MT19937(GOLDEN.globalSeed);
  const generator = await flowFromDataframe({
    frame: frameOf(names),
    directory: folder,
    pool,
    targetSize: [height, width],
    interpolation,
    batchSize: run.batchSize,
    shuffle: run.shuffle,
    seed: run.seed,
    rng,
    rescale,
    normalisation,
    augmentation: { ...run.options, rules },
  });
  return { generator, rng };
}

/** Every epoch of a golden run, batch by batch; the largest distance of a number. */
async function worstOfRun(
  run: GoldenRun,
  golden: GoldenBatches,
  made: Awaited<ReturnType<typeof generatorOf>>,
) {
  const { generator, rng } = made;
  let worst = 0;
  for (const [i, { rows, x }] of golden.batches.entries()) {
    const at = i % generator.length;
    const batch = golden.path === 'next' ? await generator.next() : await generator.getItem(at);
    expect(batch.files).toEqual(rows.map((row) => generator.frame.images[row]));
    expect([...batch.labels]).toEqual(rows.map((row) => row % 2));
    worst = Math.max(worst, worstOf(summaryOf(batch.x), x));
    if (golden.path === 'sequence' && at === generator.length - 1) generator.onEpochEnd();
  }
  expect(worst).toBeLessThan(tolerance(run));
  expect(rng.random()).toBe(golden.next);
}

describe.each(SECTIONS)('batches of %s over three epochs', (_, section) => {
  const runs = section.runs.flatMap((run) =>
    run.paths.map((golden) => ({ ...run, golden, path: golden.path })),
  );

  it.each(runs)('by $path: $normalisation, seed $seed, $options', async ({ golden, ...run }) => {
    expect(golden.batches.length).toBe(3 * Math.ceil(COUNT / run.batchSize));
    await worstOfRun(run, golden, await generatorOf(run, section));
  });
});

describe('a generator that augments', () => {
  const options = { rotationRange: 20, horizontalFlip: true };
  const flow = (more: object) =>
    flowFromDataframe({
      frame: frameOf(NAMES),
      directory: path(),
      pool,
      targetSize: [32, 32],
      batchSize: 5,
      seed: 4,
      normalisation: SAMPLEWISE,
      ...more,
    });

  it('gives floats for training, and refuses stored pixels without drawing a number', async () => {
    const augmenting = await flow({ augmentation: options });
    await expect(augmenting.getPixels(0)).rejects.toThrow(/augments or rescales.*getBatch/);
    await expect(augmenting.nextPixels()).rejects.toThrow(UsageError);
    const batch = await augmenting.getBatch(0);
    const same = await (await flow({ augmentation: options })).getItem(0);
    expect(batch).toEqual(same);
    expect(batch).toHaveProperty('x');
  });

  it('gives stored pixels for training where it changes none', async () => {
    for (const more of [{}, { augmentation: { rotationRange: 0 } }, { rescale: 0 }]) {
      const plain = await flow(more);
      expect(await plain.getBatch(0)).toHaveProperty('pixels');
    }
    expect(await (await flow({ rescale: 0.5 })).getBatch(0)).toHaveProperty('x');
    await expect(flow({ rescale: Number.NaN })).rejects.toThrow(/rescaled by NaN/);
  });

  it('draws the same whatever is loaded ahead', async () => {
    const [none, far] = [
      await flow({ augmentation: options, prefetch: 0 }),
      await flow({ augmentation: options, prefetch: 9 }),
    ];
    for (let epoch = 0; epoch < 2; epoch++) {
      for (let i = 0; i < none.length; i++) expect(await far.getItem(i)).toEqual(await none.getItem(i));
      none.onEpochEnd();
      far.onEpochEnd();
    }
  });

  it('is only that of the training split', async () => {
    const frame = frameOf(NAMES);
    const all = {
      directory: path(),
      pool,
      targetSize: [32, 32] as const,
      augmentation: options,
      interpolation: 'lanczos' as const,
    };
    const train = await getTrainGenerator(frame, all);
    const { valid, test } = await getTestAndValidGenerator({ train: frame, valid: frame, test: frame }, all);
    expect([train, valid, test].map((generator) => generator.changesPixels)).toEqual([true, false, false]);
    const { pixels } = await valid.getPixels(0);
    const first = await pool.load(join(path(), goldenName(1)), 32, 32, 'lanczos');
    expect(pixels.subarray(32 * 32 * 3, 32 * 32 * 6)).toEqual(first.data);
    const gray = await getTrainGenerator(frame, { ...all, inputChannels: 1 });
    expect((await gray.getItem(0)).x.length).toBe(8 * 32 * 32);
  });
});

describe.runIf(DATA)('augmented X-rays', () => {
  it.each(SECTIONS)('come out as by %s', async (_, section) => {
    const folder = realFile('nih64', 'images');
    const names = (await readdir(folder)).sort().slice(0, 20);
    expect(section.real.nih64).toHaveLength(2);
    for (const golden of section.real.nih64) {
      await worstOfRun(golden, golden, await generatorOf(golden, section, folder, names));
    }
  });
});
