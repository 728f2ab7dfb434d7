import { describe, expect, it } from 'vitest';
import { checkConfounding, cramersV } from '../../../src/data/checks/confounding.js';
import { parseFrame } from '../../../src/data/tables/csv.js';
import { csvOf, randomRows } from '../../support/files/imageFolder.js';

describe('confounding', () => {
  it("measures Cramér's V", () => {
    const pairs = [...'aaaaaaaabbbbbbbb'].map((value, i) => ({
      value,
      same: value,
      half: i % 8 < 6 ? value : 'ab'[1 - Math.floor(i / 8)],
      none: 'xy'[i % 2],
    }));
    expect(
      cramersV(
        pairs,
        (p) => p.value,
        (p) => p.same,
      ),
    ).toBe(1);
    expect(
      cramersV(
        pairs,
        (p) => p.value,
        (p) => p.half,
      ),
    ).toBeCloseTo(0.5, 12);
    expect(
      cramersV(
        pairs,
        (p) => p.value,
        (p) => p.none,
      ),
    ).toBe(0);
    expect(
      cramersV(
        pairs,
        (p) => p.value,
        () => 'one',
      ),
    ).toBe(0);
  });

  it('is told of a trait that follows the labels, and of no other', () => {
    const rows = randomRows(60, 3).map((row, i) => ({ ...row, positive: i % 2 ? ['Mass'] : [] }));
    const all = parseFrame(csvOf(rows), 'all.csv');
    const trait = (value: (i: number) => string) => new Map(all.images.map((image, i) => [image, value(i)]));
    const findings = checkConfounding(
      { all },
      {
        scanner: trait((i) => (i % 2 ? 'new' : 'old')),
        ward: trait((i) => (i % 4 < 2 ? 'a' : 'b')),
        constant: trait(() => 'one'),
      },
    );
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ kind: 'confounded-labels', splits: ['all'] });
    expect(findings[0].items).toEqual(['any finding', 'Mass']);
    expect(findings[0].message).toMatch(/scanner \(Cramér's V: any finding 1\.00, Mass 1\.00\)/);
  });

  it('is not looked for among few images', () => {
    const few = parseFrame(csvOf(randomRows(49, 3)), 'few.csv');
    const scanner = new Map(few.images.map((image, i) => [image, few.labels[14 * i] ? 'new' : 'old']));
    expect(checkConfounding({ few }, { scanner })).toEqual([]);
  });
});
