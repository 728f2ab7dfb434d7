/** Expected numbers: NumPy's own RandomState (legacy), and the vectors of the Keras specification. */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../src/core/errors.js';
import { MT19937 } from '../../src/core/mt19937.js';

describe('MT19937 equals NumPy RandomState', () => {
  it('gives the words past the first refill', () => {
    const rng = new MT19937(12345);
    for (let i = 0; i < 697; i++) rng.next32();
    expect([rng.next32(), rng.next32(), rng.next32()]).toEqual([2921731986, 2234739032, 2783036080]);
  });

  it.each([
    [1, [2, 9, 6, 4, 0, 3, 1, 7, 8, 5]],
    [2, [4, 1, 5, 0, 7, 2, 3, 6, 9, 8]],
    [3, [5, 4, 1, 2, 9, 6, 7, 0, 3, 8]],
  ])('permutation(10) of seed %i', (seed, order) => {
    expect([...new MT19937(seed).permutation(10)]).toEqual(order);
  });

  it('permutes 1000 and 875 as the notebook saw them', () => {
    expect([...new MT19937(1).permutation(1000).subarray(0, 8)]).toEqual([
      507, 818, 452, 368, 242, 929, 262, 810,
    ]);
    expect([...new MT19937(1).permutation(875).subarray(0, 8)]).toEqual([
      523, 732, 180, 185, 435, 34, 73, 59,
    ]);
  });

  it('permutes 100,000 without a bias of its own', () => {
    const order = new MT19937(9).permutation(100_000);
    let sum = 0;
    order.forEach((value, i) => {
      sum += (value * i) % 1000003;
    });
    expect(sum).toBe(50036750661);
  });

  it('draws doubles after a permutation, and from the largest seed', () => {
    const rng = new MT19937(1);
    rng.permutation(10);
    expect(rng.random()).toBe(0.3879107411620074);
    expect(rng.uniform(-3, 5)).toBe(2.35796829442784);
    const last = new MT19937(4294967295);
    for (let i = 0; i < 398; i++) last.random();
    expect([last.random(), last.random()]).toEqual([0.12249680969681587, 0.3724940797862142]);
    expect(Array.from({ length: 12 }, () => last.choice(7))).toEqual([0, 2, 4, 0, 4, 5, 3, 6, 2, 2, 3, 0]);
  });

  it('goes on from a state or a clone', () => {
    const rng = new MT19937(77);
    for (let i = 0; i < 1001; i++) rng.next32();
    const twin = rng.clone();
    const other = new MT19937(5);
    other.setState(rng.getState());
    const words = Array.from({ length: 1300 }, () => rng.next32());
    expect(Array.from({ length: 1300 }, () => twin.next32())).toEqual(words);
    expect(Array.from({ length: 1300 }, () => other.next32())).toEqual(words);
  });

  it('refuses seeds and ranges that NumPy refuses', () => {
    for (const seed of [-1, 1.5, 4294967296, Number.NaN]) expect(() => new MT19937(seed)).toThrow(UsageError);
    expect(() => new MT19937(1).choice(0)).toThrow(/Cannot choose/);
  });

  it('starts two unseeded generators differently', () => {
    const a = MT19937.fromEntropy();
    const b = MT19937.fromEntropy();
    expect([a.next32(), a.next32()]).not.toEqual([b.next32(), b.next32()]);
  });
});
