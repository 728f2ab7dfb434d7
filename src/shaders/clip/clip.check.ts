/** The cases on which clip.ts is checked: with and without a tail after the last four, runs that end short. */
import { FLOAT32_MOST } from '../../core/arguments.js';
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { CLIP, clipGradient, SQUARES, SQUARES_RUN, squaresRuns, sumsOfSquares } from './clip.js';
import * as reference from './clip.reference.js';

const CLIPPED: { title: string; size: number; factor: number; limit: number; race?: boolean }[] = [
  { title: '103 parameters, by value', size: 103, factor: 1, limit: 0.25 },
  { title: '102 parameters, by norm', size: 102, factor: 0.125, limit: FLOAT32_MOST },
  { title: '3 parameters, nothing left', size: 3, factor: 1, limit: 0 },
  { title: 'block 4 of DenseNet121', size: 2_186_240, factor: 0.5, limit: 0.25, race: true },
];

const clipped = CLIPPED.map(({ title, size, factor, limit, race }): CheckCase => {
  const shape: Shape = [1, 1, 1, size];
  const bounds = [factor, limit, 0, 0];
  return {
    op: 'clip.step',
    title,
    variants: Object.keys(CLIP),
    race,
    tensors: {
      gradient: { shape, role: 'inout' },
      bounds: { shape: [1, 1, 1, 4], role: 'input', fill: (_, i) => bounds[i] },
    },
    record: (plan, t) => clipGradient(plan, 'check', { gradient: t.gradient, bounds: t.bounds }),
    reference: (t) => ({ gradient: reference.clipGradient(t.gradient, t.bounds) }),
  };
});

const SUMMED: { count: number; race?: boolean }[] = [
  { count: 3 },
  { count: 1028 },
  { count: 2 * SQUARES_RUN + 7 },
  { count: 2_186_240, race: true },
];

const summed = SUMMED.map(
  ({ count, race }): CheckCase => ({
    op: 'clip.squares',
    title: `${count} values`,
    variants: Object.keys(SQUARES),
    race,
    tensors: {
      x: { shape: [1, 1, 1, count], role: 'input' },
      sums: { shape: [1, 1, 1, squaresRuns(count)], role: 'output' },
    },
    record: (plan, { x, sums }) => sumsOfSquares(plan, 'check', { x, sums }),
    reference: ({ x }) => ({ sums: reference.sumsOfSquares(x, SQUARES_RUN) }),
  }),
);

export const operation: Operation = { kernels: [CLIP, SQUARES], checks: [...clipped, ...summed] };
