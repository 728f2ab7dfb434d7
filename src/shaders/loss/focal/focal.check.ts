/** The cases on which focal.ts is checked: the paper's settings, and others of which one power is no whole number. */
import type { Operation } from '../../checkCase.js';
import { lossCases } from '../loss.check.js';
import { FOCAL, focalLoss } from './focal.js';
import * as reference from './focal.reference.js';

const SETTINGS = [
  { gamma: 2, alpha: 0.25 },
  { gamma: 0, alpha: 0.5 },
  { gamma: 1.5, alpha: 0.9 },
];

const checks = SETTINGS.flatMap(({ gamma, alpha }, i) =>
  lossCases({
    op: 'loss.focal',
    variants: Object.keys(FOCAL),
    settings: i === 0 ? '' : `gamma ${gamma}, alpha ${alpha}`,
    record: (plan, { z, labels, p, loss, dz }) =>
      focalLoss(plan, 'check', { z, labels, p, loss, dz }, { gamma, alpha }),
    reference: ({ z, labels }) => reference.focalLoss(z, labels, gamma, alpha),
  }),
);

export const operation: Operation = { kernels: [FOCAL], checks };
