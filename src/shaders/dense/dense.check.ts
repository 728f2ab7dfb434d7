/** The shapes on which dense.ts is checked: odd sizes, slices, a batch that is no multiple of the tile. */
import type { CheckCase, Operation, TensorSpec } from '../checkCase.js';
import { denseForward, FORWARD } from './dense.js';
import * as reference from './dense.reference.js';
import { BACKWARD_DATA, BACKWARD_WEIGHTS, denseBackwardData, denseBackwardWeights } from './denseBackward.js';

interface Geometry {
  title: string;
  batch: number;
  inputs: number;
  outputs: number;
  wide?: { x: number; xFrom: number; y: number; yFrom: number };
  race?: boolean;
}

const GEOMETRIES: Geometry[] = [
  { title: '7 -> 5', batch: 3, inputs: 7, outputs: 5 },
  { title: '12 -> 14, batch 6', batch: 6, inputs: 12, outputs: 14 },
  { title: '20 -> 3, one image', batch: 1, inputs: 20, outputs: 3 },
  {
    title: '16 -> 14 in slices',
    batch: 5,
    inputs: 16,
    outputs: 14,
    wide: { x: 28, xFrom: 8, y: 19, yFrom: 3 },
  },
  { title: 'head of DenseNet121, batch 4', batch: 4, inputs: 1024, outputs: 14, race: true },
];

type Place = Pick<TensorSpec, 'shape' | 'within'>;

function specs({ batch, inputs, outputs, wide }: Geometry) {
  const x: Place = { shape: [batch, 1, 1, inputs], within: wide && { channels: wide.x, from: wide.xFrom } };
  const y: Place = { shape: [batch, 1, 1, outputs], within: wide && { channels: wide.y, from: wide.yFrom } };
  const weights: Place = { shape: [1, 1, inputs, outputs] };
  const bias: Place = { shape: [1, 1, 1, outputs] };
  return { x, y, weights, bias };
}

const forward = GEOMETRIES.map((g): CheckCase => {
  const { x, y, weights, bias } = specs(g);
  return {
    op: 'dense.forward',
    title: g.title,
    variants: Object.keys(FORWARD),
    race: g.race,
    tensors: {
      x: { ...x, role: 'input' },
      weights: { ...weights, role: 'input' },
      bias: { ...bias, role: 'input' },
      y: { ...y, role: 'output' },
    },
    record: (plan, t) => denseForward(plan, 'check', { x: t.x, weights: t.weights, bias: t.bias, y: t.y }),
    reference: (t) => ({ y: reference.denseForward(t.x, t.weights, t.bias) }),
  };
});

const backwardData = GEOMETRIES.map((g): CheckCase => {
  const { x, y, weights } = specs(g);
  return {
    op: 'dense.backwardData',
    title: g.title,
    variants: Object.keys(BACKWARD_DATA),
    race: g.race,
    tensors: {
      dy: { ...y, role: 'input' },
      weights: { ...weights, role: 'input' },
      dx: { ...x, role: 'output' },
    },
    record: (plan, t) => denseBackwardData(plan, 'check', { dy: t.dy, weights: t.weights, dx: t.dx }),
    reference: (t) => ({ dx: reference.denseBackwardData(t.dy, t.weights) }),
  };
});

const backwardWeights = GEOMETRIES.map((g): CheckCase => {
  const { x, y, weights, bias } = specs(g);
  return {
    op: 'dense.backwardWeights',
    title: g.title,
    variants: Object.keys(BACKWARD_WEIGHTS),
    race: g.race,
    tensors: {
      x: { ...x, role: 'input' },
      dy: { ...y, role: 'input' },
      dw: { ...weights, role: 'output' },
      db: { ...bias, role: 'output' },
    },
    record: (plan, t) => denseBackwardWeights(plan, 'check', { x: t.x, dy: t.dy, dw: t.dw, db: t.db }),
    reference: (t) => reference.denseBackwardWeights(t.x, t.dy),
  };
});

const checks: CheckCase[] = [...forward, ...backwardData, ...backwardWeights];

export const operation: Operation = { kernels: [FORWARD, BACKWARD_DATA, BACKWARD_WEIGHTS], checks };
