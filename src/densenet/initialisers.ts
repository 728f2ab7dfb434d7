import { drawWeights } from '../training/initialisers.js';
import type { WeightMap } from '../training/parameterSpec.js';
import { type DenseNetConfig, parameterTable } from './architecture.js';
import { checkedConfig } from './config.js';

/**
 * The weights that a DenseNet starts from, drawn as Keras draws them.
 * @throws UsageError unless `seed` is an integer in [0, 2^32), or for a configuration that no network can have
 */
export function initialWeights(config: DenseNetConfig, seed: number): WeightMap {
  return drawWeights({ parameters: parameterTable(checkedConfig(config)) }, seed);
}
