/** The cases on which adamw.ts is checked: blocks that decay beside such that do not, with and without a tail. */
import { TOLERANCE } from '../../core/tolerance.js';
import { adamRate } from '../adam/adam.js';
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { factorOf, factorTensor } from '../perParameter.check.js';
import { adamwStep, STEP } from './adamw.js';
import * as reference from './adamw.reference.js';

const CASES: { title: string; size: number; block: number; factors?: boolean; race?: boolean }[] = [
  { title: '203 parameters, blocks of 64', size: 203, block: 64 },
  { title: '102 parameters, blocks of 8', size: 102, block: 8 },
  { title: '64 parameters, blocks of 64', size: 64, block: 64 },
  { title: '3 parameters, blocks of 64', size: 3, block: 64 },
  { title: '202 parameters, factors on blocks of 64', size: 202, block: 64, factors: true },
  { title: 'block 4 of DenseNet121', size: 2_186_240, block: 64, race: true },
];

const HYPER = [adamRate(0.001, 0.9, 0.999, 3), 0.9, 0.999, 1e-7, 0.1];

const checks: CheckCase[] = CASES.map(({ title, size, block, factors, race }): CheckCase => {
  const shape: Shape = [1, 1, 1, size];
  return {
    op: 'adamw.step',
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
      hyper: {
        shape: [1, 1, 1, 5 + Math.ceil(size / block)],
        role: 'input',
        fill: (_, i) => HYPER[i] ?? i % 2,
      },
      ...(factors && { factors: factorTensor(size, block) }),
    },
    record: (plan, t) =>
      adamwStep(
        plan,
        'check',
        { w: t.w, gradient: t.gradient, m: t.m, v: t.v, hyper: t.hyper },
        { block, factors: t.factors },
      ),
    reference: (t) =>
      reference.adamwStep(t.w, t.gradient, t.m, t.v, t.hyper, block, factorOf(t.factors, block)),
  };
});

export const operation: Operation = { kernels: [STEP], checks };
