import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, NonFiniteError } from '../../../src/core/errors.js';
import { MT19937 } from '../../../src/core/mt19937.js';
import { predictionsFromCsv } from '../../../src/eval/scores/parsePredictions.js';
import {
  asWritten,
  formatFloat32,
  type PredictionTable,
  predictionsToCsv,
} from '../../../src/eval/scores/predictionsCsv.js';
import { readPredictionsCsv, writePredictionsCsv } from '../../../src/eval/scores/predictionsCsv.node.js';

const random = new MT19937(11);
const labels = ['Cardiomegaly', 'Mass', 'Edema'];

function table(rows: number): PredictionTable {
  const cells = Array.from({ length: rows * 3 }, () => random.random());
  return {
    labels,
    images: Array.from({ length: rows }, (_, i) => `0000${i}_000.png`),
    patientIds: Array.from({ length: rows }, (_, i) => String(7 * i)),
    truth: Float64Array.from(cells, (v) => Number(v < 0.3)),
    predictions: Float64Array.from(cells, (v) => v ** 9),
  };
}

describe('unknown labels', () => {
  it('are empty cells, and read back where an option says so', () => {
    const written = table(4);
    written.truth[5] = Number.NaN;
    const text = predictionsToCsv(written);
    expect(predictionsFromCsv(text, labels, 'mine', { unknownLabels: [''] })).toEqual(written);
    expect(() => predictionsFromCsv(text, labels, 'mine')).toThrow(/line 3, column "Edema": an empty cell/);
  });
});

describe('float32 as text', () => {
  it('reads back to the same bits, in the shortest form', () => {
    const bits = new Uint32Array(1);
    const value = new Float32Array(bits.buffer);
    for (let i = 0; i < 3000; i++) {
      bits[0] = random.next32() % 0x3f800001; // 0..1
      const text = formatFloat32(value[0]);
      expect(Math.fround(Number(text))).toBe(value[0]);
      const digits = text.replace(/e.*/, '').replace(/^0?\.?0*|\./g, '').length;
      // Subnormal numbers hold fewer digits than the six that are tried first.
      if (digits > 1 && bits[0] >= 0x00800000)
        expect(Math.fround(Number(value[0].toPrecision(digits - 1)))).not.toBe(value[0]);
    }
    expect([0, 1, 0.5, Math.fround(0.1), Math.fround(0.953)].map(formatFloat32)).toEqual([
      '0',
      '1',
      '0.5',
      '0.1',
      '0.953',
    ]);
  });
});

describe('predictions CSV', () => {
  it('comes back as it went', () => {
    const before = table(20);
    before.images[3] = 'odd, "name".png';
    const text = predictionsToCsv(before);
    expect(text.split('\n')[0]).toBe(
      'Image,PatientId,Cardiomegaly,Mass,Edema,Cardiomegaly_pred,Mass_pred,Edema_pred',
    );
    expect(predictionsFromCsv(text, labels)).toEqual(before);
  });

  it('finds columns by name, in any order and among others', () => {
    const text =
      ',Mass_pred,Image,Edema,Hello,Mass,PatientId,Edema_pred\r\n' +
      '5,0.25,a.png,1,9,0,77,0.75\r\n6,1,b.png,0,9,1,78,1e-7\r\n';
    const read = predictionsFromCsv(`\ufeff${text}`, ['Edema', 'Mass']);
    expect(read.images).toEqual(['a.png', 'b.png']);
    expect(read.patientIds).toEqual(['77', '78']);
    expect([...read.truth]).toEqual([1, 0, 0, 1]);
    expect([...read.predictions]).toEqual([0.75, 0.25, 1e-7, 1]);
  });

  it('does without patients, there and back', () => {
    const text = 'Image,Mass,Mass_pred\na.png,1,0.25\nb.png,0,1\n';
    const read = predictionsFromCsv(text, null);
    expect([read.labels, read.patientIds, [...read.predictions]]).toEqual([['Mass'], ['', ''], [0.25, 1]]);
    expect(predictionsToCsv(read)).toBe(text);
  });

  it('keeps every digit of float64, and writes a network as short as float32 allows', () => {
    const exact = table(40);
    expect(predictionsFromCsv(predictionsToCsv(exact), labels)).toEqual(exact);
    const network = Float32Array.from(exact.predictions);
    const written = predictionsToCsv({ ...exact, predictions: network });
    expect(predictionsFromCsv(written, labels).predictions).toEqual(asWritten(network));
    expect(Float32Array.from(asWritten(network))).toEqual(network);
    expect(written.length).toBeLessThan(predictionsToCsv(exact).length);
  });

  const header = 'Image,PatientId,Mass,Mass_pred\n';
  it.each([
    ['no prediction column', 'Image,PatientId,Mass\na.png,1,0\n', /"Mass_pred" is missing/],
    ['no label column', 'Image,PatientId,Mass_pred\na.png,1,0.5\n', /"Mass" is missing/],
    ['a column twice', 'Image,PatientId,Mass,Mass,Mass_pred\na.png,1,0,0,0.5\n', /"Mass" occurs twice/],
    ['words for numbers', `${header}a.png,1,0,high\n`, /line 2, column "Mass_pred": "high"/],
    ['an empty cell', `${header}a.png,1,0,\n`, /line 2, column "Mass_pred": "" is not/],
    ['NaN', `${header}a.png,1,0,0.5\nb.png,1,0,NaN\n`, /line 3, column "Mass_pred": "NaN"/],
    ['more than one', `${header}a.png,1,0,1.01\n`, /"1.01" is not a prediction/],
    ['less than zero', `${header}a.png,1,0,-0.1\n`, /"-0.1" is not a prediction/],
    ['half a label', `${header}a.png,1,0.5,0.5\n`, /line 2, column "Mass": "0.5"/],
    ['no image name', `${header},1,0,0.5\n`, /line 2, column "Image": empty/],
    ['a short row', `${header}a.png,1,0\n`, /line 2: 3 cells/],
    ['no rows', header, /no rows/],
    ['nothing', '', /is empty/],
  ])('refuses %s', (_, text, message) => {
    const read = () => predictionsFromCsv(text, ['Mass'], 'p.csv');
    expect(read).toThrow(DataError);
    expect(read).toThrow(/^p\.csv/);
    expect(read).toThrow(message);
  });
});

describe('on disk', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-predictions-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('writes, reads, and leaves nothing behind when the numbers are bad', async () => {
    const good = table(5);
    const path = join(folder, 'new', 'predictions.csv');
    await writePredictionsCsv(path, good);
    expect(await readPredictionsCsv(path, labels)).toEqual(good);
    const before = await readFile(path, 'utf8');

    const bad = table(5);
    bad.predictions[7] = Number.NaN;
    await expect(writePredictionsCsv(path, bad)).rejects.toThrow(NonFiniteError);
    await expect(writePredictionsCsv(path, bad)).rejects.toThrow(/00002_000.png.*Mass is NaN/);
    bad.predictions[7] = 1.5;
    await expect(writePredictionsCsv(path, bad)).rejects.toThrow(DataError);
    expect(await readFile(path, 'utf8')).toBe(before);
    expect(await readdir(join(folder, 'new'))).toEqual(['predictions.csv']);
  });

  it('names the file that cannot be read or written', async () => {
    await expect(readPredictionsCsv(join(folder, 'none.csv'), labels)).rejects.toThrow(
      /none\.csv does not exist/,
    );
    await writeFile(join(folder, 'file'), 'x');
    await expect(writePredictionsCsv(join(folder, 'file', 'p.csv'), table(1))).rejects.toThrow(DataError);
  });
});
