/**
 * Weights and inputs that no file has to carry: test/golden/shared/generated.py draws the very same numbers, so a
 * reference value made with Keras or PyTorch can be compared without any weight file.
 */

import { MT19937 } from '../../../src/core/mt19937.js';
import { type DenseNetConfig, parameterTable } from '../../../src/densenet/architecture.js';
import type { FloatBatch, Labelled } from '../../../src/training/batch.js';
import { tensorSeed } from '../../../src/training/initialisers.js';
import type { ParameterSpec } from '../../../src/training/parameterSpec.js';

/** float32 numbers from [low, high), from the stream of this seed and name. */
export function uniform(seed: number, key: string, size: number, low: number, high: number): Float32Array {
  const random = new MT19937(tensorSeed(seed, key));
  return Float32Array.from({ length: size }, () => random.uniform(low, high));
}

const RANGES: Record<string, [low: number, high: number]> = {
  bias: [-0.5, 0.5],
  gamma: [0.5, 1.5],
  beta: [-0.5, 0.5],
  moving_mean: [-0.2, 0.2],
  moving_variance: [0.5, 1.5],
  // A max pool of nine leaves next to nothing at 0 unless beta is well below 0, and the batch norms behind it
  // cancel scale and shift: without zeros the gradients of this gamma and beta would vanish.
  'conv1/bn/beta': [-1.5, -0.5],
};

function tensor({ key, shape, size, tensor: kind }: ParameterSpec, seed: number): Float32Array {
  if (kind !== 'kernel') return uniform(seed, key, size, ...(RANGES[key] ?? RANGES[kind]));
  const fanIn = shape.slice(0, -1).reduce((product, n) => product * n, 1);
  const limit = Math.sqrt(6 / fanIn);
  return uniform(seed, key, size, -limit, limit);
}

/** Tensors of a whole network that keeps the scale of its activations (kernels by He's rule). */
export function generatedWeights(config: DenseNetConfig, seed: number): Map<string, Float32Array> {
  return new Map(parameterTable(config).map((spec) => [spec.key, tensor(spec, seed)]));
}

/**
 * x[b,h,w,c], as normalised X-rays are: mean about 0, deviation about 1, large shapes under fine noise. Noise
 * alone would average out in the pools, and batch norms would blow up what is left of it.
 */
export function generatedImages(seed: number, count: number, size: number, channels = 3): Float32Array {
  const name = `${count}x${size}x${size}x${channels}`;
  const coarse = uniform(seed, `shapes ${name}`, count * 8 * 8 * channels, -1.4, 1.4);
  const x = uniform(seed, `noise ${name}`, count * size * size * channels, -1, 1);
  const cell = (i: number) => Math.floor((i * 8) / size);
  let i = 0;
  for (let b = 0; b < count; b++) {
    for (let h = 0; h < size; h++) {
      for (let w = 0; w < size; w++) {
        const shape = ((b * 8 + cell(h)) * 8 + cell(w)) * channels;
        for (let c = 0; c < channels; c++) x[i++] += coarse[shape + c];
      }
    }
  }
  return x;
}

/** A batch of such images, x[b,size,size,3], with labels, three in ten positive. */
export function generatedBatch(
  seed: number,
  count: number,
  size: number,
  classes = 14,
): Labelled<FloatBatch> {
  const labels = uniform(seed, `labels ${count}x${classes}`, count * classes, 0, 1);
  const limit = Math.fround(0.3);
  return {
    count,
    height: size,
    width: size,
    x: generatedImages(seed, count, size),
    labels: labels.map((v) => (v < limit ? 1 : 0)),
    files: Array.from({ length: count }, (_, i) => `generated image ${i}`),
  };
}

/** Weights of the loss, one per class. */
export function generatedLossWeights(classes = 14): { posWeights: number[]; negWeights: number[] } {
  const posWeights = Array.from({ length: classes }, (_, i) => 0.95 - 0.05 * i);
  return { posWeights, negWeights: posWeights.map((w) => 1 - w) };
}

/**
 * Moves betas by the k/64 of a golden file, one hex digit per channel, 0 for -8: away from ReLU's kinks
 * (test/golden/network/kinks.py).
 */
export function nudgeBetas(weights: Map<string, Float32Array>, nudges: Record<string, string>): void {
  for (const [norm, digits] of Object.entries(nudges)) {
    const key = `${norm}/beta`;
    const beta = weights.get(key);
    if (beta?.length !== digits.length)
      throw new RangeError(`${key} does not have ${digits.length} channels`);
    weights.set(
      key,
      beta.map((value, i) => value + (Number.parseInt(digits[i], 16) - 8) / 64),
    );
  }
}

/** Smaller logits, so that no sigmoid saturates. */
export function scaleHead(weights: Map<string, Float32Array>, factor: number): void {
  weights.set(
    'dense_1/kernel',
    weights.get('dense_1/kernel')!.map((v) => v * factor),
  );
}

/** The first image of a batch alone. */
export function firstImage(batch: Labelled<FloatBatch>): Labelled<FloatBatch> {
  const { count, x, labels, files } = batch;
  return {
    ...batch,
    count: 1,
    x: x.slice(0, x.length / count),
    labels: labels.slice(0, labels.length / count),
    files: files.slice(0, 1),
  };
}
