/** The cases on which loss.ts is checked: counts that are no multiple of four, both epsilons of the notebook. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { CheckCase, Operation, Shape, TensorSpec } from '../checkCase.js';
import { SIGMOID, SOFTMAX, SUM, sigmoid, softmax, WEIGHTED, weightedLoss } from './loss.js';
import * as reference from './loss.reference.js';

interface Geometry {
  title: string;
  batch: number;
  classes: number;
  epsilon: number;
  race?: boolean;
}

const GEOMETRIES: Geometry[] = [
  { title: 'batch 3, 5 classes', batch: 3, classes: 5, epsilon: 1e-7 },
  { title: 'batch 1, 14 classes', batch: 1, classes: 14, epsilon: 1e-7 },
  { title: 'batch 5, 3 classes, epsilon 1', batch: 5, classes: 3, epsilon: 1 },
  { title: 'batch 4, 14 classes', batch: 4, classes: 14, epsilon: 1e-7, race: true },
];

/** Logits from -8 to 8: far enough for both tails, not so far that float32 rounds p to 1. */
const logits = (random: () => number) => random() * 16 - 8;
const labels = (random: () => number) => (random() < 0.5 ? 1 : 0);

const sigmoids = GEOMETRIES.map(({ title, batch, classes, race }): CheckCase => {
  const shape: Shape = [batch, 1, 1, classes];
  return {
    op: 'loss.sigmoid',
    title,
    variants: Object.keys(SIGMOID),
    race,
    tolerance: TOLERANCE.f32Transcendental,
    tensors: { z: { shape, role: 'input', fill: logits }, p: { shape, role: 'output' } },
    record: (plan, t) => sigmoid(plan, 'check', { z: t.z, p: t.p }),
    reference: (t) => ({ p: reference.sigmoid(t.z) }),
  };
});

const softmaxes = GEOMETRIES.map(({ title, batch, classes, race }): CheckCase => {
  const shape: Shape = [batch, 1, 1, classes];
  return {
    op: 'loss.softmax',
    title,
    variants: Object.keys(SOFTMAX),
    race,
    tolerance: TOLERANCE.f32Transcendental,
    tensors: { z: { shape, role: 'input', fill: logits }, p: { shape, role: 'output' } },
    record: (plan, t) => softmax(plan, 'check', { z: t.z, p: t.p }),
    reference: (t) => ({ p: reference.softmax(t.z) }),
  };
});

function lossCase(op: string, variants: string[], g: Geometry): CheckCase {
  const shape: Shape = [g.batch, 1, 1, g.classes];
  const output: TensorSpec = { shape, role: 'output' };
  return {
    op,
    title: g.title,
    variants,
    race: g.race,
    tolerance: TOLERANCE.f32Transcendental,
    tensors: {
      z: { shape, role: 'input', fill: logits },
      labels: { shape, role: 'input', fill: labels },
      weights: { shape: [1, 1, 1, 2 * g.classes], role: 'input', fill: (random) => random() },
      p: output,
      loss: { shape: [1, 1, 1, 1], role: 'output' },
      dz: output,
    },
    record: (plan, t) =>
      weightedLoss(
        plan,
        'check',
        { z: t.z, labels: t.labels, weights: t.weights, p: t.p, loss: t.loss, dz: t.dz },
        { epsilon: g.epsilon },
      ),
    reference: (t) => reference.weightedLoss(t.z, t.labels, t.weights, g.epsilon),
  };
}

const checks: CheckCase[] = [
  ...sigmoids,
  ...softmaxes,
  ...GEOMETRIES.map((g) => lossCase('loss.weighted', Object.keys(WEIGHTED), g)),
  ...GEOMETRIES.map((g) => lossCase('loss.sum', Object.keys(SUM), g)),
];

export const operation: Operation = { kernels: [SIGMOID, SOFTMAX, WEIGHTED, SUM], checks };
