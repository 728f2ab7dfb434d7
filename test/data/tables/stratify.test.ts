import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import { groupRows, stratify } from '../../../src/data/tables/stratify.js';

/** 3,000 patients with 1 to 5 images each and labels as rare as NIH's. */
function cohort(seed: number) {
  const rng = new MT19937(seed);
  const rates = [0.2, 0.1, 0.05, 0.01, 0.002];
  const ids: string[] = [];
  const labels: number[] = [];
  for (let patient = 0; patient < 3000; patient++) {
    for (let visit = 0; visit <= rng.choice(5); visit++) {
      ids.push(`p${patient}`);
      for (const rate of rates) labels.push(Number(rng.random() < rate));
    }
  }
  return { ids, labels, classes: rates.length };
}

const integers = (seed: number) => {
  const rng = new MT19937(seed);
  return (below: number) => rng.choice(below);
};

describe('groupRows', () => {
  it('counts images and positives of each, in the order of the first rows; unknown labels count as none', () => {
    expect(groupRows(['b', 'a', 'b'], [1, 0, Number.NaN, 1, 1, 1], 2)).toEqual([
      { id: 'b', images: 2, positives: [2, 1] },
      { id: 'a', images: 1, positives: [0, 1] },
    ]);
  });
});

describe('stratify', () => {
  it('gives every split its share of the images and of every label, to a few rows', () => {
    const { ids, labels, classes } = cohort(1);
    const groups = groupRows(ids, labels, classes);
    const shares = [0.7, 0.1, 0.2];
    const split = stratify(groups, shares, integers(1));
    expect(split.size).toBe(3000);
    for (const [s, share] of shares.entries()) {
      const own = groups.filter(({ id }) => split.get(id) === s);
      const sum = (of: (group: (typeof own)[number]) => number, among: typeof own) =>
        among.reduce((total, group) => total + of(group), 0);
      expect(sum((g) => g.images, own) / ids.length).toBeCloseTo(share, 2);
      for (let c = 0; c < classes; c++) {
        const wanted = share * sum((g) => g.positives[c], groups);
        expect(Math.abs(sum((g) => g.positives[c], own) - wanted)).toBeLessThan(Math.max(3, 0.03 * wanted));
      }
    }
  });

  it('is decided by the random numbers', () => {
    const { ids, labels, classes } = cohort(2);
    const groups = groupRows(ids, labels, classes);
    const of = (seed: number) => [...stratify(groups, [0.5, 0.5], integers(seed))].sort();
    expect(of(3)).toEqual(of(3));
    expect(of(3)).not.toEqual(of(4));
  });

  it('leaves none empty where there are enough, and takes no last one away', () => {
    const patients = (n: number) =>
      groupRows(
        Array.from({ length: n }, (_, i) => i),
        new Uint8Array(n),
        1,
      );
    const counts = (n: number, shares: number[]) => {
      const splits = [...stratify(patients(n), shares, integers(1)).values()];
      return shares.map((_, s) => splits.filter((of) => of === s).length);
    };
    expect(counts(3, [0.98, 0.01, 0.01])).toEqual([1, 1, 1]);
    expect(counts(2, [0.4, 0.3, 0.3]).sort()).toEqual([0, 1, 1]);
    expect(counts(0, [0.5, 0.5])).toEqual([0, 0]);
  });
});
