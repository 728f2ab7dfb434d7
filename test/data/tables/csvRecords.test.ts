import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { parseCsv, parseFrame } from '../../../src/data/tables/csv.js';
import { cellNumber } from '../../../src/data/tables/csvCells.js';
import { CSV_COLUMNS } from '../../../src/data/tables/labels.js';
import { readPatientId } from '../../../src/data/tables/patients.js';

const cells = (text: string) => parseCsv(text, 't.csv').rows;

function caught(work: () => unknown): { error: unknown } {
  try {
    work();
  } catch (error) {
    return { error };
  }
  return { error: undefined };
}

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
