import { copyFile, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { writeWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { csvOf, randomRows, type TestRow, writeImages } from '../../support/files/imageFolder.js';
import { GRAY, writePng } from '../../support/files/png.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const good = scratch.path('good');

/** Three patients a split, 32 px. */
const SPLITS: Record<string, TestRow[]> = {
  train: randomRows(6, 1, 100),
  valid: randomRows(3, 2, 200),
  test: randomRows(3, 3, 300),
};

/** A copy of the good folder with its files changed. */
async function folderWith(name: string, changes: Record<string, string | Uint8Array>): Promise<string> {
  const folder = scratch.path(name);
  await mkdir(join(folder, 'images'), { recursive: true });
  for (const image of await readdir(join(good, 'images'))) {
    await copyFile(join(good, 'images', image), join(folder, 'images', image));
  }
  for (const split of Object.keys(SPLITS)) {
    await copyFile(join(good, `${split}.csv`), join(folder, `${split}.csv`));
  }
  for (const [file, content] of Object.entries(changes)) await writeFile(join(folder, file), content);
  return folder;
}

/** Runs it and expects one line, the code and no results. */
async function expectFailure(args: string[], code: number, line: RegExp, env = {}): Promise<void> {
  const out = scratch.path('results', 'out');
  const ended = await chexgpu([...args, '--out', out], env, { cwd: scratch.path() });
  expect(lastLine(ended)).toMatch(line);
  expect(ended.code).toBe(code);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
  expect(await readdir(scratch.path('results'))).toEqual([]);
}

const firstImage = SPLITS.train[0].image;

beforeAll(async () => {
  await ensureBuilt();
  await mkdir(scratch.path('results'));
  for (const [split, rows] of Object.entries(SPLITS)) {
    await writeImages(good, rows, 32);
    await writeFile(join(good, `${split}.csv`), csvOf(rows));
  }
});
afterAll(() => scratch.remove());

describe('flags that make no sense', () => {
  const cases: [string, string[], RegExp][] = [
    ['an unknown flag', ['run', '--batches', '3'], /unknown option '--batches'/],
    ['a flag of another command', ['phantoms', '--epochs', '3'], /unknown option '--epochs'/],
    ['batch size 0', ['run', '--batch-size', '0'], /--batch-size.*'0'.*whole number from 1/],
    ['half a batch', ['run', '--batch-size', '2.5'], /--batch-size.*'2.5'/],
    [
      'a size that no network takes',
      ['run', '--size', '101'],
      /--size.*'101'.*96 or 128; for the toy a multiple of 4/,
    ],
    [
      'a size that does not halve',
      ['run', '--size', '100'],
      /size 100 .*32, which densenet121 needs.*96 or 128/,
    ],
    ['a learning rate of nothing', ['train', '--learning-rate', ''], /--learning-rate.*number above 0/],
    ['an unknown network', ['run', '--network', 'resnet50'], /'resnet50'.*densenet121/],
    ['no data to train on', ['train'], /no data.*--data DIR/],
    ['only some of the data', ['run', '--train-csv', 'a.csv'], /no --data folder and no --images/],
    ['two names for the folder', ['run', '--name', 'a'], /--out and --name/],
    ['an unknown activation', ['predict', '--activation', 'tanh', 'a.png'], /'tanh'.*sigmoid, softmax/],
    [
      'an epsilon of 1',
      ['predict', '--bn-epsilon', '1', 'a.png'],
      /--bn-epsilon.*number above 0 and below 1/,
    ],
    ['too few phantoms', ['phantoms', '--images', '2'], /--images.*'2'/],
  ];
  for (const [name, args, line] of cases) {
    it(`${name} ends with 2`, async () => expectFailure(args, 2, line));
  }

  it('an adapter nobody has ends with 2', async () =>
    expectFailure(['run', '--data', good], 2, /CHEXGPU_ADAPTER is 'abacus'/, { CHEXGPU_ADAPTER: 'abacus' }));

  it('leaves a folder alone that holds something', async () => {
    const out = scratch.path('mine');
    await mkdir(out);
    await writeFile(join(out, 'notes.txt'), 'mine');
    for (const extra of [[], ['--overwrite']]) {
      const ended = await chexgpu(['run', '--data', good, '--out', out, ...extra]);
      expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringContaining(out)]);
    }
    expect(await readFile(join(out, 'notes.txt'), 'utf8')).toBe('mine');
    expect(await readdir(out)).toEqual(['notes.txt']);
  });
});

describe('data that cannot be trusted', () => {
  const header = csvOf(SPLITS.train).split('\n')[0];
  const withCell = (value: string) => csvOf(SPLITS.train).replace(/,[01]\n/, `,${value}\n`);
  const cases: [string, () => Record<string, string | Uint8Array>, RegExp][] = [
    [
      'a missing column',
      () => ({ 'valid.csv': csvOf(SPLITS.valid).replace('Edema', 'Oedema') }),
      /valid\.csv: the column "Edema" is missing/,
    ],
    ['a label of 2', () => ({ 'train.csv': withCell('2') }), /train\.csv, line 2.*"2" is not a label/],
    ['a label that is NaN', () => ({ 'train.csv': withCell('nan') }), /train\.csv, line 2.*"nan"/],
    ['an empty CSV', () => ({ 'test.csv': `${header}\n` }), /test\.csv has a header but no rows/],
    [
      'a missing image',
      () => ({ 'train.csv': csvOf([...SPLITS.train, { image: 'gone.png', patient: 9, positive: [] }]) }),
      /train\.csv, line 8: .*gone\.png does not exist/,
    ],
    [
      'an unreadable PNG',
      () => ({ [join('images', firstImage)]: 'no PNG at all' }),
      new RegExp(`${firstImage} is damaged, cut short or no image`),
    ],
  ];
  for (const [name, changes, line] of cases) {
    it(`${name} ends with 3`, async () => {
      const folder = await folderWith(name.replaceAll(' ', '-'), changes());
      const training = ['--size', '32', '--batch-size', '2', '--epochs', '1', '--steps-per-epoch', '1'];
      await expectFailure(['run', '--data', folder, ...training], 3, line);
    });
  }

  it('a patient in two splits ends with 3 under --refuse-leakage, and is a warning otherwise', async () => {
    const folder = await folderWith('leak', { 'test.csv': csvOf([...SPLITS.test, SPLITS.train[0]]) });
    const leak = /train and test share 1 patient \(100\)/;
    await expectFailure(['run', '--data', folder, '--refuse-leakage'], 3, leak);
    const training = ['--network', 'toy', '--batch-size', '2', '--epochs', '1', '--steps-per-epoch', '1'];
    const ended = await chexgpu(['run', '--data', folder, ...training, '--out', scratch.path('leaky')]);
    expect(ended.stderr).toMatch(leak);
    expect(ended.code).toBe(0);
  });

  it('a missing folder ends with 3', async () =>
    expectFailure(['train', '--data', scratch.path('nowhere')], 3, /data folder .*nowhere does not exist/));

  it('a missing image folder ends with 3', async () =>
    expectFailure(['train', '--data', good, '--images', 'pictures'], 3, /image folder pictures does not/));

  it('`check` names what is wrong and ends with 3; warnings alone end with 0', async () => {
    const fine = await chexgpu(['check', '--data', good, '--json']);
    expect(fine.code).toBe(0);
    expect(JSON.parse(fine.stdout).counts.error).toBe(0);
    const bad = await folderWith('checked', { [join('images', firstImage)]: 'no PNG' });
    const ended = await chexgpu(['check', '--data', bad]);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toMatch(new RegExp(`^error: .*${firstImage}`, 'm'));
  });

  it('predictions that are no numbers end with 3', async () => {
    const file = scratch.path('predictions.csv');
    const labels = header.split(',').filter((name) => !['Image', 'PatientId'].includes(name));
    const columns = ['Image', 'PatientId', ...labels, ...labels.map((label) => `${label}_pred`)];
    const row = ['a.png', '1', ...labels.map(() => '0'), ...labels.map((_, i) => (i === 3 ? 'nan' : '0.5'))];
    await writeFile(file, `${columns.join(',')}\n${row.join(',')}\n`);
    await expectFailure(['evaluate', file], 3, /predictions\.csv, line 2, column "Edema_pred": "nan"/);
    await expectFailure(['evaluate', scratch.path('none.csv')], 3, /none\.csv does not exist/);
  });
});

describe('weights that do not fit', () => {
  it('no such file ends with 4', async () =>
    expectFailure(['run', '--weights', 'nothing.h5'], 4, /no weight file 'nothing\.h5'/));

  it('no HDF5 ends with 4', async () => {
    await writeFile(scratch.path('text.h5'), 'not HDF5');
    await expectFailure(['run', '--weights', 'text.h5'], 4, /text\.h5/);
  });

  it("another network's ends with 4, naming the layer and both shapes", async () => {
    const config = densenetConfig('densenet121', { growthRate: 16 });
    await writeWeightFile(scratch.path('thin.h5'), initialWeights(config, 1), config);
    const args = ['run', '--weights', 'thin.h5', '--network', 'densenet121'];
    await expectFailure(args, 4, /conv2_block1_1_conv.*(128.*64|64.*128)/);
  });
});

describe('what the GPU cannot do', () => {
  it('a batch that does not fit its memory ends with 6', async () =>
    expectFailure(['train', '--data', good, '--size', '4096'], 6, /--batch-size or --size/));

  it('an image without contrast has no Grad-CAM: 8, naming it', async () => {
    const flat = scratch.path('flat.png');
    const samples = new Uint8Array(32 * 32).fill(77);
    await writeFile(flat, writePng({ width: 32, height: 32, bitDepth: 8, colorType: GRAY, samples }));
    const config = densenetConfig('densenet121');
    await writeWeightFile(scratch.path('w.h5'), initialWeights(config, 1), config);
    await expectFailure(['gradcam', '--weights', 'w.h5', '--size', '32', flat], 8, /flat\.png/);
  });
});

describe('--json', () => {
  it('an error is one document too', async () => {
    const ended = await chexgpu(['run', '--size', '33', '--json']);
    expect(ended.code).toBe(2);
    const { error } = JSON.parse(ended.stdout);
    expect(error).toMatchObject({ code: 'usage', exitCode: 2, message: expect.stringContaining('--size') });
  });
});
