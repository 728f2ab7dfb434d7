/** Binary cross-entropy of logits with its gradient. The formulas stand in the head of the kernel. */
import { kernels } from '../../../engine/plan/kernel.js';
import type { PlanBuilder } from '../../../engine/plan/plan.js';
import { elementLoss, type LossTensors } from '../elementLoss.js';
import naive from './binary.naive.wgsl';

export const BINARY = kernels('loss.binary', { naive });

/** loss = mean over batch and classes of the binary cross-entropy; dz its gradient. */
export function binaryLoss(plan: PlanBuilder, label: string, tensors: LossTensors): void {
  elementLoss(plan, label, BINARY, tensors, {});
}
