/** The cases on which conv.ts is checked, on the shapes of checkGeometries.ts. */
import { TOLERANCE } from '../../core/tolerance.js';
import { backwardApply, backwardFinalise, batchStatistics, prepareTraining } from '../batchnorm/batchnorm.js';
import * as batchnorm from '../batchnorm/batchnorm.reference.js';
import type { CheckCase, Dense, Operation, Shape, TensorSpec } from '../checkCase.js';
import { GEOMETRIES, type Geometry, LONG_ROWS, PLAN_GEOMETRIES, STRIDED } from './checkGeometries.js';
import {
  BACKWARD_DATA,
  BACKWARD_WEIGHTS,
  convBackwardData,
  convBackwardThroughNorm,
  convBackwardWeights,
  convForward,
  FORWARD,
  outputSide,
} from './conv.js';
import * as reference from './conv.reference.js';
import { FORWARD_MATRIX } from './forward/matrix.js';

function shapes({ x, out, conv, wide }: Geometry) {
  const y: Shape = [x[0], outputSide(x[1], conv), outputSide(x[2], conv), out];
  const weights: Shape = [conv.kernel, conv.kernel, x[3], out];
  const xSpec: Pick<TensorSpec, 'shape' | 'within'> = {
    shape: x,
    within: wide && { channels: wide.x, from: 0 },
  };
  const ySpec: Pick<TensorSpec, 'shape' | 'within'> = {
    shape: y,
    within: wide && { channels: wide.y, from: wide.yFrom },
  };
  const affine: TensorSpec = { shape: [1, 1, 1, 2 * x[3]], role: 'input' };
  return { y, weights, xSpec, ySpec, affine };
}

function forward(g: Geometry): CheckCase {
  const { y, weights, xSpec, ySpec, affine } = shapes(g);
  return {
    op: 'conv.forward',
    title: g.title,
    variants: Object.keys(FORWARD),
    race: g.race,
    tensors: {
      x: { ...xSpec, role: 'input' },
      weights: { shape: weights, role: 'input' },
      ...(g.prologue && { affine }),
      y: { ...ySpec, role: 'output' },
    },
    record: (plan, { x, weights, affine, y }) => {
      convForward(plan, 'check', { x, weights, affine, y }, g.conv);
    },
    reference: (t) => ({ y: reference.convForward(t.x, t.weights, y, g.conv, t.affine) }),
  };
}

function backwardData(g: Geometry): CheckCase {
  const { weights, xSpec, ySpec } = shapes(g);
  return {
    op: 'conv.backwardData',
    title: g.title,
    variants: Object.keys(BACKWARD_DATA),
    race: g.race,
    tolerance: g.race && !straight(g) ? TOLERANCE.f32LongSum : TOLERANCE.f32,
    tensors: {
      dy: { ...ySpec, role: 'input' },
      weights: { shape: weights, role: 'input' },
      dx: { ...xSpec, role: 'output' },
    },
    record: (plan, t) => convBackwardData(plan, 'check', { dy: t.dy, weights: t.weights, dx: t.dx }, g.conv),
    reference: (t) => ({ dx: reference.convBackwardData(t.dy, t.weights, g.x, g.conv) }),
  };
}

function backwardWeights(g: Geometry): CheckCase {
  const { weights, xSpec, ySpec, affine } = shapes(g);
  return {
    op: 'conv.backwardWeights',
    title: g.title,
    variants: Object.keys(BACKWARD_WEIGHTS),
    race: g.race,
    tolerance: g.race || g.long ? TOLERANCE.f32LongSum : TOLERANCE.f32,
    tensors: {
      x: { ...xSpec, role: 'input' },
      dy: { ...ySpec, role: 'input' },
      ...(g.prologue && { affine }),
      dw: { shape: weights, role: 'output' },
    },
    record: (plan, t) =>
      convBackwardWeights(plan, 'check', { x: t.x, dy: t.dy, affine: t.affine, dw: t.dw }, g.conv),
    reference: (t) => ({ dw: reference.convBackwardWeights(t.x, t.dy, weights, g.conv, t.affine) }),
  };
}

const EPSILON = 1.001e-5;

/** The layer behind in the epilogue, and the statistics of the result. */
function forwardAndBehind(g: Geometry): CheckCase {
  const { y, weights, xSpec, ySpec, affine } = shapes(g);
  return {
    op: 'conv.forward',
    title: `${g.title}, statistics`,
    variants: Object.keys(FORWARD),
    tensors: {
      x: { ...xSpec, role: 'input' },
      weights: { shape: weights, role: 'input' },
      ...(g.prologue && { affine }),
      y: { ...ySpec, role: 'output' },
      ...statisticsTensors(g.out),
    },
    record: (plan, { x, weights, affine, y, ...t }) => {
      const made = convForward(plan, 'check', { x, weights, affine, y }, g.conv, { statistics: true });
      prepareTraining(
        plan,
        'check',
        {
          fresh: made ?? batchStatistics(plan, 'check', y),
          stats: t.stats,
          gammaBeta: t.gammaBeta,
          moving: t.moving,
          affine: t.affineBehind,
        },
        { n: y.shape[0] * y.shape[1] * y.shape[2], epsilon: EPSILON, momentum: 1, rule: 'keras3' },
      );
    },
    reference: (t) => {
      const made = reference.convForward(t.x, t.weights, y, g.conv, t.affine);
      const stats = batchnorm.batchStatistics(made);
      const affineBehind = batchnorm.affineOf(stats, t.gammaBeta, EPSILON);
      return { y: made, stats, affineBehind, moving: t.moving };
    },
  };
}

function statisticsTensors(c: number): Record<string, TensorSpec> {
  return {
    stats: { shape: [1, 1, 2, c], role: 'output' },
    gammaBeta: { shape: [1, 1, 2, c], role: 'input' },
    moving: { shape: [1, 1, 2, c], role: 'inout' },
    affineBehind: { shape: [1, 1, 2, c], role: 'output' },
  };
}

function forwardEpilogue(g: Geometry): CheckCase {
  const { y, weights, xSpec, ySpec, affine } = shapes(g);
  return {
    op: 'conv.forward',
    title: `${g.title}, epilogue`,
    variants: Object.keys(FORWARD),
    tensors: {
      x: { ...xSpec, role: 'input' },
      weights: { shape: weights, role: 'input' },
      ...(g.prologue && { affine }),
      after: { shape: [1, 1, 1, 2 * g.out], role: 'input' },
      y: { ...ySpec, role: 'output' },
    },
    record: (plan, { x, weights, affine, after, y }) => {
      convForward(plan, 'check', { x, weights, affine, after, y }, g.conv);
    },
    reference: (t) => {
      const made = reference.convForward(t.x, t.weights, y, g.conv, t.affine);
      for (let i = 0; i < made.data.length; i++) {
        made.data[i] = reference.activate(made.data[i], i % g.out, t.after);
      }
      return { y: made };
    },
  };
}

/** On through ReLU and the first half of batch norm; a reader of a block ends the last four channels. */
function throughNorm(g: Geometry): CheckCase[] {
  return (['gradient', 'scaled', 'gathered'] as const).map((mode): CheckCase => {
    const { weights, xSpec, ySpec } = shapes(g);
    const c = g.x[3];
    const done = c - 4;
    return {
      op: 'conv.backwardData',
      title: `${g.title}, through norm, ${mode}`,
      variants: Object.keys(BACKWARD_DATA),
      tolerance: TOLERANCE.f32LongSum,
      tensors: {
        dy: { ...ySpec, role: 'input' },
        weights: { shape: weights, role: 'input' },
        x: { ...xSpec, role: 'input' },
        affine: { shape: [1, 1, 2, c], role: 'input' },
        stats: { shape: [1, 1, 2, c], role: 'input', fill: (random) => 0.5 + random() },
        dx: { ...xSpec, role: mode === 'gathered' ? 'inout' : 'output' },
        dgammaBeta: { shape: [1, 1, 2, c], role: 'output' },
        ...(mode !== 'gradient' && { sums: { shape: [1, 1, 2, c], role: 'inout' as const } }),
        ...(mode === 'gradient' && { end: { shape: g.x, role: 'output' as const } }),
      },
      record: (plan, { dy, weights, x, affine, stats, dx, dgammaBeta, sums, end }) => {
        const norm = { x, affine, stats };
        const options = { mode, epsilon: EPSILON };
        const parts = convBackwardThroughNorm(plan, 'check', { dy, weights, norm, dx }, g.conv, options);
        if (end) backwardApply(plan, 'check', { ...norm, dz: dx, parts, dgammaBeta, dx: end }, options);
        else {
          const ending = { ...norm, parts, sums, dgammaBeta, g: dx };
          backwardFinalise(plan, 'check', ending, { epsilon: EPSILON, done, first: mode === 'scaled' });
        }
      },
      reference: (t): Record<string, Dense> => {
        const norm = { x: t.x, affine: t.affine, stats: t.stats, epsilon: EPSILON };
        const dz = batchnorm.reluBackward(norm, reference.convBackwardData(t.dy, t.weights, g.x, g.conv));
        if (mode === 'gradient') {
          const dgammaBeta = batchnorm.sums(norm, dz);
          return { dx: dz, dgammaBeta, end: batchnorm.backwardApply(norm, dz, dgammaBeta) };
        }
        const before = mode === 'scaled' ? {} : { g: t.dx, sums: t.sums };
        const ended = batchnorm.backwardFinalise(norm, dz, before, done);
        for (let i = 0; i < 2 * c; i++) if (i % c >= done) ended.sums.data[i] = t.sums.data[i];
        return { dx: ended.g, dgammaBeta: ended.dgammaBeta, sums: ended.sums };
      },
    };
  });
}

/** Where the model asks for f16, on adapters that multiply matrices. */
function forwardHalf(g: Geometry): CheckCase {
  const { y, weights, xSpec, ySpec, affine } = shapes(g);
  const after = !g.race && g.prologue;
  return {
    op: 'conv.forward',
    title: `${g.title}, f16${after ? ', epilogue' : ''}`,
    variants: ['subgroupMatrix'],
    race: g.race,
    tolerance: TOLERANCE.f16,
    tensors: {
      x: { ...xSpec, role: 'input' },
      weights: { shape: weights, role: 'input' },
      ...(g.prologue && { affine }),
      ...(after && { after: { shape: [1, 1, 1, 2 * g.out], role: 'input' as const } }),
      y: { ...ySpec, role: 'output' },
    },
    record: (plan, t) => {
      const tensors = { x: t.x, weights: t.weights, affine: t.affine, after: t.after, y: t.y };
      convForward(plan, 'check', tensors, g.conv, { half: FORWARD_MATRIX });
    },
    reference: (t) => {
      const made = reference.convForward(t.x, t.weights, y, g.conv, t.affine);
      for (let i = 0; after && i < made.data.length; i++) {
        made.data[i] = reference.activate(made.data[i], i % g.out, t.after);
      }
      return { y: made };
    },
  };
}

const small = GEOMETRIES.filter(({ race }) => !race);
const straight = ({ conv }: Geometry) => conv.stride === 1;
const normed = (g: Geometry) => straight(g) && g.x[3] >= 8;

const checks: CheckCase[] = [
  ...GEOMETRIES.map(forward),
  ...GEOMETRIES.map(forwardHalf),
  ...small.map(forwardEpilogue),
  ...small.map(forwardAndBehind),
  ...[...GEOMETRIES, ...STRIDED].map(backwardData),
  ...small.filter(normed).flatMap(throughNorm),
  ...GEOMETRIES.map(backwardWeights),
];

/** For pipelines of plans that none of `checks` has: planCheck.ts. */
const planChecks: CheckCase[] = [
  ...PLAN_GEOMETRIES.flatMap((g) => [forward(g), forwardHalf(g), forwardEpilogue(g), forwardAndBehind(g)]),
  ...PLAN_GEOMETRIES.map(backwardData),
  ...PLAN_GEOMETRIES.filter(straight).flatMap(throughNorm),
  ...[...PLAN_GEOMETRIES, ...LONG_ROWS].map(backwardWeights),
];

export const operation: Operation = {
  kernels: [FORWARD, FORWARD_MATRIX.variants, BACKWARD_DATA, BACKWARD_WEIGHTS],
  checks,
  planChecks,
};
