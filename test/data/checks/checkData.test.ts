/** What `check` finds: each kind of trouble made on purpose, and the real folders. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Progress } from '../../../src/core/work.js';
import { type CheckReport, checkData } from '../../../src/data/checks/checkData.js';
import { checkFolder } from '../../../src/data/checks/checkFolder.node.js';
import { DecodePool } from '../../../src/data/images/decodePool.node.js';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { LABELS } from '../../../src/data/tables/labels.js';
import { csvOf, noisePng, randomRows, type TestRow, writeImages } from '../../support/files/imageFolder.js';
import { GRAY, RGB_ALPHA, writePng } from '../../support/files/png.js';
import { DATA, realFile, sayIfLeftOut } from '../../support/files/realData.js';

function find(report: CheckReport, kind: string, ...splits: string[]) {
  return report.findings.filter(
    (finding) => finding.kind === kind && splits.every((split) => finding.splits.includes(split)),
  );
}

describe('checkFolder', () => {
  let folder = '';
  const pool = new DecodePool({ workers: 0 });
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-check-'));
    // Patients interleaved, so that nothing but the planted trouble shows.
    const all = randomRows(240, 11);
    const part = (k: number) => all.filter((_, i) => i % 3 === k);
    const [train, valid, test] = [part(0), part(1), part(2)];
    await writeImages(folder, all, 20);
    const images = (name: string) => join(folder, 'images', name);
    const sixteen = Array.from({ length: 400 }, (_, i) => i * 150);
    const clear = Array.from({ length: 1600 }, (_, i) => (i * 37) % 256);
    await writeFile(images(train[0].image), noisePng(900, 20, true));
    await writeFile(images(train[1].image), noisePng(901, 26));
    await writeFile(
      images(train[2].image),
      writePng({ width: 20, height: 20, bitDepth: 16, colorType: GRAY, samples: sixteen }),
    );
    await writeFile(
      images(train[3].image),
      writePng({ width: 20, height: 20, bitDepth: 8, colorType: RGB_ALPHA, samples: clear }),
    );
    await writeFile(images(train[4].image), noisePng(902, 20).subarray(0, 120));
    await writeFile(
      images(train[5].image),
      writePng({ width: 20, height: 20, bitDepth: 8, colorType: GRAY, samples: new Array(400).fill(9) }),
    );
    await writeFile(images(test[0].image), noisePng(train[6].patient, 20));
    await rm(images(valid[0].image));
    await writeFile(images('unused.png'), noisePng(903, 20));
    const moved: TestRow = { ...train[7], image: `${String(train[7].patient).padStart(8, '0')}_001.png` };
    await writeFile(images(moved.image), noisePng(904, 20));
    const odd: TestRow = {
      ...test[1],
      positive: LABELS.filter((label) => !test[1].positive.includes(label)),
    };
    const without = test.map((row) => ({
      ...row,
      positive: row.positive.filter((label) => label !== 'Edema'),
    }));
    await writeFile(join(folder, 'train.csv'), csvOf([...train, train[8]]));
    await writeFile(join(folder, 'valid.csv'), csvOf([...valid, moved, { ...valid[3], patient: 999 }]));
    await writeFile(join(folder, 'test.csv'), csvOf([...without, odd]));
    await writeFile(
      join(folder, 'meta.csv'),
      `Image,Scanner,Age\n${all
        .map(({ image, positive }, i) => `${image},${positive.includes('Mass') ? 'A' : 'B'},${i % 90}`)
        .join('\n')}\n`,
    );
    const boxed = train.find(
      ({ positive }) => positive.includes('Nodule') && !positive.includes('Hernia'),
    )?.image;
    await writeFile(
      join(folder, 'boxes.csv'),
      `Image,Label,x,y,w,h\n${boxed},Nodule,2,2,9,9\n${boxed},Hernia,2,2,9,9\n` +
        `${boxed},Nodule,15,2,90,9\nzz.png,Mass,1,1,2,2\n`,
    );
  });
  afterAll(async () => {
    await pool.close();
    await rm(folder, { recursive: true });
  });

  it('ends within one file, for its signal and for what onProgress throws', async () => {
    const mine = new Error('mine');
    const aborted = { pool, signal: AbortSignal.abort(mine), decode: false };
    await expect(checkFolder(folder, aborted)).rejects.toBe(mine);
    for (const how of ['aborts', 'throws']) {
      const stop = new AbortController();
      const [inspected, heard]: [string[], Progress[]] = [[], []];
      const counting = {
        inspect: (file: string) => {
          inspected.push(file);
          return pool.inspect(file);
        },
      } as DecodePool;
      const onProgress = (progress: Progress) => {
        if (heard.push(progress) < 3) return;
        if (how === 'throws') throw mine;
        stop.abort(mine);
      };
      const call = checkFolder(folder, { pool: counting, signal: stop.signal, onProgress });
      await expect(call).rejects.toBe(mine);
      const atTheEnd = inspected.length;
      // Of the eight at once, each at most one more.
      expect(atTheEnd).toBeLessThanOrEqual(3 + 8);
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(inspected.length).toBe(atTheEnd);
    }
    await expect(checkFolder(folder, { pool, signal: {} as never })).rejects.toThrow(
      /must be an AbortSignal/,
    );
  });

  it('finds everything that was planted', async () => {
    const steps: Progress[] = [];
    const report = await checkFolder(folder, { pool, onProgress: (progress) => steps.push(progress) });
    expect(Object.keys(report.splits)).toEqual(['train', 'valid', 'test']);
    expect(report.splits.train.rows).toBe(81);
    expect(report.leakage.map(({ patientIds }) => patientIds.length)).toEqual([1, 0, 0]);
    expect(find(report, 'patient-leakage', 'train', 'valid')[0]).toMatchObject({
      severity: 'error',
      items: ['22'],
    });
    expect(find(report, 'repeated-images', 'train')[0].items).toEqual(['00000025_000.png']);
    expect(find(report, 'patient-mismatch', 'valid')[0].items).toEqual(['00000011_000.png']);
    expect(find(report, 'conflicting-labels', 'test')[0].items).toEqual(['00000006_000.png']);
    expect(find(report, 'missing-images')[0]).toMatchObject({
      severity: 'error',
      items: ['00000002_000.png'],
    });
    expect(find(report, 'unused-images')[0].items).toEqual(['unused.png']);
    expect(find(report, 'unreadable-images')[0]).toMatchObject({
      severity: 'error',
      items: ['00000013_000.png'],
    });
    expect(find(report, 'unreadable-images')[0].message).toMatch(/damaged, cut short/);
    expect(find(report, 'mixed-sizes')[0].items).toEqual(['00000004_000.png']);
    expect(find(report, 'saturating-16-bit')[0].items).toEqual(['00000007_000.png']);
    expect(find(report, 'coloured-images')[0].items).toEqual(['00000001_000.png', '00000010_000.png']);
    expect(find(report, 'transparent-images')[0].items).toEqual(['00000010_000.png']);
    expect(find(report, 'constant-images')[0].items).toEqual(['00000016_000.png']);
    expect(find(report, 'identical-images')[0]).toMatchObject({
      severity: 'error',
      splits: ['train', 'test'],
      items: ['00000019_000.png', '00000003_000.png'],
    });
    expect(find(report, 'prevalence-shift', 'test')[0].items).toContain('Edema');
    const confounded = find(report, 'confounded-labels')[0];
    expect(confounded.message).toMatch(/follow the Scanner .*Mass 0\.9\d|follow the Scanner .*Mass 1\.00/);
    expect(find(report, 'boxes-denied')[0].items).toHaveLength(1);
    expect(find(report, 'boxes-outside')[0].items).toHaveLength(1);
    expect(find(report, 'boxes-without-row')[0].items).toEqual(['zz.png']);
    expect(report.images?.sizes).toEqual({ '20x20': 238, '26x26': 1 });
    expect(report.images?.kinds['png gray 16-bit']).toBe(1);
    expect(steps.at(-1)).toEqual({ phase: 'check', done: 240, total: 240, unit: 'images' });
    expect(JSON.parse(JSON.stringify(report)).counts).toEqual(report.counts);
    expect(report.counts.error).toBeGreaterThanOrEqual(6);
    const severities = report.findings.map(({ severity }) => ['error', 'warning', 'info'].indexOf(severity));
    expect(severities).toEqual([...severities].sort());
  });

  it('reports a CSV that cannot be read beside the rest, and leaves the pixels alone when told so', async () => {
    await writeFile(join(folder, 'bad.csv'), 'Image,Hernia\na.png,2\n');
    const splits = { train: join(folder, 'train.csv'), test: join(folder, 'bad.csv') };
    const report = await checkFolder(folder, { pool, splits, decode: false });
    expect(find(report, 'bad-csv', 'test')[0].message).toMatch(/bad\.csv: the column/);
    expect(report.splits.train.rows).toBe(81);
    expect([report.images?.decoded, find(report, 'unreadable-images').length]).toEqual([0, 0]);
    await expect(checkFolder(join(folder, 'images'), { pool })).rejects.toThrow(/holds no CSV/);
    await expect(checkFolder(join(folder, 'nothing'), { pool })).rejects.toThrow(/does not exist/);
  });
});

describe('checkData', () => {
  it('finds nothing but the missing folder in clean splits', async () => {
    const rows = randomRows(300, 5);
    const frame = (k: number) => parseFrame(csvOf(rows.filter((_, i) => i % 3 === k)), `${k}.csv`);
    const report = await checkData({ splits: { train: frame(0), valid: frame(1), test: frame(2) } });
    expect(report.findings.map(({ kind }) => kind)).toEqual(['no-images']);
    expect(report.leakage).toHaveLength(3);
  });

  it('compares with the labels and the test list of NIH', async () => {
    const rows = randomRows(40, 6);
    const reference = parseFrame(csvOf(rows.slice(0, 38)), 'Data_Entry.csv');
    const wrong = { ...rows[3], positive: [...rows[3].positive, 'Hernia'] };
    const jpg = rows.map((row, i) => ({
      ...(i === 3 ? wrong : row),
      image: row.image.replace('png', 'jpg'),
    }));
    const train = parseFrame(csvOf(jpg), 'train.csv');
    const officialTest = new Set([rows[8].image]);
    const report = await checkData({ splits: { train }, reference: { frame: reference, officialTest } });
    expect(find(report, 'labels-differ-from-nih')[0].items).toEqual(['00000004_000.jpg']);
    expect(find(report, 'not-in-nih')[0].items).toEqual(['00000039_000.jpg', '00000040_000.jpg']);
    expect(find(report, 'official-test-images')[0].items).toEqual(['00000009_000.jpg']);
  });
});

sayIfLeftOut('the checks of the real folders');
describe.runIf(DATA)('the real folders', () => {
  const pool = new DecodePool({ workers: 0 });
  afterAll(() => pool.close());

  it('nih64: patients in several splits, classes absent, two kinds of PNG', async () => {
    const report = await checkFolder(realFile('nih64'), { pool });
    expect(report.leakage.map(({ patientIds, images }) => [patientIds.length, ...images])).toEqual([
      [15, 67, 76],
      [8, 35, 63],
      [9, 42, 35],
    ]);
    expect(find(report, 'absent-classes', 'test')[0].items).toEqual(['Emphysema', 'Hernia', 'Pneumothorax']);
    expect(report.images?.kinds).toEqual({ 'png rgb 8-bit': 979, 'png rgba 8-bit': 21 });
    expect(report.images?.sizes).toEqual({ '64x64': 1000 });
    expect(find(report, 'gray-stored-as-rgb')[0].items).toHaveLength(1000);
    expect(find(report, 'sorted-split', 'train', 'test')).toHaveLength(1);
  });

  it('nih: two names for one picture, labels that follow the source, no Hernia in valid', async () => {
    const report = await checkFolder(realFile('nih'), { pool });
    expect(report.counts.error).toBe(0);
    expect(find(report, 'identical-images')[0].items).toEqual(['00002658_001.jpg', '00002658_002.jpg']);
    expect(find(report, 'confounded-labels')[0].message).toMatch(/SourceRepo .*any finding 0\.55/);
    expect(find(report, 'absent-classes', 'valid')[0].items).toEqual(['Hernia']);
    expect(report.images?.kinds).toEqual({ 'jpeg gray 8-bit': 1797 });
  });

  it('course: nearly all of valid is in train, and two labels differ from NIH', async () => {
    const report = await checkFolder(realFile('nih/course'), { pool });
    const leak = find(report, 'patient-leakage', 'train-small', 'valid-small')[0];
    expect([leak.severity, leak.items.length]).toEqual(['error', 197]);
    expect(find(report, 'shared-images', 'train-small', 'valid-small')[0].items).toHaveLength(198);
    expect(find(report, 'patient-leakage', 'test')).toEqual([]);
    expect(find(report, 'labels-differ-from-nih', 'test')[0].items).toEqual([
      '00009507_004.png',
      '00030323_015.png',
    ]);
    expect(find(report, 'prevalence-shift', 'test')[0].items).toContain('no finding');
    expect(report.splits.test.withoutFinding).toBe(0);
  });
});
