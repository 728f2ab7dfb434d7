/** Which file is a row's image: `check` and the training's generator are asked about the same odd folders. */
import { mkdir, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { checkFolder } from '../../../src/data/checks/checkFolder.node.js';
import { flowFromDataframe } from '../../../src/data/generator/generator.node.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import { readFrame } from '../../../src/data/tables/csv.node.js';
import { ImageFiles, imagePath } from '../../../src/data/tables/imageFiles.node.js';
import { readDataset } from '../../../src/workflow/data/dataset.node.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import { chooseCases, readBoxes } from '../../../src/workflow/results/explain.node.js';
import { csvOf, noisePng } from '../../support/files/imageFolder.js';

const pool = new DecodePool({ workers: 0 });
let root = '';
let count = 0;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'chexgpu-images-'));
});
afterAll(async () => {
  await pool.close();
  await rm(root, { recursive: true });
});

/** A folder with these images, and a train.csv with these rows, its text changed by `dialect`. */
async function folderOf(
  files: readonly string[],
  rows: readonly string[],
  dialect: (csv: string) => string = (csv) => csv,
): Promise<string> {
  const folder = join(root, String(count++));
  await mkdir(join(folder, 'images'), { recursive: true });
  for (const [i, file] of files.entries()) {
    const path = imagePath(join(folder, 'images'), file);
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, noisePng(100 * count + i, 32));
  }
  const named = rows.map((row) => row.replace('ROOT', folder));
  const csv = csvOf(named.map((image, i) => ({ image, patient: i + 1, positive: ['Mass'] })));
  await writeFile(join(folder, 'train.csv'), dialect(csv));
  return folder;
}

/** Each one's answer: how many images it finds, or what it says. */
async function answers(folder: string) {
  const report = await checkFolder(folder, { pool });
  const errors = report.findings.filter(({ severity }) => severity === 'error');
  const directory = join(folder, 'images');
  const trained = await readFrame(join(folder, 'train.csv'))
    .then((frame) => flowFromDataframe({ frame, directory, pool, targetSize: [32, 32] }))
    .then(
      async (generator) => {
        for (let i = 0; i < generator.length; i++) await generator.getBatch(i);
        return generator.samples;
      },
      (error: Error) => error,
    );
  return { errors, decoded: report.images?.decoded, report, trained };
}

const withIndex = (csv: string) =>
  csv.replace(/^.*$/gm, (line) => (line ? `${line.startsWith('Image') ? '' : '7'},${line}` : ''));

describe('check and the training find the same images', () => {
  it.each<[string, string[], string[], ((csv: string) => string)?]>([
    ['in sub-folders', ['images_001/images/a.png', 'b/c.png'], ['images_001/images/a.png', 'b/c.png']],
    ['by ./', ['a.png', 'x/b.png'], ['./a.png', 'x/./y/../b.png']],
    ['by absolute paths', ['a.png'], ['ROOT/images/a.png']],
    ['by absolute paths elsewhere', ['../other/a.png'], ['ROOT/other/a.png']],
    ['outside the folder', ['../other/a.png'], ['../other/a.png']],
    ['with commas, quotes and blanks', ['a, "b" c.png'], ['"a, ""b"" c.png"']],
    ['with letters of any kind', ['Größe 胸.png'], ['Größe 胸.png']],
    ['in capitals', ['A.PNG'], ['A.PNG']],
    ['beside an index', ['a.png', 'b.png'], ['a.png', 'b.png'], withIndex],
    [
      'beside an index with a name',
      ['a.png'],
      ['a.png'],
      (csv) => withIndex(csv).replace(',', 'Unnamed: 0,'),
    ],
    ['behind a byte order mark', ['a.png'], ['a.png'], (csv) => `\uFEFF${csv}`],
    [
      'in mixed lines',
      ['a.png', 'b.png'],
      ['a.png', 'b.png'],
      (csv) => csv.replace('\n', '\r\n').replace(/\n$/, '\r'),
    ],
    [
      'among empty columns and rows',
      ['a.png'],
      ['a.png'],
      (csv) => `${csv.replaceAll('\n', ',,,\n')},,,,\n\n`,
    ],
    [
      'of patients with long numbers',
      ['a.png'],
      ['a.png'],
      (csv) => csv.replace(',1,0,1,', `,1,0,${'123456789'.repeat(4)},`),
    ],
  ])('%s', async (_, files, rows, dialect) => {
    const { errors, decoded, trained } = await answers(await folderOf(files, rows, dialect));
    expect(errors).toEqual([]);
    expect([decoded, trained]).toEqual([rows.length, rows.length]);
  });

  it.each<[string, string[], string, RegExp]>([
    ['another case', ['a.PNG'], 'A.png', /A\.png does not exist.*a\.PNG is there: upper and lower case/s],
    ['another Unicode form', ['Gr\u00f6n.png'], 'Gro\u0308n.png', /accents written in another way/],
    ['a blank at the end', ['a.png'], '"x/a.png "', /no image file name|does not exist/],
    [
      'a sub-folder left out',
      ['images_001/images/a.png'],
      'a.png',
      /images_001\/images\/a\.png is there: write paths/,
    ],
    ['a sub-folder too many', ['a.png'], 'images/a.png', /images\/a\.png does not exist.* a\.png is there/s],
    [
      'a path of another machine',
      ['a.png'],
      '/data/nih/images/a.png',
      /: \/data\/nih\/images\/a\.png does not exist.* a\.png is there/s,
    ],
    ['backslashes', ['x/a.png'], 'x\\a.png', /Write \/ between folders/],
    ['another ending', ['a.png'], 'a.jpg', /a\.png is there, with another ending/],
    ['a web address', ['a b.png'], 'a%20b.png', /a%20b\.png does not exist/],
    ['a folder', ['a.png/b.png'], 'a.png', /a\.png is a folder, not a file/],
    ['no image', ['a.txt'], 'a.txt', /"a\.txt" is no image file name/],
    ['nothing', ['a.png'], 'b.png', /b\.png does not exist/],
  ])('and refuse %s, for the same reason', async (_, files, row, reason) => {
    const { errors, trained } = await answers(await folderOf(files, [row]));
    expect(errors.map(({ kind }) => kind)).toEqual(['missing-images']);
    expect(errors[0].message).toMatch(reason);
    expect(trained).toBeInstanceOf(DataError);
    expect((trained as Error).message).toMatch(reason);
    expect((trained as Error).message).toMatch(/train\.csv, line 2: /);
  });

  it('and name what a file of another name holds', async () => {
    const folder = await folderOf([], ['a.dcm']);
    await writeFile(
      join(folder, 'images', 'a.dcm'),
      Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(9)]),
    );
    const { errors, trained } = await answers(folder);
    for (const message of [errors[0].message, (trained as Error).message]) {
      expect(message).toMatch(/"a\.dcm" is no image file name.* It is a DICOM file\. Export it as PNG/);
    }
  });

  it('and refuse a file without an end, and a link to nothing', async () => {
    const folder = await folderOf(['a.png'], ['a.png', 'endless.png', 'gone.png', 'linked.png']);
    await symlink('/dev/zero', join(folder, 'images', 'endless.png'));
    await symlink('nowhere.png', join(folder, 'images', 'gone.png'));
    await symlink('a.png', join(folder, 'images', 'linked.png'));
    const { errors, trained } = await answers(folder);
    expect(errors.map(({ items }) => items)).toEqual([['endless.png', 'gone.png']]);
    expect((trained as Error).message).toMatch(/line 3: .*endless\.png is a pipe.*\(2 of 4 rows are so\)/);
  });

  it('and refuse the same tables', async () => {
    const dialects: [(csv: string) => string, RegExp][] = [
      [(csv) => csv.replaceAll(',', ';'), /separated by semicolons/],
      [(csv) => csv.replaceAll(',', '\t'), /separated by tabs/],
      [(csv) => csv.replace('Mass', 'Edema'), /"Edema" occurs twice/],
      [(csv) => csv.replace(',1,0,1,', ',1,0,1.5E+35,'), /is not a patient number/],
    ];
    for (const [dialect, reason] of dialects) {
      const { errors, trained } = await answers(await folderOf(['a.png'], ['a.png'], dialect));
      expect(errors.map(({ kind }) => kind)).toEqual(['bad-csv']);
      expect(errors[0].message).toMatch(reason);
      expect((trained as Error).message).toBe(errors[0].message);
    }
  });
});

describe('check', () => {
  it('takes two names of one file for one, in every split and beside them', async () => {
    const folder = await folderOf(['x/a.png', 'b.png', 'y/unused.png'], ['x/a.png', './x/a.png']);
    const row = { image: `${folder}/images/x/../x/a.png`, patient: 9, positive: ['Hernia'] };
    await writeFile(join(folder, 'test.csv'), csvOf([row]));
    await writeFile(join(folder, 'boxes.csv'), 'Image,Label,x,y,w,h\n./x/a.png,Mass,1,1,n/a,4\n');
    const { findings } = await checkFolder(folder, { pool });
    const items = (kind: string) => findings.find((finding) => finding.kind === kind)?.items;
    expect(items('repeated-images')).toEqual(['x/a.png']);
    expect(items('shared-images')).toEqual(['x/a.png']);
    expect(items('conflicting-labels')).toEqual(['x/a.png']);
    expect(items('unused-images')).toEqual(['b.png', 'y/unused.png']);
    expect(items('boxes-without-row')).toBeUndefined();
    expect(items('boxes-outside')).toEqual(['x/a.png Mass']);
  });

  it('follows a link to a folder where a row does, and counts no link as a file', async () => {
    const folder = await folderOf(['../store/a.png'], ['part/a.png']);
    await symlink('../store', join(folder, 'images', 'part'));
    await symlink('.', join(folder, 'images', 'round'));
    const { errors, decoded, trained, report } = await answers(folder);
    expect([errors, decoded, trained]).toEqual([[], 1, 1]);
    expect(report.findings.find(({ kind }) => kind === 'unused-images')).toBeUndefined();
  });

  it("sees another patient than the name's in a sub-folder too", async () => {
    const name = 'images_001/00000008_000.png';
    const folder = await folderOf([name], [name]);
    const { findings } = await checkFolder(folder, { pool });
    expect(findings.find(({ kind }) => kind === 'patient-mismatch')?.items).toEqual([name]);
  });

  it('makes a warning of missing images where they will be left out', async () => {
    const folder = await folderOf(['a.png'], ['a.png', 'b.png']);
    const { findings, counts } = await checkFolder(folder, { pool, ignoreMissing: true });
    expect(findings.find(({ kind }) => kind === 'missing-images')?.severity).toBe('warning');
    expect(counts.error).toBe(0);
  });

  it('says that the images are wanted where there are none', async () => {
    const folder = await folderOf(['a.png'], ['a.png']);
    await rename(join(folder, 'images'), join(folder, 'pictures'));
    const { findings } = await checkFolder(folder, { pool });
    expect(findings.find(({ kind }) => kind === 'no-image-folder')?.severity).toBe('warning');
  });

  it('lets files alone that have nothing to do with the images', async () => {
    const folder = await folderOf(['a.png'], ['a.png']);
    await writeFile(join(folder, 'notes.csv'), Buffer.from('\uFEFFa;b', 'utf16le'));
    await mkdir(join(folder, 'more.csv'));
    await writeFile(join(folder, 'Data_Entry_2017.csv'), 'broken');
    const { findings, counts } = await checkFolder(folder, { pool });
    expect(counts.error).toBe(0);
    expect(findings.filter(({ kind }) => kind === 'bad-csv').map(({ message }) => message)).toEqual([
      expect.stringMatching(/Data_Entry_2017\.csv: the column "Image Index" is missing/),
    ]);
    await expect(
      checkFolder(folder, { pool, reference: join(folder, 'Data_Entry_2017.csv') }),
    ).rejects.toThrow(/"Image Index" is missing/);
  });
});

describe('a data set with --ignore-missing', () => {
  async function dataset(valid: string[], test: string[]) {
    const folder = await folderOf(['a.png', 'b.png'], ['a.png', 'gone.png', 'b.png']);
    const write = (part: string, names: string[]) =>
      writeFile(
        join(folder, `${part}.csv`),
        csvOf(names.map((image) => ({ image, patient: 7, positive: [] }))),
      );
    await write('valid', valid);
    await write('test', test);
    const warnings: string[] = [];
    const out = { ...SILENT, warn: (line: string) => warnings.push(line) };
    const read = (ignoreMissing?: boolean) => readDataset({ out }, { data: folder, ignoreMissing });
    return { read, warnings };
  }

  it('holds the rows that have an image, and says what it leaves out', async () => {
    const { read, warnings } = await dataset(['x.png'], ['./a.png']);
    await expect(read()).rejects.toThrow(
      /train\.csv, line 3: .*gone\.png does not exist.*`ignoreMissing: true`/,
    );
    const { train, valid, test } = await read(true);
    expect([train, valid, test].map(({ images }) => images)).toEqual([['a.png', 'b.png'], [], ['./a.png']]);
    expect(train.lines).toEqual([2, 4]);
    expect(warnings).toEqual([
      expect.stringMatching(/train\.csv: Found 1 invalid image filename\(s\) in x_col="Image"/),
      expect.stringMatching(/valid\.csv: Found 1 invalid/),
      expect.stringMatching(/No image of .*valid\.csv is there: there will be no validation/),
      expect.stringMatching(/train\.csv has no image with Cardiomegaly, .*; no image without Mass/),
    ]);
  });

  it('is none without an image to test on', async () => {
    const { read } = await dataset(['a.png'], ['x.png', 'y.png']);
    await expect(read(true)).rejects.toThrow(/No image of .*test\.csv is there/);
  });
});

describe('names', () => {
  it('lead where os.path.join leads', () => {
    expect(imagePath('data/images', 'x/a.png')).toBe('data/images/x/a.png');
    expect(imagePath('data/images', '/abs/a.png')).toBe('/abs/a.png');
    expect(imagePath('data/images', '../a.png')).toBe('data/a.png');
  });

  it('are one for each file, as seen from the folder', async () => {
    const files = await ImageFiles.open(root);
    expect(['a.png', './a.png', `${root}/x/../a.png`].map((name) => files.canonicalName(name))).toEqual(
      new Array(3).fill('a.png'),
    );
    const outside = files.canonicalName('../b.png');
    expect(files.canonicalName(outside)).toBe(outside);
    expect(files.canonicalName('..b.png')).toBe('..b.png');
  });

  it('are one for each file where cases are chosen', () => {
    const table = {
      labels: ['Mass', 'Edema'],
      images: ['a.png', './a.png', 'b.png'],
      patientIds: ['1', '1', '2'],
      truth: Float64Array.of(1, 1, 1, 1, 0, 0),
      predictions: Float64Array.of(0.9, 0.9, 0.9, 0.9, 0.1, 0.1),
    };
    const chosen = chooseCases(table.labels, table, root, new Map());
    expect(chosen.map(({ name }) => name)).toEqual(['a.png', 'b.png']);
  });

  it('are those of the boxes too, and a cell that is no number is named', async () => {
    const images = join(root, 'nowhere');
    const boxes = join(root, 'boxes.csv');
    await writeFile(boxes, 'Image,Label,x,y,w,h\n./a.png,Mass,0.1,1e1,3,4\nx/../a.png,Edema,1,2,3,4\n');
    const found = await readBoxes({ boxes, images });
    expect([...found.values()].map((list) => list.map(({ label, x }) => [label, x]))).toEqual([
      [
        ['Mass', 0.1],
        ['Edema', 1],
      ],
    ]);
    for (const cell of ['', 'n/a', '0x10', 'inf', '1;2']) {
      await writeFile(boxes, `Image,Label,x,y,w,h\na.png,Mass,1,1,1,1\na.png,Mass,${cell},1,1,1\n`);
      await expect(readBoxes({ boxes, images })).rejects.toThrow(/boxes\.csv, line 3: the box of a\.png/);
    }
    expect((await readBoxes({ boxes: join(root, 'none.csv'), images })).size).toBe(0);
  });
});

describe('labels of which none is known', () => {
  /** train.csv, valid.csv and test.csv of one image each; those of `unknown` have empty cells for labels. */
  async function dataOf(unknown: readonly string[], cells: RegExp): Promise<string> {
    const data = await folderOf(['a.png'], ['a.png']);
    const csv = csvOf([{ image: 'a.png', patient: 7, positive: ['Mass'] }]);
    for (const split of ['train', 'valid', 'test']) {
      const text = unknown.includes(split) ? csv.replace(cells, ',') : csv;
      await writeFile(join(data, `${split}.csv`), text);
    }
    return data;
  }

  it.each(['train', 'valid'])('in %s.csv are refused: their loss would be 0', async (split) => {
    const data = await dataOf([split], /,[01](?=,|$)/gm);
    await expect(readDataset({ out: SILENT }, { data, unknownLabels: [''] })).rejects.toThrow(
      new DataError(`No label of ${join(data, split)}.csv is known.`, 'Give a table with labels of 0 and 1.'),
    );
  });

  it('of one class are said, and those of which there is one kind', async () => {
    const data = await dataOf(['train'], /,1(?=,|$)/gm);
    const warnings: string[] = [];
    const out = { ...SILENT, warn: (line: string) => warnings.push(line) };
    const labels = ['Mass', 'Edema', 'Hernia'];
    await readDataset({ out }, { data, labels, unknownLabels: [''] });
    const csv = csvOf(
      [['Edema'], ['Edema', 'Hernia']].map((positive, i) => ({ image: 'a.png', patient: i + 1, positive })),
    );
    await writeFile(join(data, 'train.csv'), csv);
    await readDataset({ out }, { data, labels });
    expect(warnings).toEqual([
      `${join(data, 'train.csv')} has no known label of Mass; no image with Edema, Hernia: they cannot be learnt.`,
      `${join(data, 'train.csv')} has no image with Mass; no image without Edema: they cannot be learnt.`,
    ]);
  });
});
