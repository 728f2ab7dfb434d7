/** A network and a batch to measure with: drawn weights, random pixels and labels, the same every time. */

import { MT19937 } from '../../src/core/mt19937.js';
import type { DenseNetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import type { GpuInfo } from '../../src/engine/device/gpuInfo.js';
import type { Plan, Precision } from '../../src/engine/plan/plan.js';
import type { PixelBatch } from '../../src/training/batch.js';
import type { ModelOptions } from '../../src/training/model/model.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';

export type PlanKind = 'predict' | 'train';

export interface Workload {
  kind: PlanKind;
  batch: number;
  /** Side of the square images, pixels. */
  size: number;
  /** `f16`: predictions may round what convolutions multiply. Default f32. */
  precision?: Precision;
}

export function workloadName({ kind, batch, size, precision = 'f32' }: Workload): string {
  return `${kind} ${batch}x${size}${precision === 'f32' ? '' : ` ${precision}`}`;
}

/** What is measured unless somebody says otherwise: software takes minutes for what a GPU does at once. */
const USUAL: Record<GpuInfo['kind'], Record<PlanKind, Omit<Workload, 'kind'>>> = {
  software: { predict: { batch: 1, size: 224 }, train: { batch: 4, size: 64 } },
  hardware: { predict: { batch: 32, size: 320 }, train: { batch: 32, size: 320 } },
};

export function workloadOf(
  kind: PlanKind,
  { size, batch }: { size?: number; batch?: number },
  adapter: GpuInfo['kind'],
): Workload {
  const usual = USUAL[adapter][kind];
  return { kind, batch: batch ?? usual.batch, size: size ?? usual.size };
}

export interface FixtureOptions {
  config: DenseNetConfig;
  /** Default: drawn. */
  weights?: WeightMap;
  variants?: ModelOptions['variants'];
  precision?: Precision;
  onProgress?: ModelOptions['onProgress'];
}

/** A network that can predict and train. */
export async function createModel(gpu: Gpu, options: FixtureOptions): Promise<DenseNet> {
  const model = await DenseNet.create(gpu, options);
  const half = Array<number>(options.config.classes).fill(0.5);
  await model.compile({ posWeights: half, negWeights: half });
  return model;
}

/** Gray pixels, each image to be normalised by itself on the GPU, as in training. */
export function randomBatch(
  config: DenseNetConfig,
  { batch, size }: Pick<Workload, 'batch' | 'size'>,
): PixelBatch {
  const random = new MT19937(batch * 65536 + size);
  // A few thousand random bytes, over and over, shifted by a prime: drawing every pixel would take seconds.
  const noise = Uint8Array.from({ length: 8191 }, () => Math.floor(random.random() * 256));
  return {
    count: batch,
    height: size,
    width: size,
    channels: 1,
    pixels: Uint8Array.from({ length: batch * size * size }, (_, i) => noise[i % noise.length]),
    normalisation: { kind: 'samplewise', epsilon: 1e-6 },
    labels: Float32Array.from({ length: batch * config.classes }, () => (random.random() < 0.2 ? 1 : 0)),
    files: Array.from({ length: batch }, (_, i) => `random image ${i}`),
  };
}

/** One call, from pixels to the result: probabilities, or the loss after which the weights are updated. */
export async function callModel(model: DenseNet, kind: PlanKind, batch: PixelBatch): Promise<void> {
  if (kind === 'predict') await model.predict(batch);
  else await model.trainStep(batch);
}

/** The plan of a workload, with one real batch in its buffers. */
export async function filledPlan(model: DenseNet, { kind, batch, size }: Workload): Promise<Plan> {
  await callModel(model, kind, randomBatch(model.config, { batch, size }));
  return model.planOf(kind, batch, size);
}
