import { describe, expect, it } from 'vitest';
import { checkReference } from '../../../src/data/checks/checkReference.js';
import type { Frame } from '../../../src/data/tables/frame.js';

const frame = (file: string, images: string[], patientIds: string[], labels: number[]): Frame => ({
  file,
  images,
  patientIds,
  classes: ['Mass', 'Hernia'],
  labels: Uint8Array.from(labels),
  lines: images.map((_, i) => i + 2),
});
const NIH = frame('nih.csv', ['1.png', '2.png', '3.png'], ['1', '2', '3'], [1, 0, 0, 0, 0, 1]);

describe('rows beside the table of NIH', () => {
  it('are found under other folders and endings, and told apart where they differ', () => {
    const train = frame(
      't.csv',
      ['x/1.jpg', 'y\\2.png', '3', '4.png'],
      ['1', '7', '3', '4'],
      [1, 0, 0, 0, 1, 1, 0, 0],
    );
    const findings = checkReference({ train }, { frame: NIH, officialTest: new Set(['1.png']) });
    expect(findings.map(({ severity, kind, items }) => [severity, kind, items])).toEqual([
      ['warning', 'labels-differ-from-nih', ['3']],
      ['error', 'patient-differs-from-nih', ['y\\2.png']],
      ['info', 'not-in-nih', ['4.png']],
      ['info', 'official-test-images', ['x/1.jpg']],
    ]);
    expect(findings[0].message).toBe(
      'train: 1 row with other labels than nih.csv (3: Mass|Hernia here, Hernia there).',
    );
  });

  it('of a test split may be on the list of tests; rows that are nowhere are of another set', () => {
    const reference = { frame: NIH, officialTest: new Set(['1.png']) };
    expect(checkReference({ test: frame('t.csv', ['1.png'], ['1'], [1, 0]) }, reference)).toEqual([]);
    expect(checkReference({ train: frame('t.csv', ['9.png'], ['9'], [0, 0]) }, reference)).toEqual([]);
  });
});
