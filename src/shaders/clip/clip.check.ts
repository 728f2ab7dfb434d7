/**
 * The cases on which clip.ts is checked: with and without a tail after the last four, runs that end short, and runs of
 * odd lengths with gaps between them.
 */
import { FLOAT32_MOST } from '../../core/arguments.js';
import type { CheckCase, Operation, Shape, TensorSpec } from '../checkCase.js';
import {
  CLIP,
  clipGradient,
  RUN_SQUARES,
  SCALE_RUNS,
  SQUARES,
  SQUARES_RUN,
  scaleRuns,
  squaresRuns,
  sumsOfRuns,
  sumsOfSquares,
} from './clip.js';
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

/** Runs of `length` values, each behind a gap. */
const IN_RUNS: { runs: number; length: number; gap: number; race?: boolean }[] = [
  { runs: 1, length: 3, gap: 0 },
  { runs: 67, length: 5, gap: 2 },
  { runs: 2, length: SQUARES_RUN, gap: 33 },
  { runs: 533, length: SQUARES_RUN, gap: 0, race: true },
];

const inRuns = IN_RUNS.flatMap(({ runs, length, gap, race }): CheckCase[] => {
  const each = gap + length;
  const values: Shape = [1, 1, 1, runs * each + gap];
  const perRun: Shape = [1, 1, 1, runs];
  const bounds: TensorSpec = {
    shape: [1, 1, 1, 2 * runs],
    role: 'input',
    dtype: 'u32',
    fill: (_, i) => Math.floor(i / 2) * each + (i % 2 === 0 ? gap : each),
  };
  const title = `${runs} runs of ${length} values`;
  return [
    {
      op: 'clip.runSquares',
      title,
      variants: Object.keys(RUN_SQUARES),
      race,
      tensors: {
        x: { shape: values, role: 'input' },
        runs: bounds,
        sums: { shape: perRun, role: 'output' },
      },
      record: (plan, t) => sumsOfRuns(plan, 'check', { x: t.x, runs: t.runs, sums: t.sums }),
      reference: (t) => ({ sums: reference.sumsOfRuns(t.x, t.runs) }),
    },
    {
      op: 'clip.scaleRuns',
      title,
      variants: Object.keys(SCALE_RUNS),
      race,
      tensors: {
        gradient: { shape: values, role: 'inout' },
        runs: bounds,
        factors: { shape: perRun, role: 'input' },
      },
      record: (plan, t) =>
        scaleRuns(plan, 'check', { gradient: t.gradient, runs: t.runs, factors: t.factors }),
      reference: (t) => ({ gradient: reference.scaleRuns(t.gradient, t.runs, t.factors) }),
    },
  ];
});

export const operation: Operation = {
  kernels: [CLIP, SQUARES, RUN_SQUARES, SCALE_RUNS],
  checks: [...clipped, ...summed, ...inRuns],
};
