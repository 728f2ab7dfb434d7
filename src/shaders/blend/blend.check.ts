/** The cases on which blend.ts is checked: with and without a tail after the last four; all of one and of the other. */
import type { CheckCase, Operation, Shape } from '../checkCase.js';
import { factorOf, factorsIn, factorTensor } from '../perParameter.check.js';
import { BLEND, blend } from './blend.js';
import * as reference from './blend.reference.js';

const CASES: { title: string; size: number; share: number; block?: number; race?: boolean }[] = [
  { title: '103 parameters, a third', size: 103, share: 1 / 3 },
  { title: '102 parameters, all of the mean so far', size: 102, share: 1 },
  { title: '64 parameters, none of it', size: 64, share: 0 },
  { title: '3 parameters, 0.999', size: 3, share: 0.999 },
  { title: '202 parameters, factors on blocks of 64', size: 202, share: 0.75, block: 64 },
  { title: 'block 4 of DenseNet121', size: 2_186_240, share: 0.5, race: true },
];

const checks: CheckCase[] = CASES.map(({ title, size, share, block, race }): CheckCase => {
  const shape: Shape = [1, 1, 1, size];
  return {
    op: 'blend.step',
    title,
    variants: Object.keys(BLEND),
    race,
    tensors: {
      mean: { shape, role: 'inout' },
      other: { shape, role: 'input' },
      share: { shape: [1, 1, 1, 4], role: 'input', fill: (_, i) => (i === 0 ? share : 0) },
      ...(block && { factors: factorTensor(size, block) }),
    },
    record: (plan, t) =>
      blend(plan, 'check', { mean: t.mean, other: t.other, share: t.share }, factorsIn(t.factors, block)),
    reference: (t) => ({
      mean: reference.blend(t.mean, t.other, t.share.data[0], factorOf(t.factors, block)),
    }),
  };
});

export const operation: Operation = { kernels: [BLEND], checks };
