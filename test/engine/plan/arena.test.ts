import { describe, expect, it } from 'vitest';
import { MT19937 } from '../../../src/core/mt19937.js';
import { type Lifetime, packSlots } from '../../../src/engine/plan/arena.js';

const life = (bytes: number, first: number, last: number): Lifetime => ({ bytes, first, last });

describe('packSlots', () => {
  it('lets tensors share a buffer whose lives do not meet', () => {
    expect(packSlots([life(100, 0, 1), life(50, 1, 2), life(80, 2, 3), life(50, 3, 4)])).toEqual([
      { bytes: 100, tenants: [0, 2] },
      { bytes: 50, tenants: [1, 3] },
    ]);
  });

  it('takes the smallest buffer that is free', () => {
    expect(packSlots([life(100, 0, 0), life(60, 0, 0), life(10, 1, 1)])).toEqual([
      { bytes: 100, tenants: [0] },
      { bytes: 60, tenants: [1, 2] },
    ]);
  });

  it('keeps two tensors of one dispatch apart, and needs nothing for none', () => {
    expect(packSlots([life(8, 0, 3), life(8, 3, 5)])).toHaveLength(2);
    expect(packSlots([])).toEqual([]);
  });

  it('places each of many once, where it fits and meets nobody', () => {
    const rng = new MT19937(3);
    const lives = Array.from({ length: 200 }, () => {
      const first = rng.choice(100);
      return life(1 + rng.choice(1000), first, first + rng.choice(10));
    });
    const slots = packSlots(lives);
    expect(slots.flatMap(({ tenants }) => tenants).sort((a, b) => a - b)).toEqual([...lives.keys()]);
    for (const { bytes, tenants } of slots) {
      const sorted = tenants.map((i) => lives[i]).sort((a, b) => a.first - b.first);
      expect(Math.max(...sorted.map((l) => l.bytes))).toBe(bytes);
      for (let i = 1; i < sorted.length; i++) expect(sorted[i].first).toBeGreaterThan(sorted[i - 1].last);
    }
    const sum = (list: readonly { bytes: number }[]) => list.reduce((total, { bytes }) => total + bytes, 0);
    const living = (t: number) => sum(lives.filter(({ first, last }) => first <= t && t <= last));
    const peak = Math.max(...Array.from({ length: 110 }, (_, t) => living(t)));
    expect(sum(slots)).toBeGreaterThanOrEqual(peak);
    expect(sum(slots)).toBeLessThan(sum(lives) / 4);
  });
});
