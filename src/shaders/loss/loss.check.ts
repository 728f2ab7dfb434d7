/** The cases on which loss.ts is checked, and the frame for those of each loss: counts that are no multiple of four. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { PlanBuilder } from '../../engine/plan/plan.js';
import type { Tensor } from '../../engine/plan/tensor.js';
import type { CheckCase, Dense, Operation, Shape, TensorSpec } from '../checkCase.js';
import { type LossTensors, SUM, sumTerms } from './elementLoss.js';
import { SIGMOID, SOFTMAX, sigmoid, softmax } from './loss.js';
import * as reference from './loss.reference.js';

interface Geometry {
  title: string;
  batch: number;
  classes: number;
  race?: boolean;
  /** Every third label is unknown. */
  unknown?: boolean;
}

const GEOMETRIES: readonly Geometry[] = [
  { title: 'batch 3, 5 classes', batch: 3, classes: 5 },
  { title: 'batch 1, 14 classes', batch: 1, classes: 14 },
  { title: 'batch 5, 3 classes', batch: 5, classes: 3 },
  { title: 'batch 3, 7 classes, some labels unknown', batch: 3, classes: 7, unknown: true },
  { title: 'batch 4, 14 classes', batch: 4, classes: 14, race: true },
];

/** Logits from -8 to 8: far enough for both tails, not so far that float32 rounds p to 1. */
const logits = (random: () => number) => random() * 16 - 8;
const labels = (unknown?: boolean) => (random: () => number, index: number) =>
  unknown && index % 3 === 1 ? Number.NaN : random() < 0.5 ? 1 : 0;

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

const sums = GEOMETRIES.map(
  ({ title, batch, classes, race }): CheckCase => ({
    op: 'loss.sum',
    title,
    variants: Object.keys(SUM),
    race,
    tensors: {
      terms: { shape: [batch, 1, 2, classes], role: 'input' },
      loss: { shape: [1, 1, 1, 1], role: 'output' },
    },
    record: (plan, t) => sumTerms(plan, 'check', { terms: t.terms, loss: t.loss }),
    reference: (t) => ({ loss: reference.sumTerms(t.terms) }),
  }),
);

/** What is special about one loss. */
export interface LossUnderCheck {
  op: string;
  variants: readonly string[];
  /** Settings, as titles end: of those of one loss that has several, one has none, and is raced. */
  settings?: string;
  /** Tensors that its kernel alone reads. */
  constants?: (classes: number) => Record<string, TensorSpec>;
  record: (plan: PlanBuilder, tensors: LossTensors & Record<string, Tensor>) => void;
  reference: (inputs: Record<string, Dense>) => Record<'p' | 'loss' | 'dz', Dense>;
}

/** A loss on logits and labels of every geometry. */
export function lossCases(loss: LossUnderCheck): CheckCase[] {
  const { op, variants, settings = '', constants = () => ({}), record, reference: wanted } = loss;
  return GEOMETRIES.map(({ title, batch, classes, race, unknown }) => {
    const shape: Shape = [batch, 1, 1, classes];
    const output: TensorSpec = { shape, role: 'output' };
    return {
      op,
      title: `${title}${settings && `, ${settings}`}`,
      variants,
      race: race && settings === '',
      tolerance: TOLERANCE.f32Transcendental,
      tensors: {
        z: { shape, role: 'input', fill: logits },
        labels: { shape, role: 'input', fill: labels(unknown) },
        ...constants(classes),
        p: output,
        loss: { shape: [1, 1, 1, 1], role: 'output' },
        dz: output,
      },
      record: (plan, t) => record(plan, t as LossTensors & Record<string, Tensor>),
      reference: wanted,
    };
  });
}

const checks: CheckCase[] = [...sigmoids, ...softmaxes, ...sums];

export const operation: Operation = { kernels: [SIGMOID, SOFTMAX, SUM], checks };
