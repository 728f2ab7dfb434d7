/** The shapes on which pool.ts is checked: odd sizes, windows over the edge, slices of wider buffers, ties. */
import type { CheckCase, Operation, Shape, TensorSpec } from '../checkCase.js';
import { outputSide } from '../conv/conv.js';
import {
  AVERAGE_FORWARD,
  averagePoolForward,
  GLOBAL_FORWARD,
  globalAveragePoolForward,
  MAX_FORWARD,
  maxPoolForward,
  type PoolShape,
} from './pool.js';
import * as reference from './pool.reference.js';
import {
  AVERAGE_BACKWARD,
  averagePoolBackward,
  GLOBAL_BACKWARD,
  globalAveragePoolBackward,
  MAX_BACKWARD,
  maxPoolBackward,
} from './poolBackward.js';

interface Geometry {
  title: string;
  x: Shape;
  pool: PoolShape;
  /** Output height and width, where not those of a valid pooling. */
  out?: [number, number];
  prologue?: boolean;
  /** Channels of the buffers that x and y are slices of, and where they begin. */
  wide?: { x: number; xFrom: number; y: number; yFrom: number };
  race?: boolean;
}

const STEM: PoolShape = { kernel: 3, stride: 2, pad: 1 };
const HALF: PoolShape = { kernel: 2, stride: 2, pad: 0 };

/** Steps of 1/16: exact in float32 after the prologue as well, and full of ties. */
const stepped = (random: () => number) => (Math.floor(random() * 33) - 16) / 16;

const MAX: Geometry[] = [
  { title: '3x3/2 odd channels', x: [2, 7, 5, 3], pool: STEM, prologue: true },
  {
    title: '3x3/2 into a block',
    x: [2, 9, 6, 8],
    pool: STEM,
    prologue: true,
    wide: { x: 12, xFrom: 4, y: 20, yFrom: 8 },
  },
  { title: '3x3/2 no prologue', x: [1, 6, 11, 12], pool: STEM },
  {
    title: '3x3/2 slice at an odd channel',
    x: [3, 5, 5, 4],
    pool: STEM,
    wide: { x: 7, xFrom: 1, y: 9, yFrom: 3 },
  },
  { title: '2x2/1 valid', x: [1, 4, 3, 4], pool: { kernel: 2, stride: 1, pad: 0 }, prologue: true },
  { title: '3x3/2 stem at 64 px', x: [4, 32, 32, 64], pool: STEM, prologue: true, race: true },
];

const AVERAGE: Geometry[] = [
  { title: '2x2/2 odd channels', x: [2, 6, 4, 5], pool: HALF },
  { title: '2x2/2 into a block', x: [3, 8, 6, 8], pool: HALF, wide: { x: 16, xFrom: 8, y: 24, yFrom: 4 } },
  { title: '2x2/2 same, odd sides', x: [2, 5, 7, 4], pool: HALF, out: [3, 4] },
  { title: '3x3/2 padded', x: [1, 7, 9, 12], pool: STEM },
  { title: '3x3/2 padded, odd channels', x: [1, 6, 4, 3], pool: STEM },
  { title: '2x2/2 transition 1 at 64 px', x: [4, 16, 16, 128], pool: HALF, race: true },
];

function shapes({ x, pool, out, wide }: Geometry) {
  const [oh, ow] = out ?? [outputSide(x[1], pool), outputSide(x[2], pool)];
  const y: Shape = [x[0], oh, ow, x[3]];
  const xSpec: Pick<TensorSpec, 'shape' | 'within'> = {
    shape: x,
    within: wide && { channels: wide.x, from: wide.xFrom },
  };
  const ySpec: Pick<TensorSpec, 'shape' | 'within'> = {
    shape: y,
    within: wide && { channels: wide.y, from: wide.yFrom },
  };
  return { y, xSpec, ySpec };
}

const maxForward = MAX.map((g): CheckCase => {
  const { y, xSpec, ySpec } = shapes(g);
  return {
    op: 'pool.maxForward',
    title: g.title,
    variants: Object.keys(MAX_FORWARD),
    race: g.race,
    tensors: {
      x: { ...xSpec, role: 'input', fill: stepped },
      ...(g.prologue && { affine: { shape: [1, 1, 1, 2 * g.x[3]], role: 'input', fill: stepped } as const }),
      y: { ...ySpec, role: 'output' },
      argmax: { shape: y, role: 'output', dtype: 'u32' },
    },
    record: (plan, t) =>
      maxPoolForward(plan, 'check', { x: t.x, affine: t.affine, y: t.y, argmax: t.argmax }, g.pool),
    reference: (t) => reference.maxPoolForward(t.x, y, g.pool, t.affine),
  };
});

const maxBackward = MAX.map((g): CheckCase => {
  const { y, xSpec, ySpec } = shapes(g);
  return {
    op: 'pool.maxBackward',
    title: g.title,
    variants: Object.keys(MAX_BACKWARD),
    race: g.race,
    tensors: {
      dy: { ...ySpec, role: 'input' },
      argmax: {
        shape: y,
        role: 'input',
        dtype: 'u32',
        fill: (random) => Math.floor(random() * g.pool.kernel ** 2),
      },
      dx: { ...xSpec, role: 'output' },
    },
    record: (plan, t) => maxPoolBackward(plan, 'check', { dy: t.dy, argmax: t.argmax, dx: t.dx }, g.pool),
    reference: (t) => ({ dx: reference.maxPoolBackward(t.dy, t.argmax, g.x, g.pool) }),
  };
});

const averageForward = AVERAGE.flatMap((g) =>
  [false, true].map((prologue): CheckCase => {
    const { y, xSpec, ySpec } = shapes(g);
    return {
      op: 'pool.averageForward',
      title: `${g.title}${prologue ? ', prologue' : ''}`,
      variants: Object.keys(AVERAGE_FORWARD),
      race: g.race,
      tensors: {
        x: { ...xSpec, role: 'input' },
        ...(prologue && { affine: { shape: [1, 1, 1, 2 * g.x[3]] as const, role: 'input' as const } }),
        y: { ...ySpec, role: 'output' },
      },
      record: (plan, t) => averagePoolForward(plan, 'check', { x: t.x, affine: t.affine, y: t.y }, g.pool),
      reference: (t) => ({ y: reference.averagePoolForward(t.x, y, g.pool, t.affine) }),
    };
  }),
);

const averageBackward = AVERAGE.map((g): CheckCase => {
  const { xSpec, ySpec } = shapes(g);
  return {
    op: 'pool.averageBackward',
    title: g.title,
    variants: Object.keys(AVERAGE_BACKWARD),
    race: g.race,
    tensors: { dy: { ...ySpec, role: 'input' }, dx: { ...xSpec, role: 'output' } },
    record: (plan, t) => averagePoolBackward(plan, 'check', { dy: t.dy, dx: t.dx }, g.pool),
    reference: (t) => ({ dx: reference.averagePoolBackward(t.dy, g.x, g.pool) }),
  };
});

interface GlobalGeometry {
  title: string;
  x: Shape;
  prologue: boolean;
  wide?: { channels: number; from: number };
  race?: boolean;
}

const GLOBAL: GlobalGeometry[] = [
  { title: 'odd channels', x: [2, 3, 5, 7], prologue: true },
  { title: 'slice', x: [3, 3, 3, 12], prologue: true, wide: { channels: 20, from: 4 } },
  { title: 'no prologue', x: [2, 5, 1, 8], prologue: false },
  { title: 'head at 64 px', x: [4, 2, 2, 1024], prologue: true, race: true },
];

const globalForward = GLOBAL.map((g): CheckCase => {
  const { x, prologue, wide } = g;
  return {
    op: 'pool.globalForward',
    title: g.title,
    variants: Object.keys(GLOBAL_FORWARD),
    race: g.race,
    tensors: {
      x: { shape: x, within: wide, role: 'input' },
      ...(prologue && { affine: { shape: [1, 1, 1, 2 * x[3]], role: 'input' } as const }),
      y: { shape: [x[0], 1, 1, x[3]], within: wide, role: 'output' },
    },
    record: (plan, t) => globalAveragePoolForward(plan, 'check', { x: t.x, affine: t.affine, y: t.y }),
    reference: (t) => ({ y: reference.globalAveragePoolForward(t.x, t.affine) }),
  };
});

const globalBackward = GLOBAL.map((g): CheckCase => {
  const { x, wide } = g;
  return {
    op: 'pool.globalBackward',
    title: g.title,
    variants: Object.keys(GLOBAL_BACKWARD),
    race: g.race,
    tensors: {
      dy: { shape: [x[0], 1, 1, x[3]], within: wide, role: 'input' },
      dx: { shape: x, within: wide, role: 'output' },
    },
    record: (plan, t) => globalAveragePoolBackward(plan, 'check', { dy: t.dy, dx: t.dx }),
    reference: (t) => ({ dx: reference.globalAveragePoolBackward(t.dy, x) }),
  };
});

const checks: CheckCase[] = [
  ...maxForward,
  ...maxBackward,
  ...averageForward,
  ...averageBackward,
  ...globalForward,
  ...globalBackward,
];

export const operation: Operation = {
  kernels: [MAX_FORWARD, MAX_BACKWARD, AVERAGE_FORWARD, AVERAGE_BACKWARD, GLOBAL_FORWARD, GLOBAL_BACKWARD],
  checks,
};
