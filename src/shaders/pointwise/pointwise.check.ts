/** The shapes on which pointwise.ts is checked: odd channels, slices into and out of a block, every mode. */
import type { CheckCase, Operation, Shape, TensorSpec } from '../checkCase.js';
import { APPLY, pointwise } from './pointwise.js';
import * as reference from './pointwise.reference.js';
import { RELU_BACKWARD, reluBackward } from './reluBackward.js';

interface Geometry {
  title: string;
  x: Shape;
  /** Channels of the buffers that x and y are slices of, and where they begin. */
  wide?: { x: number; xFrom: number; y: number; yFrom: number };
  race?: boolean;
}

const GEOMETRIES: Geometry[] = [
  { title: 'odd channels', x: [2, 3, 5, 7] },
  { title: '12 channels into a block', x: [3, 5, 4, 12], wide: { x: 12, xFrom: 0, y: 52, yFrom: 28 } },
  { title: 'slice to slice', x: [1, 7, 3, 16], wide: { x: 40, xFrom: 8, y: 24, yFrom: 4 } },
  { title: 'at an odd channel', x: [2, 3, 3, 8], wide: { x: 11, xFrom: 3, y: 9, yFrom: 1 } },
  {
    title: '12 channels of a block at 32 px',
    x: [4, 32, 32, 12],
    wide: { x: 12, xFrom: 0, y: 160, yFrom: 148 },
    race: true,
  },
];

const within = (wide: Geometry['wide'], of: 'x' | 'y'): TensorSpec['within'] =>
  wide && { channels: wide[of], from: wide[`${of}From`] };

const MODES = [
  { name: 'copy', affine: false, relu: false },
  { name: 'affine', affine: true, relu: false },
  { name: 'ReLU', affine: false, relu: true },
  { name: 'affine and ReLU', affine: true, relu: true },
];

const apply = GEOMETRIES.flatMap(({ title, x, wide, race }) =>
  MODES.filter((mode) => !race || mode.name === 'copy').map(
    ({ name, affine, relu }): CheckCase => ({
      op: 'pointwise.apply',
      title: `${name}, ${title}`,
      variants: Object.keys(APPLY),
      race,
      tensors: {
        x: { shape: x, role: 'input', within: within(wide, 'x') },
        ...(affine && { affine: { shape: [1, 1, 2, x[3]], role: 'input' } as const }),
        y: { shape: x, role: 'output', within: within(wide, 'y') },
      },
      record: (plan, t) => pointwise(plan, 'check', { x: t.x, affine: t.affine, y: t.y }, { relu }),
      reference: (t) => ({ y: reference.pointwise(t.x, t.affine, relu) }),
    }),
  ),
);

const backward = GEOMETRIES.flatMap(({ title, x, wide, race }) =>
  [false, true].map(
    (accumulate): CheckCase => ({
      op: 'pointwise.reluBackward',
      title: `${title}${accumulate ? ', accumulating' : ''}`,
      variants: Object.keys(RELU_BACKWARD),
      race,
      tensors: {
        x: { shape: x, role: 'input', within: within(wide, 'x') },
        dy: { shape: x, role: 'input' },
        dx: { shape: x, role: accumulate ? 'inout' : 'output', within: within(wide, 'y') },
      },
      record: (plan, t) => reluBackward(plan, 'check', { x: t.x, dy: t.dy, dx: t.dx }, { accumulate }),
      reference: (t) => {
        const dx = reference.reluBackward(t.x, t.dy);
        if (accumulate) for (let i = 0; i < dx.data.length; i++) dx.data[i] += t.dx.data[i];
        return { dx };
      },
    }),
  ),
);

const checks: CheckCase[] = [...apply, ...backward];

export const operation: Operation = { kernels: [APPLY, RELU_BACKWARD], checks };
