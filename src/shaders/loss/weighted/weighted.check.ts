/** The cases on which weighted.ts is checked: both epsilons of the course's notebook. */
import type { Operation } from '../../checkCase.js';
import { lossCases } from '../loss.check.js';
import { WEIGHTED, weightedLoss } from './weighted.js';
import * as reference from './weighted.reference.js';

const checks = [1e-7, 1].flatMap((epsilon) =>
  lossCases({
    op: 'loss.weighted',
    variants: Object.keys(WEIGHTED),
    settings: epsilon === 1 ? 'epsilon 1' : '',
    constants: (classes) => ({
      weights: { shape: [1, 1, 1, 2 * classes], role: 'input', fill: (random) => random() },
    }),
    record: (plan, { z, labels, weights, p, loss, dz }) =>
      weightedLoss(plan, 'check', { z, labels, weights, p, loss, dz }, { epsilon }),
    reference: ({ z, labels, weights }) => reference.weightedLoss(z, labels, weights, epsilon),
  }),
);

export const operation: Operation = { kernels: [WEIGHTED], checks };
