/** What the bench makes of its measurements, on numbers made by hand. */
import { describe, expect, it } from 'vitest';
import {
  convolutionName,
  convolutionRows,
  costs,
  kernelRows,
  type Measured,
  tileName,
  variantTotals,
} from '../../../bench/kernels/kernelRows.js';
import { fakeProfile } from '../fakeProfile.js';

const PEAKS = { gflops: 100, gbs: 10 };

/** A step: the plan as it is (subgroup, split weights), and the same with naive kernels. */
const AS_IS = fakeProfile([
  {
    op: 'conv.forward',
    variant: 'subgroup',
    shape: '[4,8,8,64] 1x1 -> 128',
    constants: { KERNEL: 1, PIXELS: 8 },
    flops: 1000,
    bytes: 10,
    ns: 20,
  },
  {
    op: 'conv.forward',
    variant: 'subgroup',
    shape: '[4,8,8,64] 1x1 -> 128',
    constants: { KERNEL: 1, PIXELS: 8 },
    flops: 1000,
    bytes: 10,
    ns: 40,
  },
  { op: 'conv.forward', variant: 'scalar', shape: '[4,64,64,3] 7x7/2 -> 64', flops: 1000, bytes: 10, ns: 25 },
  {
    label: 'w',
    op: 'conv.backwardWeights',
    variant: 'subgroup',
    shape: '[4,8,8,64] 1x1 -> 128',
    flops: 1000,
    bytes: 10,
    ns: 50,
  },
  { label: 'w', op: 'reduce.slices', variant: 'tiled', shape: '2 x 9', flops: 1, bytes: 10, ns: 15 },
]);

const NAIVE = fakeProfile([
  { op: 'conv.forward', variant: 'naive', shape: '[4,8,8,64] 1x1 -> 128', flops: 1000, bytes: 10, ns: 100 },
  { op: 'conv.forward', variant: 'naive', shape: '[4,8,8,64] 1x1 -> 128', flops: 1000, bytes: 10, ns: 140 },
  { op: 'conv.forward', variant: 'naive', shape: '[4,64,64,3] 7x7/2 -> 64', flops: 1000, bytes: 10, ns: 20 },
  {
    label: 'w',
    op: 'conv.backwardWeights',
    variant: 'naive',
    shape: '[4,8,8,64] 1x1 -> 128',
    flops: 1000,
    bytes: 10,
    ns: 60,
  },
]);

const AGAIN = fakeProfile([
  {
    op: 'conv.forward',
    variant: 'subgroup',
    shape: '[4,8,8,64] 1x1 -> 128',
    constants: { KERNEL: 1, PIXELS: 8 },
    flops: 1000,
    bytes: 10,
    ns: 50,
  },
  {
    op: 'conv.forward',
    variant: 'subgroup',
    shape: '[4,8,8,64] 1x1 -> 128',
    constants: { KERNEL: 1, PIXELS: 8 },
    flops: 1000,
    bytes: 10,
    ns: 50,
  },
  // A variant that does not take this shape: the plan falls back, which says nothing of it.
  { op: 'conv.forward', variant: 'scalar', shape: '[4,64,64,3] 7x7/2 -> 64', flops: 1000, bytes: 10, ns: 1 },
]);

const MEASURED: Measured[] = [
  { profile: AS_IS, forced: {} },
  { profile: NAIVE, forced: { 'conv.forward': 'naive', 'conv.backwardWeights': 'naive' } },
  { profile: AGAIN, forced: { 'conv.forward': 'subgroup' } },
];

describe('kernel rows', () => {
  it('count a reduction with the kernel that leaves it to be done', () => {
    expect(costs(AS_IS)).toEqual([20, 40, 25, 65, 15]);
  });

  it('put the variants of a shape side by side, the quickest first, the heaviest shapes first', () => {
    const rows = kernelRows(MEASURED, (op) => op.startsWith('conv.'), PEAKS);
    expect(rows.map((r) => [r.op, r.variant, r.shape, r.count, r.ms * 1e6, r.chosen, r.fastest])).toEqual([
      // 30 ns per dispatch in one profile, 50 in another.
      ['conv.forward', 'subgroup', '[4,8,8,64] 1x1 -> 128', 2, 40, true, true],
      ['conv.forward', 'naive', '[4,8,8,64] 1x1 -> 128', 2, 120, false, false],
      ['conv.backwardWeights', 'naive', '[4,8,8,64] 1x1 -> 128', 1, 60, false, true],
      ['conv.backwardWeights', 'subgroup', '[4,8,8,64] 1x1 -> 128', 1, 65, true, false],
      ['conv.forward', 'naive', '[4,64,64,3] 7x7/2 -> 64', 1, 20, false, true],
      ['conv.forward', 'scalar', '[4,64,64,3] 7x7/2 -> 64', 1, 25, true, false],
    ]);
    expect(rows[0]).toMatchObject({ gflops: 25, gbs: 0.25, ofPeak: 0.25, bound: 'compute' });
    // Two profiles 20 apart around 40.
    expect(rows[0].noise).toBe(0.25);
    expect(rows[1].noise).toBeNull();
  });

  it('sum variants over the step', () => {
    const totals = variantTotals(
      kernelRows(MEASURED, (op) => op === 'conv.forward', PEAKS),
      PEAKS,
    );
    expect(
      totals.map((t) => [t.variant, t.shapes, t.count, Math.round(t.ms * 1e6), t.chosen, t.fastest]),
    ).toEqual([
      ['naive', 2, 3, 260, 0, 1],
      ['scalar', 1, 1, 25, 1, 0],
      ['subgroup', 1, 2, 80, 1, 1],
    ]);
    expect(totals[2].ofPeak).toBeCloseTo(20 / 80, 12);
    // On the shapes that both take: each alone, not all of naive's against some of another's.
    expect(totals.map(({ overNaive }) => overNaive)).toEqual(
      [1, 20 / 25, (100 + 140) / (20 + 60)].map((x) => expect.closeTo(x, 9)),
    );
    const fast = kernelRows(MEASURED, (op) => op === 'conv.forward', PEAKS).filter(
      (row) => row.variant !== 'naive',
    );
    expect(variantTotals(fast, PEAKS).every(({ overNaive }) => overNaive === null)).toBe(true);
  });

  it('tell tiles apart by the constants that are no geometry', () => {
    expect(tileName({ KERNEL: 3, PAD: 1, PIXELS: 4, OUT4: 8 })).toBe('PIXELS=4 OUT4=8');
    expect(tileName({ AFFINE: 1, RELU: 0, SIGMOID: 1 })).toBe('');
    const tiles = [4, 8].map(
      (PIXELS): Measured => ({
        profile: fakeProfile([
          { op: 'conv.forward', variant: 'tiled', constants: { PIXELS }, flops: 8, bytes: 8, ns: PIXELS },
        ]),
        forced: PIXELS === 4 ? {} : { 'conv.forward': 'tiled' },
      }),
    );
    const rows = kernelRows(tiles, () => true, PEAKS);
    expect(rows.map(({ tile, chosen }) => [tile, chosen])).toEqual([
      ['PIXELS=4', true],
      ['PIXELS=8', false],
    ]);
  });
});

describe('convolutions over 3 % of the step', () => {
  it('are judged by the best of them', () => {
    const shape = (side: number, ci: number) => `[4,${side},${side},${ci}] 1x1 -> 128`;
    const rows = convolutionRows(
      fakeProfile([
        { op: 'conv.forward', variant: 'a', shape: shape(8, 64), flops: 50_000, ns: 1000 },
        { op: 'conv.forward', variant: 'a', shape: shape(8, 96), flops: 50_000, ns: 1000 },
        { op: 'conv.backwardData', variant: 'a', shape: shape(8, 96), flops: 20_000, ns: 1000 },
        // Best of all, but too small to be judged, or to be the mark.
        { op: 'conv.forward', variant: 'a', shape: shape(2, 64), flops: 4_500, ns: 50 },
        { op: 'batchnorm.statistics', variant: 'a', flops: 100, ns: 7000 },
      ]),
      PEAKS,
    );
    expect(rows.map(({ name, count, ofBest, ok }) => [name, count, ofBest, ok])).toEqual([
      ['conv.forward 1x1 at 8x8', 2, 1, true],
      ['conv.backwardData 1x1 at 8x8', 1, 0.4, false],
    ]);
    expect(rows[0].share).toBeCloseTo(2000 / 10_050, 12);
  });

  it('have names without the channels that grow within a block', () => {
    expect(convolutionName('[4,64,64,3] 7x7/2 -> 64')).toBe('7x7/2 at 64x64');
    expect(convolutionName('6 times [4,16,16,128] 3x3 -> 32')).toBe('3x3 at 16x16');
    expect(convolutionName('something else')).toBe('something else');
  });
});
