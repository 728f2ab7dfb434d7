/** The weights that a DenseNet starts from: all of them, or a new head on a base that has learned. */
import { requireFields, requireObject } from '../core/arguments.js';
import { drawWeights } from '../training/initialisers.js';
import { requireWeightMap, type WeightMap } from '../training/parameterSpec.js';
import { type DenseNetConfig, HEAD_LAYER, parameterTable } from './architecture.js';
import { checkedConfig, type HeadOptions, outputsWanted } from './config.js';

/**
 * The weights that a DenseNet starts from, drawn as Keras draws them.
 * @throws UsageError unless `seed` is an integer in [0, 2^32), or for a configuration that no network can have
 */
export function initialWeights(config: DenseNetConfig, seed: number): WeightMap {
  return drawWeights({ parameters: parameterTable(checkedConfig(config)) }, seed);
}

/**
 * The network with another head: every tensor of the base is kept, the head's kernel is drawn by Keras' rule
 * (glorot_uniform, `initialWeights`) from `seed`, its bias is 0. Whether there was a head, and of how many outputs,
 * makes no difference.
 * @param network with its weights by key; the head's may be missing
 * @param head how many outputs; default: as many as `config.classes`
 * @returns copies of neither the base's tensors nor anything else that stays: a new map of the same arrays
 * @throws WeightsError for weights that are no Map; UsageError as `outputsWanted`, and unless `seed` is an integer in
 *   [0, 2^32)
 */
export function replaceHead(
  network: { config: DenseNetConfig; weights: WeightMap },
  head: HeadOptions & { seed?: number } = {},
): { config: DenseNetConfig; weights: WeightMap } {
  requireObject('The network', network);
  requireFields('The options of replaceHead', head, ['labels', 'classes', 'seed']);
  const { config, weights } = network;
  requireWeightMap(weights);
  const replaced = checkedConfig({ ...config, classes: outputsWanted(head, config.classes) });
  const isHead = (key: string) => key.startsWith(`${HEAD_LAYER}/`);
  const base = [...weights].filter(([key]) => !isHead(key));
  const drawn = [...initialWeights(replaced, head.seed ?? 0)].filter(([key]) => isHead(key));
  return { config: replaced, weights: new Map([...base, ...drawn]) };
}
