/** The sizes on which reduce.ts is checked. */
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { LARGEST, LARGEST_RUNS, largestMagnitudes, reduceSlices, runLength, SLICES } from './reduce.js';
import * as reference from './reduce.reference.js';

const SHAPES: { title: string; x: Shape; race?: boolean }[] = [
  { title: '5 x 7', x: [5, 1, 1, 7] },
  { title: '3 x 68', x: [3, 1, 1, 68] },
  { title: '1 x 13', x: [1, 1, 1, 13] },
  { title: '3x3 growth weights, 16 slices', x: [16, 1, 1, 3 * 3 * 128 * 32], race: true },
];

/** Three layers of 8 floats, the first at 0, the second at 12, the third at 12 + 12 + 4. */
const layered: CheckCase = {
  op: 'reduce.slices',
  title: 'three layers, each in its place',
  variants: Object.keys(SLICES),
  tensors: {
    x: { shape: [5, 1, 1, 24], role: 'input' },
    y: { shape: [1, 1, 1, 40], role: 'inout' },
  },
  record: (plan, t) => reduceSlices(plan, 'check', { x: t.x, y: t.y }, { size: 8, step: 12, growth: 4 }),
  reference: (t) => {
    const sums = reference.reduceSlices(t.x);
    const y = { shape: t.y.shape, data: t.y.data.slice() };
    for (const [layer, start] of [0, 12, 28].entries()) {
      y.data.set(sums.data.subarray(8 * layer, 8 * layer + 8), start);
    }
    return { y };
  },
};

const plain = SHAPES.map(
  ({ title, x, race }): CheckCase => ({
    op: 'reduce.slices',
    title,
    variants: Object.keys(SLICES),
    race,
    tensors: { x: { shape: x, role: 'input' }, y: { shape: [1, 1, 1, x[3]], role: 'output' } },
    record: (plan, t) => reduceSlices(plan, 'check', { x: t.x, y: t.y }),
    reference: (t) => ({ y: reference.reduceSlices(t.x) }),
  }),
);

const NOTABLE = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -3e38, 1e-38];

/** A run that ends short, and runs behind the end. */
const magnitudes = [
  { count: 103, runs: 3 },
  { count: 64, runs: 3 },
  { count: 64, runs: 70 },
  { count: 2_186_240, runs: LARGEST_RUNS.software, race: true },
].map(
  ({ count, runs, race }): CheckCase => ({
    op: 'reduce.largest',
    title: `${count} values, ${runs} runs`,
    variants: Object.keys(LARGEST),
    race,
    tensors: {
      x: {
        shape: [1, 1, 1, count],
        role: 'input',
        fill: (random, i) => NOTABLE[i % 13] ?? random() - 0.5,
      },
      largest: { shape: [1, 1, 1, runs], role: 'output', dtype: 'u32' },
    },
    record: (plan, { x, largest }) => largestMagnitudes(plan, 'check', { x, largest }),
    reference: ({ x }) => ({ largest: reference.largest(x, runLength(count, runs), runs) }),
  }),
);

const checks: CheckCase[] = [...plain, layered, ...magnitudes];

export const operation: Operation = { kernels: [SLICES, LARGEST], checks };
