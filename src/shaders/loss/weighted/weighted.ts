/**
 * The weighted cross-entropy of the course's notebook with its exact gradient. The formulas stand in the head of the
 * naive kernel; semantics of Keras 2.3.1 (epsilon inside the logarithms, no clipping, no logits form).
 */
import { kernels } from '../../../engine/plan/kernel.js';
import type { PlanBuilder } from '../../../engine/plan/plan.js';
import type { Tensor } from '../../../engine/plan/tensor.js';
import { elementLoss, type LossTensors } from '../elementLoss.js';
import naive from './weighted.naive.wgsl';

export const WEIGHTED = kernels('loss.weighted', { naive });

/**
 * loss = sum over classes of the mean over the batch of the weighted cross-entropy; dz its gradient.
 * @param tensors dense; weights[1,1,1,2n]: for positive labels, then for negative ones
 */
export function weightedLoss(
  plan: PlanBuilder,
  label: string,
  tensors: LossTensors & { weights: Tensor },
  { epsilon = 1e-7 }: { epsilon?: number } = {},
): void {
  elementLoss(plan, label, WEIGHTED, tensors, { epsilon });
}
