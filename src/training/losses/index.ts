/** The losses that there are, one line each. The first is the default. */
import { BCE } from './binaryCrossEntropy.js';
import { FOCAL } from './focal.js';
import type { LossKind } from './loss.js';
import { WEIGHTED } from './weightedCrossEntropy.js';

export const LOSSES: readonly LossKind[] = [WEIGHTED, BCE, FOCAL];

export { type BinarySettings, binaryCrossEntropy } from './binaryCrossEntropy.js';
export { type FocalSettings, focal } from './focal.js';
export type { Loss, LossChoice, LossData, LossKind, LossTensors } from './loss.js';
export {
  type WeightedCrossEntropy,
  type WeightedSettings,
  weightedCrossEntropy,
} from './weightedCrossEntropy.js';
