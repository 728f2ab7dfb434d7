import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { readFrame, readNihTable, readTextFile } from '../../../src/data/tables/csv.node.js';
import { CSV_COLUMNS, LABELS } from '../../../src/data/tables/labels.js';
import { parseNihTable } from '../../../src/data/tables/nih.js';

const HEADER = CSV_COLUMNS.join(',');

/** A row in the assignment's column order. */
function row(
  image: string,
  patient: string | number,
  positive: string[],
  odd: Record<string, string> = {},
): string {
  return CSV_COLUMNS.map((name) => {
    if (name in odd) return odd[name];
    if (name === 'Image') return image;
    if (name === 'PatientId') return String(patient);
    return positive.includes(name) ? '1' : '0';
  }).join(',');
}

const GOOD = [HEADER, row('00000001_000.png', 1, ['Hernia', 'Mass']), row('00000022_001.png', 22, ['Edema'])];

function labelsOf(text: string) {
  const frame = parseFrame(text, 'train.csv');
  return frame.images.map((_, i) => LABELS.filter((_, c) => frame.labels[i * 14 + c] === 1));
}

describe('unknown labels', () => {
  const text = [
    HEADER,
    row('a.png', 1, ['Mass'], { Hernia: '', Edema: '-1' }),
    row('b.png', 2, [], { Edema: '-1.0', Mass: 'NaN' }),
  ].join('\n');
  const at = (name: (typeof LABELS)[number]) => LABELS.indexOf(name);

  it('are NaN where an option says how cells hold them', () => {
    const { labels } = parseFrame(text, 'train.csv', { unknownLabels: ['', '-1', 'nan'] });
    const wanted = new Float32Array(28);
    for (const unknown of [at('Hernia'), at('Edema'), 14 + at('Edema'), 14 + at('Mass')])
      wanted[unknown] = Number.NaN;
    wanted[at('Mass')] = 1;
    expect(labels).toEqual(wanted);
  });

  it('are refused without it, and where they are written in another way', () => {
    expect(() => parseFrame(text, 'train.csv')).toThrow(
      /line 2, column "Hernia": an empty cell is not a label/,
    );
    expect(() => parseFrame(text, 'train.csv', { unknownLabels: [''] })).toThrow(
      /column "Edema": "-1" is not a label/,
    );
    expect(() => parseFrame(text, 'train.csv', { unknownLabels: ['', '-1'] })).toThrow(
      /line 3, column "Mass": "NaN"/,
    );
  });

  it('leave tables without any as they are, but for the type', () => {
    const plain = parseFrame(GOOD.join('\n'), 'train.csv');
    const { labels, ...rest } = parseFrame(GOOD.join('\n'), 'train.csv', { unknownLabels: [''] });
    expect({ ...rest, labels: Uint8Array.from(labels) }).toEqual(plain);
  });
});

describe('parseFrame', () => {
  it('reads the columns by name into the order of the notebook', () => {
    const frame = parseFrame(GOOD.join('\n'), 'train.csv');
    expect(frame.classes[3]).toBe('Hernia');
    expect(frame.images).toEqual(['00000001_000.png', '00000022_001.png']);
    expect(frame.patientIds).toEqual(['1', '22']);
    expect([...frame.labels.subarray(0, 14)]).toEqual([0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(frame.lines).toEqual([2, 3]);
    expect(CSV_COLUMNS.indexOf('PatientId')).toBe(12);
  });

  it('takes the same from any order of columns, a byte order mark, CRLF, quotes, blanks and further columns', () => {
    const names = [...CSV_COLUMNS].reverse();
    const reversed = GOOD.map((line, i) => {
      const cells = line.split(',').reverse();
      return [...cells.map((cell) => ` "${cell}" `), i === 0 ? 'Note' : '"a, ""b"""'].join(',');
    });
    expect(names[0]).toBe('Pneumothorax');
    const text = `\uFEFF${reversed.join('\r\n')}\r\n\r\n`;
    expect(labelsOf(text)).toEqual([['Hernia', 'Mass'], ['Edema']]);
    expect(parseFrame(text, 'x').patientIds).toEqual(['1', '22']);
  });

  it('takes whole numbers that pandas wrote as floats', () => {
    const text = [HEADER, row('a.png', '8270.0', [], { Edema: '1.0', Mass: '0.0' })].join('\n');
    expect(parseFrame(text, 'x').patientIds).toEqual(['8270']);
    expect(labelsOf(text)).toEqual([['Edema']]);
  });

  it.each([
    ['an empty file', '', /train\.csv is empty/],
    ['only a header', HEADER, /train\.csv has a header but no rows/],
    [
      'a missing column',
      GOOD.join('\n').replace('Hernia', 'Hernias'),
      /train\.csv: the column "Hernia" is missing/,
    ],
    ['another case', GOOD.join('\n').replace('Hernia', 'hernia'), /Rename the column "hernia"/],
    [
      'a repeated column',
      GOOD.join('\n').replace('Hernia', 'Mass'),
      /line 1: the column "Mass" occurs twice/,
    ],
    [
      'a nameless column',
      GOOD.join('\n').replace('Hernia', ''),
      /"Hernia" is missing.*\(column 9 has no name\)/,
    ],
    ['a label of 2', [...GOOD, row('c', 3, [], { Mass: '2' })].join('\n'), /line 4, column "Mass": "2"/],
    ['NaN', [...GOOD, row('c', 3, [], { Edema: 'NaN' })].join('\r\n'), /line 4, column "Edema": "NaN"/],
    ['an empty label', [...GOOD, row('c', 3, [], { Edema: '' })].join('\n'), /column "Edema": an empty cell/],
    ['-1', [HEADER, row('c', 3, [], { Edema: '-1' })].join('\n'), /line 2, column "Edema": "-1"/],
    ['0.5', [HEADER, row('c', 3, [], { Edema: '0.5' })].join('\n'), /"0.5" is not a label/],
    ['no patient', [HEADER, row('c', '', [])].join('\n'), /line 2, column "PatientId": an empty cell/],
    ['a gap as patient', [HEADER, row('c', 'NaN', [])].join('\n'), /"NaN" is not a patient number/],
    ['a patient below 0', [HEADER, row('c', '-1', [])].join('\n'), /"-1" is not a patient number/],
    ['half a patient', [HEADER, row('c', '3.5', [])].join('\n'), /"3.5" is not a patient number/],
    [
      "a spreadsheet's patient",
      [HEADER, row('c', '2.05367E+37', [])].join('\n'),
      /is not a patient number.*save that column as text/,
    ],
    ['no image', [HEADER, row('', 3, [])].join('\n'), /line 2, column "Image": empty/],
    ['a short row', `${HEADER}\na.png,0,1`, /line 2: 3 cells where the header has 16/],
    ['an open quote', `${HEADER}\n"a.png,0`, /not a readable CSV/],
  ])('refuses %s', (_, text, message) => {
    expect(() => parseFrame(text, 'train.csv')).toThrow(DataError);
    expect(() => parseFrame(text, 'train.csv')).toThrow(message);
  });
});

describe('reading files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-csv-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('reads a file, packed or not', async () => {
    await writeFile(join(folder, 'a.csv'), GOOD.join('\n'));
    await writeFile(join(folder, 'a.csv.gz'), gzipSync(GOOD.join('\n')));
    const plain = await readFrame(join(folder, 'a.csv'));
    expect((await readFrame(join(folder, 'a.csv.gz'))).labels).toEqual(plain.labels);
    expect(plain.images).toHaveLength(2);
  });

  it('names a file that is missing, a folder, no gzip or no text', async () => {
    await expect(readTextFile(join(folder, 'none.csv'))).rejects.toThrow(/none\.csv does not exist/);
    await expect(readTextFile(folder)).rejects.toThrow(/is a folder/);
    await writeFile(join(folder, 'b.csv.gz'), gzipSync(GOOD.join('\n')).subarray(0, 90));
    await expect(readTextFile(join(folder, 'b.csv.gz'))).rejects.toThrow(/is not readable gzip/);
    await writeFile(join(folder, 'c.csv'), Buffer.from(HEADER, 'utf16le').fill(0xff, 0, 2));
    await expect(readTextFile(join(folder, 'c.csv'))).rejects.toThrow(DataError);
  });

  it('reads NIH tables of both releases', async () => {
    const old =
      'Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,' +
      'OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],\n' +
      '00000001_000.png,Cardiomegaly|Emphysema,0,1,058Y,M,PA,2682,2749,0.143,0.143,\n' +
      '00000002_000.png,No Finding,0,2,081Y,F,AP,2500,2048,0.171,0.171,\n';
    const recent = old.replace('Gender', 'Sex').replaceAll(/,$/gm, '');
    await writeFile(join(folder, 'old.csv.gz'), gzipSync(old));
    const first = await readNihTable(join(folder, 'old.csv.gz'));
    const second = parseNihTable(recent, 'new.csv');
    expect(first.frame.labels).toEqual(second.frame.labels);
    expect([...first.frame.labels]).toEqual([1, 1, ...new Array(26).fill(0)]);
    expect([first.views, first.sexes, first.frame.patientIds]).toEqual([
      ['PA', 'AP'],
      ['M', 'F'],
      ['1', '2'],
    ]);
    expect(() => parseNihTable(old.replace('Emphysema', 'Influenza'), 'old.csv')).toThrow(
      /old\.csv, line 2, column "Finding Labels": "Influenza"/,
    );
  });
});
