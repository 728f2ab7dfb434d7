/** Tables as people's programs write them: cells, line ends, separators, ids, sizes. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { parseCsv, parseFrame } from '../../../src/data/tables/csv.js';
import { readNihTable, readTextFile } from '../../../src/data/tables/csv.node.js';
import { cellNumber, unknownCells } from '../../../src/data/tables/csvCells.js';
import { CSV_COLUMNS } from '../../../src/data/tables/labels.js';
import { checkForLeakage, patientLeakage } from '../../../src/data/tables/leakage.js';
import { parseNihTable } from '../../../src/data/tables/nih.js';
import { comparePatients, readPatientId } from '../../../src/data/tables/patients.js';

const cells = (text: string) => parseCsv(text, 't.csv').rows;

function caught(work: () => unknown): { error: unknown } {
  try {
    work();
  } catch (error) {
    return { error };
  }
  return { error: undefined };
}

describe('unknownCells', () => {
  it('tells the same number however it is written, and the same text in any case', () => {
    const is = unknownCells(['-1', 'U', '']);
    expect(['-1', '-1.0', '-1e0', 'u', 'U', ''].map(is)).toEqual(Array(6).fill(true));
    expect(['0', '1', '-2', 'UU', 'nan', ' '].map(is)).toEqual(Array(6).fill(false));
  });

  it.each<[unknown, RegExp]>([
    [['', '1.0'], /has "1.0", which is a label/],
    [['0'], /has "0"/],
    ['-1', /unknownLabels is '-1'/],
    [[-1], /unknownLabels is an Array/],
  ])('refuses %j', (written, message) => {
    expect(() => unknownCells(written as string[])).toThrow(message);
  });
});

describe('cells and lines', () => {
  it('begin with the column names, not with a comment', () => {
    const table = () => parseCsv('# exported by a colleague of mine\na,b\n1,2', 't.csv');
    expect(table).toThrow(/t\.csv, line 1 is a comment, not the column names\. Remove such lines/);
    expect(parseCsv('#,b\n1,2', 't.csv').header).toEqual(['#', 'b']);
  });

  it('end at LF, CRLF and CR, all in one file', () => {
    const table = parseCsv('a,b\r\n1,2\n3,4\r5,6\n\r\n\r7,8', 't.csv');
    expect(table.rows).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
      ['7', '8'],
    ]);
    expect(table.lines).toEqual([2, 3, 4, 7]);
  });

  it('hold quotes, commas and lines within quotes, and count these lines', () => {
    const table = parseCsv('a,b\n"x, y","say ""hi"""\r\n"two\r\nlines\nhere",2\nlast,3\n', 't.csv');
    expect(table.rows).toEqual([
      ['x, y', 'say "hi"'],
      ['two\nlines\nhere', '2'],
      ['last', '3'],
    ]);
    expect(table.lines).toEqual([2, 5, 6]);
  });

  it('take a quote inside a cell for a character, and keep blanks within quotes', () => {
    expect(cells(`a,b\n5'11",x"y"\n " kept " ,\tno \n`)).toEqual([
      [`5'11"`, 'x"y"'],
      [' kept ', 'no'],
    ]);
  });

  it('leave out blank lines and lines of commas, and empty cells beyond the columns', () => {
    expect(cells('\n \na,b,,\n1,2,,\n,,,\n3,4\n5,6,,,,\n\n')).toEqual([
      ['1', '2'],
      ['3', '4'],
      ['5', '6'],
    ]);
    expect(() => cells('a,b,,\n1,2,,,5\n')).toThrow(/line 2: 5 cells where the header has 4/);
  });

  it('leave out the line that tells spreadsheets of commas', () => {
    expect(cells('sep=,\na,b\n1,2\n')).toEqual([['1', '2']]);
  });

  it('keep columns without a name in their places', () => {
    const { header, rows } = parseCsv(',a,,b\n0,1,2,3\n', 't.csv');
    expect([header, rows]).toEqual([['', 'a', '', 'b'], [['0', '1', '2', '3']]]);
  });

  it.each([
    [
      'an open quote',
      'a,b\n1,"2\n3,4\n',
      /line 2: not a readable CSV \(a quote is opened and never closed\)/,
    ],
    ['text behind a quote', 'a,b\n"1"2,3\n', /line 2: .*text behind a closing quote/],
    ['nothing', ' \n\n', /t\.csv is empty/],
    ['one endless line', `a,b\n${'1,'.repeat(600_000)}`, /line 2: longer than 1,048,576 characters/],
    ['one endless cell', `a,b\n${'x'.repeat(1_100_000)},1\n`, /line 2: longer than/],
    ['an endless quote', `a,b\n"${'x'.repeat(1_100_000)}",1\n`, /line 2: longer than/],
    ['a header without end', 'a,'.repeat(600_000), /line 1: longer than/],
    ['too many rows', `a\n${'1\n'.repeat(2_000_001)}`, /more than 2,000,000 lines/],
    ['too many blank lines', '\n'.repeat(2_100_000), /more than 2,000,000 lines/],
  ])('refuse %s', (_, text, message) => {
    const { error } = caught(() => cells(text));
    expect(error).toBeInstanceOf(DataError);
    expect(String(error)).toMatch(message);
  });

  it('end, however they are made', { timeout: 30_000 }, () => {
    const long = '1'.repeat(900_000);
    expect(cellNumber(`${long}x`)).toBeNaN();
    expect(readPatientId(`${'0'.repeat(900_000)}x`)).toHaveLength(900_001);
    const row = ['a.png', `${long}x`, ...new Array(CSV_COLUMNS.length - 2).fill('0')].join(',');
    expect(() => parseFrame(`${CSV_COLUMNS.join(',')}\n${row}`, 't.csv')).toThrow(/1\.\.\." is not a label/);
  });
});

describe('numbers as text', () => {
  it.each([
    ['0.10', 0.1],
    ['1E-3', 0.001],
    ['+0.5', 0.5],
    ['.5', 0.5],
    ['1.', 1],
    ['-0', -0],
    ['1e-400', 0],
    ['0.30000000000000004', 0.1 + 0.2],
  ])('%s is a number', (text, value) => expect(cellNumber(text)).toBe(value));
  it.each(['', '0x10', '1_000', '1,5', 'nan', 'inf', 'Infinity', '1e', '.', '--1', '1 2', '٣'])(
    '"%s" is none',
    (text) => expect(cellNumber(text)).toBeNaN(),
  );
});

describe('patients', () => {
  const LONG = '205366866401363481462036798914558864';

  it('are text: 36 digits stay apart, and numbers are the same however they are written', () => {
    const near = LONG.replace(/4$/, '5');
    expect(Number(LONG)).toBe(Number(near));
    expect(readPatientId(LONG)).toBe(LONG);
    expect(checkForLeakage({ patientIds: [LONG] }, { patientIds: [near] })).toBe(false);
    expect(['007', '7', '7.0', '7.', '0'].map(readPatientId)).toEqual(['7', '7', '7', '7', '0']);
    expect(readPatientId('p10000032')).toBe('p10000032');
    expect(readPatientId('1e5a')).toBe('1e5a');
    expect(readPatientId('1.2.840.113619')).toBe('1.2.840.113619');
    expect(readPatientId('Jos\u0065\u0301')).toBe('Jos\u00e9');
    expect(
      ['', 'nan', 'n/a', '<NA>', '3.5', '.5', '-1', '+7', '2.05E+35', '2e+35'].map(readPatientId),
    ).toEqual(new Array(10).fill(null));
  });

  it('are put in order by size, words behind', () => {
    const ids = ['b', '10', LONG, '9', 'a', '0'].sort(comparePatients);
    expect(ids).toEqual(['0', '9', '10', LONG, 'a', 'b']);
    const leak = patientLeakage({ train: { patientIds: [10, 9, 8] }, test: { patientIds: ['9', '10'] } });
    expect(leak[0].patientIds).toEqual(['9', '10']);
  });
});

describe("NIH's table", () => {
  const header = [
    'Image Index',
    'Finding Labels',
    'Follow-up #',
    'Patient ID',
    'Patient Age',
    'Patient Gender',
    'View Position',
  ];
  const rows = [
    ['00000001_000.png', 'Cardiomegaly|Emphysema', '0', '1', '058Y', 'M', 'PA'],
    ['00000002_000.png', 'No Finding', '0', '2', '081Y', 'F', 'AP'],
  ];
  const plain = parseNihTable([header, ...rows].map((r) => r.join(',')).join('\n'), 'nih.csv');

  it.each<[string, (cells: string[], i: number) => string[]]>([
    ['with its columns the other way round', (c) => [...c].reverse()],
    ['with one column more in front', (c, i) => [i === 0 ? '' : String(i), ...c]],
    [
      'with one column more in the middle',
      (c, i) => [...c.slice(0, 3), i === 0 ? 'Note' : 'x', ...c.slice(3)],
    ],
    [
      'with sizes as the releases have them',
      (c, i) => [...c, ...(i === 0 ? ['Original[Width', 'Height]', ''] : ['9', '8', ''])],
    ],
    [
      'with its columns before the sizes',
      (c, i) => [...(i === 0 ? ['Original[Width', 'Height]'] : ['9', '8']), ...c],
    ],
    ['with quotes round each name', (c, i) => (i === 0 ? c.map((name) => `"${name}"`) : c)],
    [
      'with quotes round two columns',
      (c, i) => (i === 0 ? [...c.map((n) => `"${n}"`), '"Original[Width,Height]"'] : [...c, '9', '8']),
    ],
    ['with the other word', (c, i) => (i === 0 ? c.map((name) => name.replace('Gender', 'Sex')) : c)],
    ['with blanks', (c, i) => (i === 0 ? c : c.map((cell) => ` ${cell.replace('|', ' | ')} `))],
  ])('is read %s', (_, change) => {
    const text = [header, ...rows].map((r, i) => change(r, i).join(',')).join('\r\n');
    expect(parseNihTable(text, 'nih.csv')).toEqual(plain);
  });

  it('is named where a table of labels is wanted', () => {
    const text = [header, ...rows].map((r) => r.join(',')).join('\n');
    expect(() => parseFrame(text, 'nih.csv')).toThrow(/"Image" is missing\. This is NIH's own table/);
  });
});

describe('files', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'chexgpu-cells-'));
  });
  afterAll(() => rm(folder, { recursive: true }));
  const file = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder, name), content);
    return join(folder, name);
  };
  const TEXT = 'Image,Größe\na.png,1\n';

  it('are told by their first bytes, not by their names', async () => {
    expect(await readTextFile(await file('packed.csv', gzipSync(TEXT)))).toBe(TEXT);
    expect(await readTextFile(await file('plain.csv.gz', TEXT))).toBe(TEXT);
    const members = Buffer.concat([gzipSync(TEXT), gzipSync('b.png,2\n')]);
    expect(await readTextFile(await file('two.csv.gz', members))).toBe(`${TEXT}b.png,2\n`);
    const padded = Buffer.concat([gzipSync(TEXT), Buffer.alloc(512)]);
    expect(await readTextFile(await file('padded.csv.gz', padded))).toBe(TEXT);
  });

  it.each<[string, Uint8Array, RegExp]>([
    [
      'utf16.csv',
      Buffer.from(`\uFEFF${TEXT}`, 'utf16le'),
      /utf16\.csv is UTF-16 text.*Save it as a CSV in UTF-8/,
    ],
    ['utf16be.csv', Buffer.from(`\uFEFF${TEXT}`, 'utf16le').swap16(), /is UTF-16 text/],
    ['utf16-no-mark.csv', Buffer.from(TEXT, 'utf16le'), /is UTF-16 text/],
    ['latin1.csv', Buffer.from(TEXT, 'latin1'), /byte 0xf6 in line 1.*Latin-1/],
    ['table.csv', Buffer.from('PK\x03\x04....'), /ZIP archive or a workbook/],
    ['zeros.csv', Buffer.alloc(100), /zeros\.csv is .*not a CSV/],
    ['cut.csv.gz', gzipSync(TEXT.repeat(50)).subarray(0, 40), /is not readable gzip/],
    ['bomb.csv.gz', gzipSync(Buffer.alloc(20 * 2 ** 20, 44)), /unpacks to more than/],
  ])('%s is refused by name', async (name, content, message) => {
    const path = await file(name, content);
    await expect(readTextFile(path)).rejects.toThrow(DataError);
    await expect(readTextFile(path)).rejects.toThrow(message);
    await expect(readNihTable(path)).rejects.toThrow(message);
  });

  it('without an end are no files', async () => {
    await expect(readTextFile('/dev/zero')).rejects.toThrow(/no regular file/);
  });
});
