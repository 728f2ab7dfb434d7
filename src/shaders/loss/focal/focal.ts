/** Focal loss of logits with its gradient. The formulas stand in the head of the kernel. */
import { kernels } from '../../../engine/plan/kernel.js';
import type { PlanBuilder } from '../../../engine/plan/plan.js';
import { elementLoss, type LossTensors } from '../elementLoss.js';
import naive from './focal.naive.wgsl';

export const FOCAL = kernels('loss.focal', { naive });

/** loss = mean over batch and classes of the focal loss; dz its gradient. */
export function focalLoss(
  plan: PlanBuilder,
  label: string,
  tensors: LossTensors,
  settings: { gamma: number; alpha: number },
): void {
  elementLoss(plan, label, FOCAL, tensors, settings);
}
