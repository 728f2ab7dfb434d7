/** What the parts of a model share. */
import { kindOf, requireFields, shown } from '../../core/arguments.js';
import { NonFiniteError, UsageError } from '../../core/errors.js';
import { byteSize } from '../../core/formatting.js';
import { WORK } from '../../core/work.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { requireGpu } from '../../engine/device/requireGpu.js';
import type { Kernel } from '../../engine/plan/kernel.js';
import type { Precision } from '../../engine/plan/plan.js';
import type { BatchShape } from '../batch.js';
import type { Network } from '../network.js';
import type { WeightAverage } from '../updates/weightAverage.js';
import type { Parameters } from './parameters.js';

export interface ModelContext {
  gpu: Gpu;
  network: Network;
  parameters: Parameters;
  average: WeightAverage;
  variants: Readonly<Record<string, string>>;
  /** Callers' own, by the names of the built-in ones that they stand in for. */
  kernels: Readonly<Record<string, Kernel>>;
  /** Of predictions; training is always f32. */
  precision: Precision;
}

/** @throws NonFiniteError naming the image whose outputs are not finite */
export function assertFinite(values: Float32Array, perImage: number, files: readonly string[]): void {
  const bad = values.findIndex((v) => !Number.isFinite(v));
  if (bad < 0) return;
  const image = Math.floor(bad / perImage);
  throw new NonFiniteError(
    `Output ${bad % perImage} for ${files[image]} is ${values[bad]}.`,
    'Check the image (a constant image has no standard deviation) and the weights.',
  );
}

export function describeBatch(shape: BatchShape, bytes?: number): string {
  const memory = bytes === undefined ? '' : `, ${byteSize(bytes)}`;
  return `batch ${shape.count} at ${shape.width}x${shape.height}${memory}`;
}

/**
 * @param more names of options beside those of every model
 * @throws UsageError for what is no Gpu, and for another option: without `weights`, by a slip, they would be drawn
 */
export function checkModelOptions(
  where: string,
  gpu: Gpu,
  options: object,
  more: readonly string[] = [],
): void {
  requireGpu(where, gpu);
  const known = ['weights', 'seed', 'variants', 'kernels', 'precision', 'origin', 'size', ...WORK, ...more];
  // Whole: what `loadWeights` gives has much beside.
  const isLoaded = kindOf(options) === 'Object' && 'report' in options && 'weights' in options;
  if (!isLoaded) requireFields(`The options of ${where}`, options, known);
}

/**
 * What plans are recorded with: a caller's kernels in the place of built-in ones, and the variants that these are, as
 * far as the caller does not insist on others.
 * @throws UsageError for what `ownKernel` did not make
 */
export function recordedWith(
  kernels: readonly Kernel[] = [],
  variants: Readonly<Record<string, string>> = {},
): Pick<ModelContext, 'kernels' | 'variants'> {
  const own: Record<string, Kernel> = {};
  const meant: Record<string, string> = {};
  if (!Array.isArray(kernels)) throw new UsageError(`kernels is ${shown(kernels)}, it must be a list.`);
  for (const kernel of kernels) {
    if (!kernel?.own) throw new UsageError(`kernels: ${shown(kernel)} is no kernel of ownKernel().`);
    const { name, op, variant } = kernel.own.replaces;
    own[name] = kernel;
    meant[op] = variant;
  }
  return { kernels: own, variants: { ...meant, ...variants } };
}
