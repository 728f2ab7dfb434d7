/** A network and batches small enough for tests that call the model hundreds of times. */
import { densenetConfig } from '../../../src/densenet/architecture.js';
import type { Batch, FloatBatch, PixelBatch } from '../../../src/training/batch.js';
import type { Wrong } from '../refused.js';

export const config = densenetConfig('densenet121', {
  name: 'tiny',
  blocks: [1, 1],
  growthRate: 4,
  bottleneck: 2,
  stemChannels: 8,
  classes: 3,
});
export const SIDE = 16;
export const COUNT = 2;
export const LOSS = { posWeights: [0.5, 0.6, 0.7], negWeights: [0.5, 0.4, 0.3] };

export function pixelBatch(count = COUNT): PixelBatch {
  return {
    count,
    height: SIDE,
    width: SIDE,
    channels: 1,
    pixels: Uint8Array.from({ length: count * SIDE * SIDE }, (_, i) => (i * 31 + (i >> 4) * 7) & 255),
    normalisation: { kind: 'samplewise', epsilon: 1e-6 },
    labels: Float32Array.from({ length: count * 3 }, (_, i) => i % 2),
    files: Array.from({ length: count }, (_, i) => `${i}.png`),
  };
}

export function floatBatch(count = COUNT): FloatBatch {
  const { pixels, channels: _, normalisation: __, ...rest } = pixelBatch(count);
  return { ...rest, x: Float32Array.from({ length: 3 * pixels.length }, (_v, i) => Math.sin(i)) };
}

/** The batch with some of its fields replaced. */
export const changed = (batch: Batch, wrong: Wrong) => ({ ...batch, ...wrong }) as Batch;
