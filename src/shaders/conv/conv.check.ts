/** The shapes on which conv.ts is checked: odd sizes, strides between pixels, offsets, odd channel counts. */
import { TOLERANCE } from '../../engine/tolerance.js';
import type { CheckCase, Shape, TensorSpec } from '../check.js';
import {
  BACKWARD_DATA,
  BACKWARD_WEIGHTS,
  type ConvShape,
  convBackwardData,
  convBackwardWeights,
  convForward,
  FORWARD,
  outputSide,
} from './conv.js';
import * as reference from './conv.reference.js';

interface Geometry {
  title: string;
  x: Shape;
  out: number;
  conv: ConvShape;
  prologue: boolean;
  /** Channels of the buffers that x and y are slices of. */
  wide?: { x: number; y: number; yFrom: number };
  race?: boolean;
}

const POINT: ConvShape = { kernel: 1, stride: 1, pad: 0 };
const GROWTH: ConvShape = { kernel: 3, stride: 1, pad: 1 };
const STEM: ConvShape = { kernel: 7, stride: 2, pad: 3 };

const GEOMETRIES: Geometry[] = [
  { title: '1x1 odd channels', x: [2, 3, 5, 7], out: 9, conv: POINT, prologue: true },
  {
    title: '1x1 slice of a block',
    x: [3, 5, 7, 36],
    out: 48,
    conv: POINT,
    prologue: true,
    wide: { x: 64, y: 56, yFrom: 4 },
  },
  { title: '1x1 no prologue', x: [1, 7, 3, 20], out: 12, conv: POINT, prologue: false },
  { title: '3x3 odd channels', x: [2, 5, 4, 3], out: 5, conv: GROWTH, prologue: true },
  {
    title: '3x3 into a block',
    x: [2, 7, 9, 24],
    out: 32,
    conv: GROWTH,
    prologue: true,
    wide: { x: 24, y: 96, yFrom: 40 },
  },
  { title: '3x3 one pixel', x: [1, 1, 1, 8], out: 16, conv: GROWTH, prologue: true },
  { title: '7x7 stride 2', x: [2, 15, 11, 3], out: 20, conv: STEM, prologue: false },
  { title: '7x7 stride 2, one channel', x: [1, 9, 13, 1], out: 6, conv: STEM, prologue: false },
  { title: '7x7 stride 2, one channel to 20', x: [2, 15, 11, 1], out: 20, conv: STEM, prologue: false },
  { title: '1x1 block 3 at 64 px', x: [4, 4, 4, 512], out: 128, conv: POINT, prologue: true, race: true },
  { title: '1x1 block 1 at 64 px', x: [4, 16, 16, 160], out: 128, conv: POINT, prologue: true, race: true },
  { title: '3x3 block 1 at 64 px', x: [4, 16, 16, 128], out: 32, conv: GROWTH, prologue: true, race: true },
  { title: '7x7 stem at 64 px', x: [4, 64, 64, 3], out: 64, conv: STEM, prologue: false, race: true },
];

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

const forward = GEOMETRIES.map((g): CheckCase => {
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
    record: (plan, t) =>
      convForward(plan, 'check', { x: t.x, weights: t.weights, affine: t.affine, y: t.y }, g.conv),
    reference: (t) => ({ y: reference.convForward(t.x, t.weights, y, g.conv, t.affine) }),
  };
});

const backwardData = GEOMETRIES.filter((g) => g.conv.stride === 1).map((g): CheckCase => {
  const { weights, xSpec, ySpec } = shapes(g);
  return {
    op: 'conv.backwardData',
    title: g.title,
    variants: Object.keys(BACKWARD_DATA),
    race: g.race,
    tensors: {
      dy: { ...ySpec, role: 'input' },
      weights: { shape: weights, role: 'input' },
      dx: { ...xSpec, role: 'output' },
    },
    record: (plan, t) => convBackwardData(plan, 'check', { dy: t.dy, weights: t.weights, dx: t.dx }, g.conv),
    reference: (t) => ({ dx: reference.convBackwardData(t.dy, t.weights, g.x, g.conv) }),
  };
});

const backwardWeights = GEOMETRIES.map((g): CheckCase => {
  const { weights, xSpec, ySpec, affine } = shapes(g);
  return {
    op: 'conv.backwardWeights',
    title: g.title,
    variants: Object.keys(BACKWARD_WEIGHTS),
    race: g.race,
    tolerance: g.race ? TOLERANCE.f32LongSum : TOLERANCE.f32,
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
});

export const checks: CheckCase[] = [...forward, ...backwardData, ...backwardWeights];
