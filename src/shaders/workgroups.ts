/** How kernels are cut into workgroups and slices, by kind of adapter. */
import type { PlanBuilder } from '../engine/plan/plan.js';

/** Threads per workgroup for one row of tiles: software runs a workgroup on one core, so small ones waste less. */
export function workgroupSize(plan: PlanBuilder): number {
  return plan.gpu.info.kind === 'software' ? 8 : 64;
}

/** Longest run of pixels that one f32 sum takes; longer ones lose digits. */
export const PIXELS_PER_SLICE = 4096;
