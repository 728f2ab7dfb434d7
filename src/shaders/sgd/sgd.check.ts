/** The cases on which sgd.ts is checked: with and without a tail after the last four, momentum and Nesterov. */
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { factorOf, factorsIn, factorTensor } from '../perParameter.check.js';
import { STEP, sgdStep } from './sgd.js';
import * as reference from './sgd.reference.js';

const CASES: {
  title: string;
  size: number;
  momentum: number;
  nesterov: number;
  block?: number;
  race?: boolean;
}[] = [
  { title: '103 parameters, momentum 0.9', size: 103, momentum: 0.9, nesterov: 0 },
  { title: '102 parameters, Nesterov', size: 102, momentum: 0.9, nesterov: 1 },
  { title: '64 parameters, no momentum', size: 64, momentum: 0, nesterov: 0 },
  { title: '3 parameters, Nesterov', size: 3, momentum: 0.5, nesterov: 1 },
  { title: '202 parameters, factors on blocks of 64', size: 202, momentum: 0.9, nesterov: 1, block: 64 },
  { title: 'block 4 of DenseNet121', size: 2_186_240, momentum: 0.9, nesterov: 0, race: true },
];

const checks: CheckCase[] = CASES.map(({ title, size, momentum, nesterov, block, race }): CheckCase => {
  const shape: Shape = [1, 1, 1, size];
  const hyper = [0.1, momentum, nesterov, 0];
  return {
    op: 'sgd.step',
    title,
    variants: Object.keys(STEP),
    race,
    tensors: {
      w: { shape, role: 'inout' },
      gradient: { shape, role: 'input' },
      velocity: { shape, role: 'inout' },
      hyper: { shape: [1, 1, 1, 4], role: 'input', fill: (_, i) => hyper[i] },
      ...(block && { factors: factorTensor(size, block) }),
    },
    record: (plan, t) =>
      sgdStep(
        plan,
        'check',
        { w: t.w, gradient: t.gradient, velocity: t.velocity, hyper: t.hyper },
        factorsIn(t.factors, block),
      ),
    reference: (t) => reference.sgdStep(t.w, t.gradient, t.velocity, t.hyper, factorOf(t.factors, block)),
  };
});

export const operation: Operation = { kernels: [STEP], checks };
