/** The shapes on which gradcam.ts is checked. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { type GradcamScore, gradcamMap, gradcamWeights, MAP, WEIGHTS } from './gradcam.js';
import * as reference from './gradcam.reference.js';

interface Geometry {
  title: string;
  x: Shape;
  classes: number;
  score: GradcamScore;
  within?: { channels: number; from: number };
  race?: boolean;
}

const GEOMETRIES: Geometry[] = [
  { title: 'odd channels, sigmoid', x: [2, 3, 5, 7], classes: 14, score: 'sigmoid' },
  { title: 'slice, logit', x: [1, 3, 3, 12], classes: 5, score: 'logit', within: { channels: 20, from: 4 } },
  { title: 'sigmoid', x: [3, 1, 7, 16], classes: 14, score: 'sigmoid' },
  { title: 'final batch norm at 64 px', x: [4, 2, 2, 1024], classes: 14, score: 'sigmoid', race: true },
];

/** Steps of 1/16 stay exact after the affine, so that the sign of A is beyond doubt. */
const stepped = (random: () => number) => (Math.floor(random() * 33) - 16) / 16;
const unit = (random: () => number) => random();

const weights = GEOMETRIES.map(
  ({ title, x, classes, score, within, race }): CheckCase => ({
    op: 'gradcam.weights',
    title,
    variants: Object.keys(WEIGHTS),
    race,
    tensors: {
      x: { shape: x, within, role: 'input', fill: stepped },
      affine: { shape: [1, 1, 1, 2 * x[3]], role: 'input', fill: stepped },
      weights: { shape: [1, 1, x[3], classes], role: 'input' },
      p: { shape: [x[0], 1, 1, classes], role: 'input', fill: unit },
      selection: {
        shape: [1, 1, 1, 1],
        role: 'input',
        dtype: 'u32',
        fill: (random) => Math.floor(random() * classes),
      },
      alpha: { shape: [x[0], 1, 1, x[3]], role: 'output' },
    },
    // An importance is a small number; it must be right to its own digits.
    tolerance: TOLERANCE.f32Small,
    record: (plan, t) =>
      gradcamWeights(
        plan,
        'check',
        { x: t.x, affine: t.affine, weights: t.weights, p: t.p, selection: t.selection, alpha: t.alpha },
        { score },
      ),
    reference: (t) => ({
      alpha: reference.gradcamWeights(t.x, t.affine, t.weights, t.p, t.selection.data[0], score),
    }),
  }),
);

const map = GEOMETRIES.map(
  ({ title, x, within, race }): CheckCase => ({
    op: 'gradcam.map',
    title,
    variants: Object.keys(MAP),
    race,
    tensors: {
      x: { shape: x, within, role: 'input' },
      affine: { shape: [1, 1, 1, 2 * x[3]], role: 'input' },
      alpha: { shape: [x[0], 1, 1, x[3]], role: 'input' },
      map: { shape: [x[0], x[1], x[2], 1], role: 'output' },
    },
    record: (plan, t) => gradcamMap(plan, 'check', { x: t.x, affine: t.affine, alpha: t.alpha, map: t.map }),
    reference: (t) => ({ map: reference.gradcamMap(t.x, t.affine, t.alpha) }),
  }),
);

const checks: CheckCase[] = [...weights, ...map];

export const operation: Operation = { kernels: [WEIGHTS, MAP], checks };
