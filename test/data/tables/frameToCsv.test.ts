import { expect, it } from 'vitest';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { frameToCsv } from '../../../src/data/tables/frameToCsv.js';
import { CSV_COLUMNS, LABELS } from '../../../src/data/tables/labels.js';

it('writes what the reader of tables reads back, odd names included', () => {
  const images = ['a.png', 'images_001/images/b, "c".png'];
  const labels = Uint8Array.from({ length: 28 }, (_, i) => Number(i % 3 === 0));
  const text = frameToCsv({ images, patientIds: ['7', 'x,y'], classes: LABELS, labels });
  expect(text.split('\n')[0]).toBe(CSV_COLUMNS.join(','));
  expect(parseFrame(text, 'x.csv')).toMatchObject({
    images,
    patientIds: ['7', 'x,y'],
    labels,
    classes: LABELS,
  });
});
