/** The whole of NIH in small: many rows over links to few large films, in sub-folders as NIH's archives unpack. */
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import { type Dataset, makeGenerators, readDataset } from '../../../src/workflow/data/dataset.node.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import { noisePng } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';

const FILMS = 24;
const FINDINGS = ['No Finding', 'Mass', 'Effusion|Mass', 'Hernia'];
/** 120 patients of 3 images. */
const NAMES = Array.from(
  { length: 360 },
  (_, i) => `${String(Math.floor(i / 3)).padStart(8, '0')}_00${i % 3}.png`,
);
const HEADER =
  'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,' +
  'OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]';

const scratch = scratchFolder();
const images = scratch.path('nih');
const cache = scratch.path('cache');

async function writeFarm(): Promise<void> {
  await mkdir(scratch.path('films'));
  for (let i = 0; i < FILMS; i++) await writeFile(scratch.path('films', `${i}.png`), noisePng(i, 160));
  for (const [i, name] of NAMES.entries()) {
    const folder = `${images}/images_${String(1 + (i % 12)).padStart(3, '0')}/images`;
    await mkdir(folder, { recursive: true });
    await symlink(scratch.path('films', `${i % FILMS}.png`), `${folder}/${name}`);
  }
  const rows = NAMES.map(
    (name, i) => `${name},${FINDINGS[i % 4]},0,${Math.floor(i / 3)},50,M,PA,160,160,1,1`,
  );
  await writeFile(scratch.path('table.csv'), [HEADER, ...rows].join('\n'));
  await writeFile(scratch.path('train_val_list.txt'), NAMES.slice(0, 300).join('\n'));
  await writeFile(scratch.path('test_list.txt'), NAMES.slice(300).join('\n'));
}

beforeAll(async () => {
  await ensureBuilt();
  await writeFarm();
  const lists = [
    '--train-list',
    scratch.path('train_val_list.txt'),
    '--test-list',
    scratch.path('test_list.txt'),
  ];
  const table = [scratch.path('table.csv'), ...lists, '--valid-share', '0.02', '--images', images];
  const ended = await chexgpu(['split', ...table, '--out', scratch.path('split')]);
  expect([ended.code, ended.stderr]).toEqual([0, '']);
  expect(ended.stdout).toMatch(/Found 360 of 360 images below .*nih, in 12 folders/);
});
afterAll(() => scratch.remove());

async function train(out: string) {
  const line =
    '--no-check --network toy --size 32 --batch-size 2 --epochs 1 --steps-per-epoch 4 --workers 1 --json';
  const where = ['--data', scratch.path('split'), '--images', images, '--out', scratch.path(out)];
  const ended = await chexgpu(['train', ...where, ...line.split(' ')], { CHEXGPU_CACHE: cache });
  expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  const { training, timings, firstBatch } = JSON.parse(ended.stdout);
  const [, read, added] = /read (\d+) times, (\d+) added/.exec(ended.stderr) ?? [];
  return { said: ended.stderr, training, timings, firstBatch, read: Number(read), added: Number(added) };
}

describe('a training on the whole of NIH', () => {
  it('decodes each film once, in this run or the next, to the same numbers, and says where time went', async () => {
    const first = await train('first');
    const second = await train('second');
    // 100 images for the statistics have all of them.
    expect([first.added, second.added]).toEqual([FILMS, 0]);
    expect(second.read).toBe(first.read + first.added);
    expect(second.training.stepLosses).toEqual(first.training.stepLosses);

    const phases = ['reading tables', 'checking images', 'image statistics', 'compile kernels'];
    const steps = ['training: waiting', 'training: steps', 'validation'];
    expect(second.timings.map(({ phase }: { phase: string }) => phase)).toEqual([...phases, ...steps]);
    for (const phase of [...phases, ...steps])
      expect(second.said).toMatch(new RegExp(`^ *${phase} +[\\d.]+ s`, 'm'));
    expect(second.said).toMatch(/First batch [\d.]+ s after the start/);
    const before = second.timings.slice(0, phases.length);
    const sum = before.reduce((total: number, { seconds }: { seconds: number }) => total + seconds, 0);
    expect(second.firstBatch).toBeGreaterThan(sum);
  });

  describe('as a library', () => {
    let dataset: Dataset;
    const context = { out: SILENT, signal: new AbortController().signal };
    const preparation = {
      size: 256,
      batchSize: 4,
      seed: 1,
      interpolation: 'nearest',
      scaling: 'keras',
    } as const;
    beforeAll(async () => {
      dataset = await readDataset(context, { data: scratch.path('split'), images });
    });

    it('loads what the statistics and the first batches need before the first batch, and no more', async () => {
      const pool = new DecodePool({ workers: 0 });
      const load = vi.spyOn(pool, 'load');
      const { train } = await makeGenerators(context, pool, dataset, preparation);
      expect(load).toHaveBeenCalledTimes(100);
      await train.getBatch(0);
      // It, and two ahead.
      expect(load).toHaveBeenCalledTimes(100 + 3 * 4);
    });

    it('takes no more memory for another epoch', async () => {
      setFlagsFromString('--expose-gc');
      const collect = runInNewContext('gc') as () => void;
      setFlagsFromString('--no-expose-gc');
      const pool = new DecodePool({ workers: 0 });
      const { train } = await makeGenerators(context, pool, dataset, preparation);
      const epochsOf = async (epochs: number) => {
        for (let epoch = 0; epoch < epochs; epoch++) {
          for (let i = 0; i < train.length; i++) expect((await train.getBatch(i)).count).toBeGreaterThan(0);
          train.onEpochEnd();
        }
      };
      // Buffers go a moment after what held them.
      const bytes = async () => {
        collect();
        await setTimeout(100);
        collect();
        const { heapUsed, external } = process.memoryUsage();
        return heapUsed + external;
      };
      await epochsOf(1);
      const before = await bytes();
      await epochsOf(2);
      const loaded = 2 * train.samples * 256 * 256;
      const held = async () => (await bytes()) - before;
      await vi.waitFor(async () => expect(await held()).toBeLessThan(loaded / 10), { timeout: 10_000 });
    });
  });
});
