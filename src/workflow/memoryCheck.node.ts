/** Whether the work fits the adapter: asked before images are decoded and kernels compiled. */
import { totalmem } from 'node:os';
import type { DenseNetConfig } from '../densenet/architecture.js';
import { densenetNetwork } from '../densenet/network.js';
import type { Gpu } from '../engine/device/gpu.js';
import type { BatchShape } from '../training/batch.js';
import { requireRoom } from '../training/model/memoryEstimate.js';
import { checkImageSize } from '../training/network.js';
import type { Dataset } from './data/dataset.node.js';
import type { Preset, TrainingChoices } from './training/presets.js';

/**
 * For `withSession`.
 * @throws OutOfMemoryError naming the largest image or batch that fits; UsageError for an image size that the network
 *   cannot halve as often as it does
 */
export function roomFor(
  config: DenseNetConfig,
  mode: 'predict' | 'train',
  shape: BatchShape | ((gpu: Gpu) => BatchShape),
): (gpu: Gpu) => void {
  return (gpu) => {
    // What runs in software has the memory of the processor; of other adapters WebGPU does not say it.
    const memory = gpu.info.kind === 'software' ? totalmem() : undefined;
    const batch = typeof shape === 'function' ? shape(gpu) : shape;
    const network = densenetNetwork(config);
    for (const side of [batch.height, batch.width]) checkImageSize(network, side);
    requireRoom(gpu, network, mode, batch, memory);
  };
}

/** A training's largest batch: as chosen, else of what is usual on this adapter, but no more than there are images. */
export function trainingShape(
  choices: Pick<TrainingChoices, 'size' | 'batchSize'>,
  presets: Record<'hardware' | 'software', Preset>,
  dataset: Pick<Dataset, 'train' | 'valid' | 'test'> | null,
): (gpu: Gpu) => BatchShape {
  return (gpu) => {
    const preset = presets[gpu.info.kind];
    const { size = preset.size, batchSize = preset.batchSize } = choices;
    const { train, valid, test } = dataset ?? {};
    const images = [train, valid, test].map((frame) => frame?.images.length ?? batchSize);
    return { count: Math.min(batchSize, Math.max(...images)), height: size, width: size };
  };
}
