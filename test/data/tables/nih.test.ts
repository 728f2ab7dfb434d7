import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { parseNihTable } from '../../../src/data/tables/nih.js';

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

  it('is refused with a row of no image, by its line', () => {
    const text = [header, rows[0], ['', ...rows[1].slice(1)]].map((r) => r.join(',')).join('\n');
    expect(() => parseNihTable(text, 'nih.csv')).toThrow(/nih\.csv, line 3, column "Image Index": empty\./);
  });

  it.each(['Hernia|No Finding', 'No Finding | Mass | Edema'])(
    'is refused with %s in one cell, by its line',
    (cell) => {
      const odd = [rows[1][0], cell, ...rows[1].slice(2)];
      const text = [header, rows[0], odd].map((r) => r.join(',')).join('\n');
      expect(() => parseNihTable(text, 'nih.csv')).toThrow(DataError);
      expect(() => parseNihTable(text, 'nih.csv')).toThrow(
        /nih\.csv, line 3, column "Finding Labels": ".*" contradicts itself\. Leave No Finding out/,
      );
    },
  );

  it('is named where a table of labels is wanted', () => {
    const text = [header, ...rows].map((r) => r.join(',')).join('\n');
    expect(() => parseFrame(text, 'nih.csv')).toThrow(/"Image" is missing\. This is NIH's own table/);
  });
});
