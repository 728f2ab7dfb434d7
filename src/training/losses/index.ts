/** The losses that there are, one line each. The first is the default. */
import type { LossKind } from './loss.js';
import { WEIGHTED } from './weightedCrossEntropy.js';

export const LOSSES: readonly LossKind[] = [WEIGHTED];

export type { Loss, LossChoice, LossData, LossKind, LossTensors } from './loss.js';
export * from './weightedCrossEntropy.js';
