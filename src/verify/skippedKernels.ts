/** Kernels that an adapter cannot run, and why: what the self-test leaves out. */
import type { Gpu } from '../engine/device/gpu.js';
import { kernelObstacle } from '../engine/wgsl/subgroupMatrix.js';
import type { CheckResult } from '../shaders/checkCase.js';
import { ALL_KERNELS } from '../shaders/registry.js';
import { checksOf } from './checksOf.js';

export interface SkippedKernel {
  /** E.g. `conv.forward.subgroupMatrix`. */
  kernel: string;
  why: string;
}

/**
 * The variants of the tested operations that no result is about.
 * @param ops as given to `selfTest`
 */
export function skippedKernels(
  gpu: Gpu,
  results: readonly CheckResult[],
  ops?: readonly string[],
): SkippedKernel[] {
  const tested = new Set(checksOf(ops).map(({ op }) => op));
  const ran = new Set(results.map(({ op, variant }) => `${op}.${variant}`));
  return ALL_KERNELS.filter(({ op, name }) => tested.has(op) && !ran.has(name)).map(({ name, declared }) => ({
    kernel: name,
    why: kernelObstacle(gpu, declared.enables) ?? 'no small shape of the self-test suits it',
  }));
}
