/** The shapes on which batchnorm.ts is checked: odd sizes, channel slices, one pixel, many slices. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { CheckCase, Dense, Operation, Shape, TensorSpec } from '../checkCase.js';
import {
  BACKWARD_APPLY,
  BACKWARD_FINALISE,
  backwardApply,
  backwardFinalise,
  batchStatistics,
  movingVarianceFactor,
  PREPARE_INFERENCE,
  PREPARE_TRAINING,
  prepareInference,
  prepareTraining,
  RELU_BACKWARD_AND_SUMS,
  reluBackwardAndSums,
  STATISTICS,
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

const training = (n: number) => ({ n, epsilon: EPSILON, momentum: 0.9, rule: 'keras2.3' as const });

/** What `prepareTraining` makes of statistics. */
function prepared(stats: Dense, t: Record<string, Dense>, n: number) {
  return {
    stats,
    affine: reference.affineOf(stats, t.gammaBeta, EPSILON),
    moving: reference.movingStep(t.moving, stats, 0.9, movingVarianceFactor('keras2.3', n, EPSILON)),
  };
}

const preparedTensors = (c: number): Record<string, TensorSpec> => ({
  gammaBeta: { shape: [1, 1, 2, c], role: 'input' },
  moving: { ...pairSpec(c), role: 'inout' },
  affine: { shape: [1, 1, 2, c], role: 'output' },
});

/** Slices of a map, joined again: the way of a freshly produced map. */
const statistics = GEOMETRIES.map(({ title, x, wide, race }): CheckCase => {
  const c = x[3];
  const n = x[0] * x[1] * x[2];
  return {
    op: 'batchnorm.statistics',
    title,
    variants: Object.keys(STATISTICS),
    race,
    tensors: {
      x: { shape: x, role: 'input', within: wide, fill: activations },
      stats: { shape: [1, 1, 2, c], role: 'output', within: wide },
      ...preparedTensors(c),
    },
    record: (plan, { x, stats, gammaBeta, moving, affine }) => {
      const fresh = batchStatistics(plan, 'check', x);
      prepareTraining(plan, 'check', { fresh, stats, gammaBeta, moving, affine }, training(n));
    },
    reference: (t) => prepared(reference.batchStatistics(t.x), t, n),
  };
});

/** Slices of 4 pixels of a batch of 18, the last one shorter; the first channels have their statistics already. */
const prepare = [
  { c: 7, known: 0 },
  { c: 24, known: 0 },
  { c: 24, known: 20 },
  { c: 24, known: 24 },
  { c: 13, known: 9 },
].map(({ c, known }): CheckCase => {
  const counts = [4, 4, 4, 4, 2];
  const fresh = c - known;
  return {
    op: 'batchnorm.prepareTraining',
    title: `${c} channels, ${known} known`,
    variants: Object.keys(PREPARE_TRAINING),
    tensors: {
      ...(fresh > 0 && {
        parts: {
          shape: [counts.length, 1, 2, fresh],
          role: 'input' as const,
          fill: (random) => 2 * random(),
        },
      }),
      stats: { ...pairSpec(c, { channels: c + 8, from: 4 }), role: 'inout' },
      ...preparedTensors(c),
    },
    record: (plan, { parts, stats, gammaBeta, moving, affine }) =>
      prepareTraining(
        plan,
        'check',
        { fresh: parts && { parts, pixelsPerSlice: 4 }, stats, gammaBeta, moving, affine },
        training(18),
      ),
    reference: (t) => {
      const stats: Dense = { shape: t.stats.shape, data: t.stats.data.slice() };
      if (t.parts) {
        const joined = mergedBySums(t.parts, counts);
        stats.data.set(joined.data.subarray(0, fresh), known);
        stats.data.set(joined.data.subarray(fresh), c + known);
      }
      return prepared(stats, t, 18);
    },
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

interface Backward extends Geometry {
  relu?: boolean;
  /** Averages over windows stand behind the ReLU: height and width of da. */
  pooled?: [number, number];
}

const BACKWARDS: Backward[] = [
  ...GEOMETRIES,
  ...GEOMETRIES.slice(0, 2).map((g) => ({ ...g, title: `${g.title}, no ReLU`, relu: false })),
  { title: '2x2 averages', x: [3, 6, 4, 16], pooled: [3, 2] },
  { title: '2x2 averages, odd channels', x: [2, 4, 8, 5], pooled: [2, 4] },
  { title: 'average of all', x: [3, 5, 7, 12], pooled: [1, 1] },
];

function backwardTensors({ x, wide, pooled }: Backward): Record<string, TensorSpec> {
  const c = x[3];
  return {
    x: { shape: x, role: 'input', within: wide, fill: activations },
    da: { shape: pooled ? [x[0], ...pooled, c] : x, role: 'input' },
    affine: { shape: [1, 1, 2, c], role: 'input' },
    stats: pairSpec(c, wide),
    dgammaBeta: { shape: [1, 1, 2, c], role: 'output' },
  };
}

/** Both halves for a map with one reader. */
const apply = (['batchnorm.reluBackwardAndSums', 'batchnorm.backwardApply'] as const).flatMap((op) =>
  BACKWARDS.map((g): CheckCase => {
    const { title, x, wide, race, relu } = g;
    const variants = op === 'batchnorm.reluBackwardAndSums' ? RELU_BACKWARD_AND_SUMS : BACKWARD_APPLY;
    return {
      op,
      title,
      variants: Object.keys(variants),
      race: op === 'batchnorm.backwardApply' && race,
      tensors: {
        ...backwardTensors(g),
        dz: { shape: x, role: 'output' },
        dx: { shape: x, role: 'output', within: wide },
      },
      tolerance: TOLERANCE.f32LongSum,
      record: (plan, { x, da, affine, stats, dz, dgammaBeta, dx }) => {
        const options = { epsilon: EPSILON, mode: 'gradient', relu } as const;
        const parts = reluBackwardAndSums(plan, 'check', { x, affine, stats, da, dx: dz }, options);
        backwardApply(plan, 'check', { x, affine, stats, dz, parts, dgammaBeta, dx }, options);
      },
      reference: ({ da, ...t }) => {
        const norm = { x: t.x, affine: t.affine, stats: t.stats, epsilon: EPSILON };
        return { dz: reference.reluBackward(norm, da, relu), ...reference.batchnormBackward(norm, da, relu) };
      },
    };
  }),
);

/** Both halves for one reader of a block, the first one and a later one; its last quarter of channels ends. */
const finalise = (['batchnorm.reluBackwardAndSums', 'batchnorm.backwardFinalise'] as const).flatMap((op) =>
  BACKWARDS.flatMap((g) =>
    [true, false].map((first): CheckCase => {
      const { title, x, wide, race, relu } = g;
      const c = x[3];
      const done = c - Math.max(4, 4 * Math.floor(c / 16));
      const role = first ? 'output' : 'inout';
      return {
        op,
        title: `${title}, ${first ? 'first' : 'later'} reader`,
        variants: Object.keys(
          op === 'batchnorm.reluBackwardAndSums' ? RELU_BACKWARD_AND_SUMS : BACKWARD_FINALISE,
        ),
        race: race && !first,
        tensors: {
          ...backwardTensors(g),
          g: { shape: x, role, within: wide },
          sums: { shape: [1, 1, 2, c], role: 'inout' },
        },
        tolerance: TOLERANCE.f32LongSum,
        record: (plan, { x, da, affine, stats, sums, dgammaBeta, g }) => {
          const mode = first ? 'scaled' : 'gathered';
          const options = { epsilon: EPSILON, mode, relu } as const;
          const parts = reluBackwardAndSums(plan, 'check', { x, affine, stats, da, dx: g }, options);
          const tensors = { x, affine, stats, parts, sums, dgammaBeta, g };
          backwardFinalise(plan, 'check', tensors, { epsilon: EPSILON, done, first });
        },
        reference: ({ da, ...t }) => {
          const norm = { x: t.x, affine: t.affine, stats: t.stats, epsilon: EPSILON };
          const dz = reference.reluBackward(norm, da, relu);
          const ended = reference.backwardFinalise(norm, dz, first ? {} : { g: t.g, sums: t.sums }, done);
          if (first) for (const i of keep(c, done)) ended.sums.data[i] = t.sums.data[i];
          return ended;
        },
      };
    }),
  ),
);

/** Indices of [A | B] that a reader leaves alone. */
function keep(c: number, done: number): number[] {
  return Array.from({ length: 2 * c }, (_, i) => i).filter((i) => i % c >= done);
}

const checks: CheckCase[] = [...statistics, ...prepare, ...inference, ...apply, ...finalise];

export const operation: Operation = {
  kernels: [
    STATISTICS,
    PREPARE_TRAINING,
    PREPARE_INFERENCE,
    RELU_BACKWARD_AND_SUMS,
    BACKWARD_APPLY,
    BACKWARD_FINALISE,
  ],
  checks,
};
