/** The shapes on which batchnorm.ts is checked: odd sizes, channel slices, one pixel, many slices. */
import { TOLERANCE } from '../../engine/tolerance.js';
import type { CheckCase, Dense, Shape, TensorSpec } from '../check.js';
import {
  BACKWARD_APPLY,
  BACKWARD_REDUCE,
  backwardApply,
  backwardReduce,
  batchStatistics,
  mergeStatistics,
  movingVarianceFactor,
  PREPARE_INFERENCE,
  PREPARE_TRAINING,
  prepareInference,
  prepareTraining,
  STATISTICS,
  STATISTICS_MERGE,
} from './batchnorm.js';
import * as reference from './batchnorm.reference.js';

const EPSILON = 1.001e-5;

interface Geometry {
  title: string;
  x: Shape;
  wide?: { channels: number; from: number };
  race?: boolean;
}

const GEOMETRIES: Geometry[] = [
  { title: 'odd channels', x: [3, 5, 7, 13] },
  { title: 'slice of a block', x: [2, 9, 5, 32], wide: { channels: 112, from: 64 } },
  { title: 'long', x: [3, 37, 41, 8] },
  { title: 'few pixels', x: [1, 1, 3, 20] },
  { title: 'bottleneck of block 1 at 64 px', x: [4, 16, 16, 128], race: true },
];

/** Away from zero mean and unit variance, so that a formula that forgets either is caught. */
const activations: TensorSpec['fill'] = (random) => 3 * random() - 0.5;
/** mean in [-1,1), variance in [0.1,1.1): a sensible [mean | variance] pair. */
const pair =
  (c: number): TensorSpec['fill'] =>
  (random, i) =>
    i < c ? 2 * random() - 1 : 0.1 + random();

const pairSpec = (c: number, wide?: Geometry['wide']): TensorSpec => ({
  shape: [1, 1, 2, c],
  role: 'input',
  within: wide,
  fill: pair(c),
});

const statistics = GEOMETRIES.map(
  ({ title, x, wide, race }): CheckCase => ({
    op: 'batchnorm.statistics',
    title,
    variants: Object.keys(STATISTICS),
    race,
    tensors: {
      x: { shape: x, role: 'input', within: wide, fill: activations },
      stats: { shape: [1, 1, 2, x[3]], role: 'output', within: wide },
    },
    record: (plan, t) => batchStatistics(plan, 'check', { x: t.x, stats: t.stats }),
    reference: (t) => ({ stats: reference.batchStatistics(t.x) }),
  }),
);

/** Slices of 4 pixels of a batch of 18: the last slice is shorter. */
const merge = [7, 24].map((c): CheckCase => {
  const slices = 5;
  return {
    op: 'batchnorm.statisticsMerge',
    title: `${c} channels, last slice short`,
    variants: Object.keys(STATISTICS_MERGE),
    tensors: {
      parts: { shape: [slices, 1, 2, c], role: 'input', fill: (random) => 2 * random() },
      stats: { shape: [1, 1, 2, c], role: 'output', within: { channels: c + 8, from: 4 } },
    },
    record: (plan, t) =>
      mergeStatistics(plan, 'check', { parts: t.parts, stats: t.stats }, { pixels: 18, pixelsPerSlice: 4 }),
    reference: ({ parts }) => ({ stats: mergedBySums(parts, [4, 4, 4, 4, 2]) }),
  };
});

/** The same by the definition: sums and sums of squares of all slices, then mean and variance. */
function mergedBySums(parts: Dense, counts: number[]): Dense {
  const c = parts.shape[3];
  const n = counts.reduce((a, b) => a + b, 0);
  const data = new Float64Array(2 * c);
  for (let i = 0; i < c; i++) {
    let sum = 0;
    let squares = 0;
    counts.forEach((count, s) => {
      const mean = parts.data[2 * s * c + i];
      sum += count * mean;
      squares += parts.data[(2 * s + 1) * c + i] + count * mean * mean;
    });
    data[i] = sum / n;
    data[c + i] = squares / n - (sum / n) ** 2;
  }
  return { shape: [1, 1, 2, c], data };
}

const training = GEOMETRIES.filter((g) => !g.race).map(({ title, x, wide }): CheckCase => {
  const c = x[3];
  const n = x[0] * x[1] * x[2];
  const options = { n, epsilon: EPSILON, momentum: 0.9, rule: 'keras2.3' as const };
  return {
    op: 'batchnorm.prepareTraining',
    title,
    variants: Object.keys(PREPARE_TRAINING),
    tensors: {
      stats: pairSpec(c, wide),
      gammaBeta: { shape: [1, 1, 2, c], role: 'input' },
      moving: { ...pairSpec(c), role: 'inout' },
      affine: { shape: [1, 1, 2, c], role: 'output' },
    },
    record: (plan, t) =>
      prepareTraining(
        plan,
        'check',
        { stats: t.stats, gammaBeta: t.gammaBeta, moving: t.moving, affine: t.affine },
        options,
      ),
    reference: (t) => ({
      affine: reference.affineOf(t.stats, t.gammaBeta, EPSILON),
      moving: reference.movingStep(t.moving, t.stats, 0.9, movingVarianceFactor('keras2.3', n, EPSILON)),
    }),
  };
});

const inference = [13, 64].map(
  (c): CheckCase => ({
    op: 'batchnorm.prepareInference',
    title: `${c} channels`,
    variants: Object.keys(PREPARE_INFERENCE),
    tensors: {
      moving: pairSpec(c),
      gammaBeta: { shape: [1, 1, 2, c], role: 'input' },
      affine: { shape: [1, 1, 2, c], role: 'output' },
    },
    record: (plan, t) =>
      prepareInference(
        plan,
        'check',
        { moving: t.moving, gammaBeta: t.gammaBeta, affine: t.affine },
        { epsilon: EPSILON },
      ),
    reference: (t) => ({ affine: reference.affineOf(t.moving, t.gammaBeta, EPSILON) }),
  }),
);

const WITH_AND_WITHOUT_RELU = [
  ...GEOMETRIES.map((g) => ({ ...g, relu: true })),
  ...GEOMETRIES.slice(0, 2).map((g) => ({ ...g, title: `${g.title}, no ReLU`, relu: false })),
];

const reduce = WITH_AND_WITHOUT_RELU.map(({ title, x, wide, race, relu }): CheckCase => {
  const c = x[3];
  return {
    op: 'batchnorm.backwardReduce',
    title,
    variants: Object.keys(BACKWARD_REDUCE),
    race,
    tensors: {
      x: { shape: x, role: 'input', within: wide, fill: activations },
      da: { shape: x, role: 'input' },
      affine: { shape: [1, 1, 2, c], role: 'input' },
      stats: pairSpec(c, wide),
      dgammaBeta: { shape: [1, 1, 2, c], role: 'output' },
    },
    tolerance: TOLERANCE.f32LongSum,
    record: (plan, t) =>
      backwardReduce(
        plan,
        'check',
        { x: t.x, da: t.da, affine: t.affine, stats: t.stats, dgammaBeta: t.dgammaBeta },
        { epsilon: EPSILON, relu },
      ),
    reference: (t) => ({ dgammaBeta: reference.backwardReduce(t.x, t.da, t.affine, t.stats, EPSILON, relu) }),
  };
});

const apply = WITH_AND_WITHOUT_RELU.flatMap(({ title, x, wide, race, relu }) =>
  [false, true].map((accumulate): CheckCase => {
    const c = x[3];
    return {
      op: 'batchnorm.backwardApply',
      title: `${title}${accumulate ? ', accumulating' : ''}`,
      variants: Object.keys(BACKWARD_APPLY),
      race,
      tensors: {
        x: { shape: x, role: 'input', within: wide, fill: activations },
        da: { shape: x, role: 'input' },
        affine: { shape: [1, 1, 2, c], role: 'input' },
        stats: pairSpec(c, wide),
        dgammaBeta: { shape: [1, 1, 2, c], role: 'input' },
        dx: { shape: x, role: accumulate ? 'inout' : 'output', within: wide },
      },
      record: (plan, t) =>
        backwardApply(
          plan,
          'check',
          { x: t.x, da: t.da, affine: t.affine, stats: t.stats, dgammaBeta: t.dgammaBeta, dx: t.dx },
          { epsilon: EPSILON, accumulate, relu },
        ),
      reference: (t) => {
        const dx = reference.backwardApply(t.x, t.da, t.affine, t.stats, t.dgammaBeta, EPSILON, relu);
        if (accumulate) for (let i = 0; i < dx.data.length; i++) dx.data[i] += t.dx.data[i];
        return { dx };
      },
    };
  }),
);

export const checks: CheckCase[] = [...statistics, ...merge, ...training, ...inference, ...reduce, ...apply];
