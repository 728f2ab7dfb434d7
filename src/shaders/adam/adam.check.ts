/** The sizes on which adam.ts is checked: with and without a tail after the last four. */
import { TOLERANCE } from '../../core/tolerance.js';
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { factorOf, factorsIn, factorTensor } from '../perParameter.check.js';
import { adamRate, adamStep, STEP } from './adam.js';
import * as reference from './adam.reference.js';

const SIZES: { title: string; size: number; block?: number; race?: boolean }[] = [
  { title: '103 parameters', size: 103 },
  { title: '64 parameters', size: 64 },
  { title: '3 parameters', size: 3 },
  { title: '202 parameters, factors on blocks of 64', size: 202, block: 64 },
  { title: 'block 4 of DenseNet121', size: 2_186_240, race: true },
];

const HYPER = [adamRate(0.001, 0.9, 0.999, 3), 0.9, 0.999, 1e-7];

const checks: CheckCase[] = SIZES.map(({ title, size, block, race }): CheckCase => {
  const shape: Shape = [1, 1, 1, size];
  return {
    op: 'adam.step',
    title,
    variants: Object.keys(STEP),
    race,
    tolerance: TOLERANCE.f32Transcendental,
    tensors: {
      w: { shape, role: 'inout' },
      gradient: { shape, role: 'input' },
      m: { shape, role: 'inout' },
      // A mean of squares; well above zero, where the root would magnify its rounding.
      v: { shape, role: 'inout', fill: (random) => 0.01 + random() },
      hyper: { shape: [1, 1, 1, 4], role: 'input', fill: (_, i) => HYPER[i] },
      ...(block && { factors: factorTensor(size, block) }),
    },
    record: (plan, t) =>
      adamStep(
        plan,
        'check',
        { w: t.w, gradient: t.gradient, m: t.m, v: t.v, hyper: t.hyper },
        factorsIn(t.factors, block),
      ),
    reference: (t) => reference.adamStep(t.w, t.gradient, t.m, t.v, t.hyper, factorOf(t.factors, block)),
  };
});

export const operation: Operation = { kernels: [STEP], checks };
