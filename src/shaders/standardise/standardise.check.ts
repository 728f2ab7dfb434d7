/** The shapes on which standardise.ts is checked: odd ones, several slices, low contrast, constant images. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { CheckCase, Operation, Shape, TensorSpec } from '../checkCase.js';
import { APPLY, MOMENTS, momentsOf, SQUARES, SUMS, standardise } from './standardise.js';
import * as reference from './standardise.reference.js';

interface Geometry {
  title: string;
  shape: Shape;
  /** Default: 0 to 255. */
  fill?: TensorSpec['fill'];
  race?: boolean;
}

const pixels = (random: () => number) => 255 * random();

const GEOMETRIES: Geometry[] = [
  { title: 'gray, odd', shape: [3, 5, 7, 1] },
  { title: 'RGB, several slices, odd', shape: [2, 23, 31, 3] },
  { title: 'bright, low contrast', shape: [4, 40, 31, 1], fill: (random) => 250 + 0.001 * random() },
  { title: 'constant', shape: [1, 19, 17, 1], fill: () => 201.3 },
  { title: 'gray at 320 px', shape: [4, 320, 320, 1], race: true },
];

function momentsCase(
  op: string,
  variants: string[],
  { title, shape, fill = pixels, race }: Geometry,
): CheckCase {
  const epsilon = 1e-6;
  return {
    op,
    title,
    variants,
    race,
    tensors: {
      x: { shape, role: 'input', fill },
      moments: { shape: [shape[0], 1, 1, 6], role: 'output' },
    },
    record: (plan, { x, moments }) => momentsOf(plan, 'check', { x, moments }, { epsilon }),
    reference: (t) => ({ moments: reference.momentsOf(t.x, epsilon) }),
    tolerance: TOLERANCE.f32Small,
  };
}

function applyCase(
  title: string,
  x: Shape,
  out: 1 | 3,
  within?: TensorSpec['within'],
  race = false,
): CheckCase {
  const shape: Shape = [x[0], x[1], x[2], out];
  return {
    op: 'standardise.apply',
    title,
    variants: Object.keys(APPLY),
    race,
    tensors: {
      x: { shape: x, role: 'input', fill: pixels },
      moments: {
        shape: [x[0], 1, 1, 6],
        role: 'input',
        // Three means about 127, then three scales about 1/60.
        fill: (random, i) => (i % 6 < 3 ? 100 + 50 * random() : 0.01 + 0.01 * random()),
      },
      y: { shape, within, role: 'output' },
    },
    record: (plan, { x, moments, y }) => standardise(plan, 'check', { x, moments, y }),
    reference: (t) => ({ y: reference.standardise(t.x, t.moments, shape) }),
  };
}

const checks: CheckCase[] = [
  ...GEOMETRIES.flatMap((g) => [
    momentsCase('standardise.sums', Object.keys(SUMS), g),
    momentsCase('standardise.squares', Object.keys(SQUARES), g),
    momentsCase('standardise.moments', Object.keys(MOMENTS), g),
  ]),
  applyCase('gray, odd', [3, 5, 7, 1], 3),
  applyCase('RGB, odd', [2, 7, 3, 3], 3),
  applyCase('gray to one channel', [2, 6, 10, 1], 1),
  applyCase('RGB into four channels', [2, 4, 5, 3], 3, { channels: 4, from: 1 }),
  applyCase('gray at 320 px', [4, 320, 320, 1], 3, undefined, true),
];

export const operation: Operation = { kernels: [SUMS, SQUARES, MOMENTS, APPLY], checks };
