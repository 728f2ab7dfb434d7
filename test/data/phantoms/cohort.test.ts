import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import {
  BALANCED_FREQUENCY,
  makeCohort,
  NOTEBOOK_FREQUENCIES,
  type PhantomSpec,
  SPLITS,
} from '../../../src/data/phantoms/index.js';
import { LABELS } from '../../../src/data/tables/labels.js';

describe('makeCohort', () => {
  it('gives the same plan for the same seed and another for another seed', () => {
    const a = makeCohort({ images: 60, seed: 5 });
    expect(makeCohort({ images: 60, seed: 5 })).toEqual(a);
    expect(makeCohort({ images: 60, seed: 6 })).not.toEqual(a);
    expect(a).toHaveLength(60);
    expect(new Set(a.map((s) => s.image)).size).toBe(60);
  });

  it('keeps image i whatever the number of images, but for its split', () => {
    const without = (specs: PhantomSpec[]): unknown[] => specs.map(({ split: _, ...rest }) => rest);
    const long = without(makeCohort({ images: 90, seed: 3 }));
    expect(without(makeCohort({ images: 40, seed: 3 }))).toEqual(long.slice(0, 40));
  });

  it('has the notebook frequencies', () => {
    const images = 4000;
    const specs = makeCohort({ images, seed: 1 });
    LABELS.forEach((label, k) => {
      const found = specs.filter((s) => s.labels[k] === 1).length / images;
      const f = NOTEBOOK_FREQUENCIES[k];
      // Visits of one patient hang together: allow for at most 4 equal ones.
      expect(Math.abs(found - f), label).toBeLessThan(4 * Math.sqrt((4 * f * (1 - f)) / images));
    });
    expect(NOTEBOOK_FREQUENCIES.reduce((a, b) => a + b, 0)).toBeCloseTo(0.675, 12);
  });

  it('has every finding equally often when balanced, and healthy patients too', () => {
    const images = 1500;
    const specs = makeCohort({ images, seed: 2, balanced: true });
    LABELS.forEach((label, k) => {
      const found = specs.filter((s) => s.labels[k] === 1).length / images;
      expect(Math.abs(found - BALANCED_FREQUENCY), label).toBeLessThan(0.05);
    });
    const none = specs.filter((s) => s.findings.length === 0).length / images;
    expect(none).toBeGreaterThan(0.15);
    expect(none).toBeLessThan(0.35);
  });

  it('labels exactly what it draws', () => {
    for (const spec of makeCohort({ images: 200, seed: 8, balanced: true })) {
      const named = LABELS.map((label) => (spec.findings.some((f) => f.label === label) ? 1 : 0));
      expect(spec.labels).toEqual(named);
    }
  });

  it('gives a patient one anatomy, and findings that stay where they were', () => {
    const specs = makeCohort({ images: 400, seed: 4, balanced: true });
    let stayed = 0;
    let resolved = 0;
    for (let i = 1; i < specs.length; i++) {
      const [before, now] = [specs[i - 1], specs[i]];
      if (before.patientId !== now.patientId) continue;
      expect(now.anatomy).toEqual(before.anatomy);
      expect(now.visit).not.toEqual(before.visit);
      for (const old of before.findings) {
        const same = now.findings.find((f) => f.label === old.label);
        if (!same) resolved++;
        else {
          stayed++;
          expect([same.side, same.t, same.q, same.seed]).toEqual([old.side, old.t, old.q, old.seed]);
        }
      }
    }
    expect(stayed).toBeGreaterThan(100);
    expect(resolved).toBeGreaterThan(50);
  });

  it('splits by patient, none empty, about 60/15/25', () => {
    for (const images of [3, 4, 7, 10, 60, 500]) {
      const specs = makeCohort({ images, seed: images });
      const of = new Map<number, string>();
      for (const s of specs) {
        expect(of.get(s.patientId) ?? s.split).toBe(s.split);
        of.set(s.patientId, s.split);
      }
      expect(new Set(of.values()).size).toBe(3);
    }
    const specs = makeCohort({ images: 500, seed: 9 });
    const share = SPLITS.map((split) => specs.filter((s) => s.split === split).length / 500);
    expect(share[0]).toBeCloseTo(0.6, 1);
    expect(share[1]).toBeCloseTo(0.15, 1);
    expect(share[2]).toBeCloseTo(0.25, 1);
  });

  it('shows every class both ways in the splits of a small balanced cohort', () => {
    for (const seed of [1, 2, 3]) {
      const specs = makeCohort({ images: 96, seed, balanced: true });
      for (const split of ['train', 'test']) {
        const rows = specs.filter((s) => s.split === split);
        LABELS.forEach((label, k) => {
          expect(new Set(rows.map((s) => s.labels[k])).size, `${split} ${label}`).toBe(2);
        });
      }
    }
  });

  it('refuses too few images and bad seeds', () => {
    expect(() => makeCohort({ images: 2, seed: 1 })).toThrow(UsageError);
    expect(() => makeCohort({ images: 10.5, seed: 1 })).toThrow(/at least 3/);
    expect(() => makeCohort({ images: 10, seed: -1 })).toThrow(UsageError);
    expect(() => makeCohort({ images: 10, seed: 1, maxVisits: 0 })).toThrow(UsageError);
  });
});
