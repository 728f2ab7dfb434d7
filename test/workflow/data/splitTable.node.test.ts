import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readFrame } from '../../../src/data/tables/csv.node.js';
import { patientLeakage } from '../../../src/data/tables/leakage.js';
import { splitTable } from '../../../src/workflow/data/splitTable.node.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import { noisePng } from '../../support/files/imageFolder.js';
import { DATA, realFile, sayIfLeftOut } from '../../support/files/realData.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const table = scratch.path('Data_Entry_2017.csv');
const images = scratch.path('nih');
const [trainList, testList] = [scratch.path('train_val_list.txt'), scratch.path('test_list.txt')];
/** 40 patients of 3 images, spread over two folders as NIH's archives unpack. */
const NAMES = Array.from(
  { length: 120 },
  (_, i) => `${String(Math.floor(i / 3)).padStart(8, '0')}_00${i % 3}.png`,
);
const FINDINGS = ['No Finding', 'Mass', 'Effusion|Mass', 'Hernia'];
const placeOf = (i: number) => `images_00${1 + (i & 1)}/images`;

beforeAll(async () => {
  await ensureBuilt();
  const rows = NAMES.map(
    (name, i) => `${name},${FINDINGS[i % 4]},0,${Math.floor(i / 3)},50,M,PA,1024,1024,0.1,0.1`,
  );
  const header =
    'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,' +
    'OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]';
  writeFileSync(table, [header, ...rows].join('\n'));
  writeFileSync(trainList, NAMES.slice(0, 90).join('\n'));
  writeFileSync(testList, NAMES.slice(90).join('\n'));
  writeFileSync(scratch.path('one.png'), noisePng(1, 32));
  for (const [i, name] of NAMES.entries()) {
    mkdirSync(join(images, placeOf(i)), { recursive: true });
    linkSync(scratch.path('one.png'), join(images, placeOf(i), name));
  }
});
afterAll(() => scratch.remove());

const split = (out: string, ...args: string[]) =>
  chexgpu(['split', table, '--out', scratch.path(out), ...args]);
const byLists = ['--train-list', trainList, '--test-list', testList];
const read = async (out: string) => {
  const frame = (name: string) => readFrame(scratch.path(out, `${name}.csv`));
  return { train: await frame('train'), valid: await frame('valid'), test: await frame('test') };
};

describe('chexgpu split', () => {
  it('follows the lists and names images through their sub-folders; what it wrote can be trained on', async () => {
    const ended = await split('listed', ...byLists, '--images', images, '--valid-share', '0.2');
    expect([ended.code, ended.stderr]).toEqual([0, '']);
    expect(ended.stdout).toMatch(/Found 120 of 120 images below .*nih, in 2 folders/);
    const frames = await read('listed');
    const [train, valid, test] = Object.values(frames).map((frame) => frame.images.length);
    expect([train + valid, test]).toEqual([90, 30]);
    expect(Math.abs(valid - 18)).toBeLessThanOrEqual(3);
    expect(patientLeakage(frames).flatMap(({ patientIds }) => patientIds)).toEqual([]);
    expect(frames.test.images).toEqual(NAMES.slice(90).map((name, i) => `${placeOf(90 + i)}/${name}`));
    const written = JSON.parse(await readFile(scratch.path('listed', 'split.json'), 'utf8'));
    expect(written.splits.test).toMatchObject({
      images: 30,
      patients: 10,
      positives: { Mass: 15, Hernia: 8 },
    });
    const checked = await chexgpu(['check', '--data', scratch.path('listed'), '--images', images, '--json']);
    expect(JSON.parse(checked.stdout).error).toBeUndefined();
  });

  it('says which findings a split has no image with', async () => {
    const few = scratch.path('few.csv');
    const text = (await readFile(table, 'utf8')).replaceAll('Hernia', 'No Finding');
    writeFileSync(few, text.replace('No Finding', 'Edema'));
    const warned = await chexgpu(['split', few, '--out', scratch.path('fewer'), '--shares', '0.6,0.2,0.2']);
    expect(warned.stderr).toBe(
      'warning: valid.csv has no image with Edema.\nwarning: test.csv has no image with Edema.\n',
    );
    expect(warned.code).toBe(0);
  });

  it('divides by shares; the same seed gives the same files, and an earlier split gives way when told', async () => {
    const shares = ['--shares', '0.6,0.2,0.2'];
    for (const out of ['a', 'b']) expect((await split(out, ...shares)).code).toBe(0);
    expect((await split('c', ...shares, '--seed', '2')).code).toBe(0);
    const text = (out: string) => readFile(scratch.path(out, 'train.csv'), 'utf8');
    expect(await text('a')).toBe(await text('b'));
    expect(await text('a')).not.toBe(await text('c'));
    const all = Object.values(await read('a')).flatMap((frame) => frame.images);
    expect(all.sort()).toEqual(NAMES);
    expect((await split('a', ...shares)).code).toBe(2);
    expect((await split('a', ...shares, '--overwrite')).code).toBe(0);
  });

  it.each([
    [2, /Nothing says how the table is to be divided\. Give NIH's --train-list/, []],
    [2, /Nothing says/, ['--train-list', trainList]],
    [2, /do not go together/, [...byLists, '--shares', '0.6,0.2,0.2']],
    [2, /Give three numbers/, ['--shares', '0.5,0.5']],
    [2, /add up to 1/, ['--shares', '0.5,0.4,0.2']],
    [3, /nowhere\.txt does not exist/, ['--train-list', 'nowhere.txt', '--test-list', testList]],
    [3, /nowhere does not exist/, [...byLists, '--images', 'nowhere']],
    [
      3,
      /line 2: 00000000_000\.png is not below .*\(0 of 120 images are\)/,
      [...byLists, '--images', scratch.path('.')],
    ],
  ])('refuses with exit code %i what makes no sense: %s', async (code, message, args) => {
    const mended = args.map((arg) => (arg === scratch.path('.') ? scratch.path('listed') : arg));
    const ended = await split('refused', ...mended);
    expect(lastLine(ended)).toMatch(message);
    expect(ended.code).toBe(code);
    expect(await readdir(scratch.path('.'))).not.toContain('refused');
  });
});

describe('splitTable', () => {
  const context = { out: SILENT };
  const request = { table, seed: 1, trainList, testList, images };

  it('leaves out images that are not there when told to, and refuses one that is there twice', async () => {
    const extra = join(images, 'more');
    mkdirSync(extra);
    await symlink(scratch.path('one.png'), join(extra, NAMES[5]));
    await expect(splitTable(context, { ...request, out: scratch.path('twice') })).rejects.toThrow(
      /nih holds 00000001_002\.png twice: images_002\/images\/00000001_002\.png and more\/00000001_002\.png\./,
    );
    await rm(extra, { recursive: true });
    await rm(join(images, placeOf(100), NAMES[100]));
    const out = scratch.path('less');
    await expect(splitTable(context, { ...request, out })).rejects.toThrow(/\(119 of 120 images are\)/);
    const { splits } = await splitTable(context, { ...request, out, ignoreMissing: true });
    expect(splits.test.images).toBe(29);
  });

  it.runIf(DATA)("gives NIH's own counts for NIH's own table and lists", async () => {
    const { splits } = await splitTable(context, {
      table: realFile('nih', 'Data_Entry_2017_v2020.csv.gz'),
      trainList: realFile('nih', 'train_val_list_official.txt'),
      testList: realFile('nih', 'test_list_official.txt'),
      seed: 1,
      out: scratch.path('official'),
    });
    const { train, valid, test } = splits;
    expect([train.images + valid.images, test.images]).toEqual([86_524, 25_596]);
    expect([train.patients + valid.patients, test.patients]).toEqual([28_008, 2_797]);
    expect(valid.images / 86_524).toBeCloseTo(0.1, 3);
    for (const [label, count] of Object.entries(valid.positives)) {
      expect(Math.abs(count - 0.1 * (count + train.positives[label]))).toBeLessThan(3);
    }
  });
  sayIfLeftOut("the split of NIH's own table");
});
