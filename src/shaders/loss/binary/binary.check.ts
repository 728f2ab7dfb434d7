/** The cases on which binary.ts is checked. */
import type { Operation } from '../../checkCase.js';
import { lossCases } from '../loss.check.js';
import { BINARY, binaryLoss } from './binary.js';
import * as reference from './binary.reference.js';

const checks = lossCases({
  op: 'loss.binary',
  variants: Object.keys(BINARY),
  record: (plan, { z, labels, p, loss, dz }) => binaryLoss(plan, 'check', { z, labels, p, loss, dz }),
  reference: ({ z, labels }) => reference.binaryLoss(z, labels),
});

export const operation: Operation = { kernels: [BINARY], checks };
