/** A network and batches so small that hundreds of calls take seconds. */
import { type DenseNetConfig, densenetConfig } from '../../../src/densenet/architecture.js';
import type { Batch, BatchSource, FloatBatch, Labelled, PixelBatch } from '../../../src/training/batch.js';
import type { Wrong } from '../refused.js';

export const TINY: DenseNetConfig = densenetConfig('densenet121', {
  name: 'tiny',
  blocks: [1, 1],
  growthRate: 8,
  bottleneck: 1,
  stemChannels: 8,
  classes: 2,
});
export const TINY_LOSS = { posWeights: [0.7, 0.4], negWeights: [0.3, 0.6] };

/** Of the images, and how many there are in a batch unless a test says otherwise. */
export const TINY_SIDE = 16;
export const TINY_COUNT = 2;

export function tinyBatch(seed: number, count = TINY_COUNT): Labelled<PixelBatch> {
  const side = TINY_SIDE;
  return {
    count,
    height: side,
    width: side,
    channels: 1,
    pixels: Uint8Array.from({ length: count * side * side }, (_, i) => (i * (31 + seed) + 7 * seed) & 255),
    normalisation: { kind: 'samplewise', epsilon: 1e-6 },
    labels: Float32Array.from({ length: 2 * count }, (_, i) => (i + seed) % 2),
    files: Array.from({ length: count }, (_, i) => `image ${seed}.${i}`),
  };
}

/** The same as x[b,h,w,3], of other numbers. */
export function tinyFloats(seed: number, count = TINY_COUNT): Labelled<FloatBatch> {
  const { pixels, channels: _, normalisation: __, ...rest } = tinyBatch(seed, count);
  return { ...rest, x: Float32Array.from({ length: 3 * pixels.length }, (_v, i) => Math.sin(i)) };
}

/** The batch with some of its fields replaced. */
export const changed = (batch: Batch, wrong: Wrong) => ({ ...batch, ...wrong }) as Batch;

/** Always the same batches in the same order. */
export function tinySource(batches = 2): BatchSource {
  return {
    length: batches,
    samples: 2 * batches,
    batchSize: 2,
    labels: ['one', 'two'],
    getBatch: async (i) => tinyBatch(40 + i),
    onEpochEnd: () => {},
  };
}

/** Batches of these sizes, another seed each, and what was asked of them: indices, and `end` for an epoch's end. */
export function recordedSource(sizes: readonly number[] = [2, 2]): {
  source: BatchSource;
  asked: (number | 'end')[];
} {
  const asked: (number | 'end')[] = [];
  const source: BatchSource = {
    length: sizes.length,
    samples: sizes.reduce((a, b) => a + b, 0),
    batchSize: sizes[0],
    labels: ['one', 'two'],
    getBatch: async (i) => {
      asked.push(i);
      return tinyBatch(40 + i, sizes[i]);
    },
    onEpochEnd: () => void asked.push('end'),
  };
  return { source, asked };
}
