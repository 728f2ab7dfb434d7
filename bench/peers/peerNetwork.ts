/** What all engines run: weights, images and labels, the same for everybody and every time. */
import { MT19937 } from '../../src/core/mt19937.js';
import {
  type DenseNetConfig,
  type Layer,
  layerTable,
  parameterTable,
} from '../../src/densenet/architecture.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import { tensorSeed } from '../../src/training/initialisers.js';
import type { ParameterSpec, WeightMap } from '../../src/training/parameterSpec.js';

export const BENCH_SEED = 2026;

/** A network as an engine that is not ours makes it anew. */
export interface PeerNetwork {
  config: DenseNetConfig;
  layers: readonly Layer[];
  parameters: readonly ParameterSpec[];
  weights: WeightMap;
}

export function peerNetwork(config: DenseNetConfig): PeerNetwork {
  return {
    config,
    layers: layerTable(config),
    parameters: parameterTable(config),
    weights: benchWeights(config, BENCH_SEED),
  };
}

/**
 * Keras' initial kernels, with batch norms that do something: gamma in 1..1.4, beta and moving mean in
 * -0.1..0.1, moving variance in 0.5..1.5. Otherwise a peer that leaves them out would go unnoticed.
 */
export function benchWeights(config: DenseNetConfig, seed: number): WeightMap {
  const ranges: Partial<Record<ParameterSpec['tensor'], [number, number]>> = {
    gamma: [1, 1.4],
    beta: [-0.1, 0.1],
    moving_mean: [-0.1, 0.1],
    moving_variance: [0.5, 1.5],
    bias: [-0.1, 0.1],
  };
  const weights = initialWeights(config, seed);
  for (const { key, tensor } of parameterTable(config)) {
    const range = ranges[tensor];
    if (!range) continue;
    const random = new MT19937(tensorSeed(seed, `${key} of the bench`));
    const values = weights.get(key)!;
    for (let i = 0; i < values.length; i++) values[i] = random.uniform(...range);
  }
  return weights;
}

/** Images and labels of a batch. */
export interface BenchBatch {
  /** x[b,h,w,c], mean near 0, variance near 1. */
  x: Float32Array;
  /** labels[b,classes], 0 or 1. */
  labels: Float32Array;
}

/**
 * Images that differ: a brightness for each image and channel, waves of a few cycles, noise. Of noise alone
 * the network would make nearly the same probabilities for all.
 */
export function benchBatch(config: DenseNetConfig, batch: number, size: number, seed: number): BenchBatch {
  const random = new MT19937(tensorSeed(seed, `${batch}x${size}`));
  const channels = config.inputChannels;
  const x = new Float32Array(batch * size * size * channels);
  for (let b = 0; b < batch; b++) {
    for (let c = 0; c < channels; c++) {
      const [brightness, contrast, phase] = [
        random.uniform(-1, 1),
        random.uniform(0, 1.5),
        random.uniform(0, 6.3),
      ];
      const [down, across] = [random.uniform(0.05, 1), random.uniform(0.05, 1)];
      for (let i = 0; i < size * size; i++) {
        const wave = Math.sin(phase + down * Math.floor(i / size) + across * (i % size));
        x[(b * size * size + i) * channels + c] = brightness + contrast * wave + random.uniform(-0.5, 0.5);
      }
    }
  }
  const labels = new Float32Array(batch * config.classes);
  for (let i = 0; i < labels.length; i++) labels[i] = random.uniform(0, 1) < 0.3 ? 1 : 0;
  return { x, labels };
}
