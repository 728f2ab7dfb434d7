/** The shapes on which resize.ts is checked: up, down, odd ratios, one pixel, slices. */
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { BILINEAR, resizeBilinear } from './resize.js';
import * as reference from './resize.reference.js';

const GEOMETRIES: {
  title: string;
  x: Shape;
  y: Shape;
  within?: { channels: number; from: number };
  race?: boolean;
}[] = [
  { title: 'up, one channel', x: [1, 3, 5, 1], y: [1, 10, 17, 1] },
  { title: 'down, three channels', x: [2, 13, 9, 3], y: [2, 5, 4, 3] },
  { title: 'one pixel', x: [1, 1, 1, 2], y: [1, 3, 5, 2] },
  { title: 'same size', x: [1, 4, 6, 1], y: [1, 4, 6, 1] },
  { title: 'slice', x: [2, 2, 7, 3], y: [2, 9, 3, 3], within: { channels: 8, from: 3 } },
  { title: 'Grad-CAM of four images at 64 px', x: [4, 2, 2, 1], y: [4, 64, 64, 1], race: true },
];

const checks: CheckCase[] = GEOMETRIES.map(
  ({ title, x, y, within, race }): CheckCase => ({
    op: 'resize.bilinear',
    title,
    variants: Object.keys(BILINEAR),
    race,
    tensors: { x: { shape: x, within, role: 'input' }, y: { shape: y, within, role: 'output' } },
    record: (plan, t) => resizeBilinear(plan, 'check', { x: t.x, y: t.y }),
    reference: (t) => ({ y: reference.resizeBilinear(t.x, y) }),
  }),
);

export const operation: Operation = { kernels: [BILINEAR], checks };
