/** What the parts of a model share. */
import { shown } from '../../core/arguments.js';
import { NonFiniteError, UsageError } from '../../core/errors.js';
import { byteSize } from '../../core/formatting.js';
import type { Gpu } from '../../engine/device/gpu.js';
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

/** @throws UsageError unless it is a Gpu; `where` names the function that wants it */
export function requireGpu(where: string, gpu: unknown): void {
  if (typeof (gpu as Gpu | undefined | null)?.guarded === 'function') return;
  throw new UsageError(
    `The first argument of ${where} is ${shown(gpu)}, it must be a Gpu.`,
    'openGpu() gives one, openNodeGpu() gives { gpu }, and Gpu.borrow(device) makes one of a GPUDevice.',
  );
}
