/** How a plan comes about: recorded; if need be anew, with choices that were measured and kernels that were checked. */

import { GpuError } from '../../core/errors.js';
import type { WorkOptions } from '../../core/work.js';
import type { Gpu } from '../device/gpu.js';
import { OTHER_ADAPTER, type PlanBuilder, type UntunedClass } from './plan.js';

/** Measures which choices are fastest for shapes that nothing is known of: `tuning/tuner.ts`. */
export interface ChoiceTuner {
  tune(classes: readonly UntunedClass[], work?: WorkOptions): Promise<void>;
}

/** Finds kernels that give wrong numbers before a plan uses them: `verify/planCheck.ts`. */
export interface KernelChecker {
  /**
   * Checks what `plan`, recorded and not yet built, is about to run, as far as nothing is known of it, and enters in
   * `gpu.broken` what is wrong.
   * @returns false when the plan names a kernel that is wrong, and has to be recorded anew
   * @throws DeviceLostError when the device is lost; OutOfMemoryError; the reason of `work.signal`
   */
  check(plan: PlanBuilder, work?: WorkOptions): Promise<boolean>;
}

/** Who is asked before plans on a Gpu are built; null where nothing is to be measured or checked. */
export interface PlanHelpers {
  tuner: ChoiceTuner | null;
  checker: KernelChecker | null;
}

const helpers = new WeakMap<Gpu, PlanHelpers>();

/** The helpers of a Gpu, to be read and set: a device knows nothing of plans. */
export function planHelpers(gpu: Gpu): PlanHelpers {
  let known = helpers.get(gpu);
  if (!known) {
    known = { tuner: null, checker: null };
    helpers.set(gpu, known);
  }
  return known;
}

/**
 * Records a plan. Where the Gpu has a tuner and the plan meets shapes that nothing is known of, they are measured;
 * where it has a checker, kernels that nothing is known of are checked. What either finds is used by recording anew.
 * The builder is not yet built.
 * @param make a new builder
 * @param record records everything, as often as it is called; what it gives back is handed on
 * @param work hears of `tune` and `check`; its signal ends either with its reason
 * @throws GpuError when an operation has no variant that gives right numbers on this adapter
 */
export async function recordPlan<T>(
  gpu: Gpu,
  make: () => PlanBuilder,
  record: (builder: PlanBuilder) => T,
  work: WorkOptions = {},
): Promise<{ builder: PlanBuilder; recorded: T }> {
  const { tuner, checker } = planHelpers(gpu);
  let builder = make();
  let recorded = record(builder);
  if (tuner && builder.untuned.size > 0) {
    await tuner.tune([...builder.untuned.values()], work);
    builder = make();
    recorded = record(builder);
  }
  while (checker && !(await checker.check(builder, work))) {
    builder = make();
    recorded = record(builder);
    refuseBroken(gpu, builder);
  }
  work.signal?.throwIfAborted();
  return { builder, recorded };
}

/** Where the shape leaves no choice, a kernel may be recorded although it is known to be wrong. */
function refuseBroken({ broken }: Gpu, { soFar: { dispatches } }: PlanBuilder): void {
  const kernel = dispatches.find((dispatch) => broken.has(dispatch.kernel.name))?.kernel;
  if (!kernel) return;
  throw new GpuError(
    `${kernel.name} gives wrong numbers on this adapter, and no other variant of ${kernel.op} fits here.`,
    OTHER_ADAPTER,
  );
}
