import { describe, expect, it } from 'vitest';
import { DataError } from '../../../src/core/errors.js';
import { type Readings, readingsPage } from '../../../src/eval/readings/readingsPage.js';

const READINGS: Readings = {
  network: 'x.h5',
  trust: 'trained on drawings; says nothing of a patient',
  labels: ['Mass', 'Pleural_Thickening'],
  size: 224,
  adapter: 'SwiftShader <fast>',
  madeAt: '2026-11-27T21:00:00.000Z',
  points: {
    rule: "Youden's J",
    images: 600,
    from: 'balanced phantoms',
    points: [
      { label: 'Pleural_Thickening', threshold: 0.25, sensitivity: 1, specificity: 1 },
      { label: 'Mass', threshold: 0.75, sensitivity: 1, specificity: 1 },
    ],
  },
  readings: [
    {
      name: '<b>a</b>.png',
      probabilities: [0.5, 0.5],
      doubts: ['it is in colours'],
      truth: ['Pleural_Thickening'],
      pictures: [{ uri: 'data:image/png;base64,AAAA', caption: 'X-ray "a"' }],
    },
    { name: 'b.png', probabilities: Float32Array.of(0.75, 0), doubts: [], truth: null, pictures: [] },
  ],
};

/** The cells of the tables, row by row. */
const rowsOf = (page: string) =>
  [...page.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, cell]) => cell),
  );

describe('a page of readings', () => {
  const page = readingsPage(READINGS);

  it('gives every probability with its operating point and verdict, the point itself counting as found', () => {
    expect(rowsOf(page).filter(([first]) => first !== 'Finding')).toEqual([
      ['Mass', '0.500', '0.750', 'not found'],
      ['Pleural Thickening', '0.500', '0.250', '<b>found</b>'],
      ['Mass', '0.750', '0.750', '<b>found</b>'],
      ['Pleural Thickening', '0.000', '0.250', 'not found'],
    ]);
    const without = rowsOf(readingsPage({ ...READINGS, points: null }));
    expect(without[1]).toEqual(['Mass', '0.500', '', '']);
  });

  it('says what the network is, what the picture hardly is, and what was drawn', () => {
    expect(page).toContain('trained on drawings; says nothing of a patient');
    expect(page).toContain('This hardly is a frontal chest X-ray: it is in colours.');
    expect(page).toContain('Drawn with: Pleural Thickening.');
    expect(page).toContain('Youden&#39;s J on 600 balanced phantoms');
  });

  it('needs nothing from outside and escapes what it is given', () => {
    expect(page).toContain('&lt;b&gt;a&lt;/b&gt;.png');
    expect(page).toContain('SwiftShader &lt;fast&gt;');
    expect(page).not.toMatch(/<script|<link|@import|https?:/);
    expect(page.match(/(?:src|href)="(?!#|data:image\/)[^"]*"/g)).toBeNull();
    expect(page).toContain("default-src 'none'");
  });

  it('refuses pictures that would be loaded, and rows that do not fit', () => {
    const [first] = READINGS.readings;
    const withOne = (change: object) => readingsPage({ ...READINGS, readings: [{ ...first, ...change }] });
    expect(() => withOne({ pictures: [{ uri: 'https://x.org/a.png', caption: '' }] })).toThrow(DataError);
    expect(() => withOne({ probabilities: [0.1] })).toThrow(DataError);
  });
});
