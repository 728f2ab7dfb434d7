/** The weights that a DenseNet starts from: all of them, or a new head on a base that has learned. */
import { listOfStrings, requireObject, wholeNumber } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import { drawWeights } from '../training/initialisers.js';
import type { WeightMap } from '../training/parameterSpec.js';
import { type DenseNetConfig, HEAD_LAYER, parameterTable } from './architecture.js';
import { checkedConfig } from './config.js';

/**
 * The weights that a DenseNet starts from, drawn as Keras draws them.
 * @throws UsageError unless `seed` is an integer in [0, 2^32), or for a configuration that no network can have
 */
export function initialWeights(config: DenseNetConfig, seed: number): WeightMap {
  return drawWeights({ parameters: parameterTable(checkedConfig(config)) }, seed);
}

/** How many outputs a head has: by their names, or by their number. */
export interface HeadOptions {
  /** One output per name. */
  labels?: readonly string[];
  classes?: number;
}

/**
 * The outputs that are asked for.
 * @param usual where neither is given
 * @throws UsageError for a number that no head has, and for names and a number that contradict each other
 */
export function outputsWanted({ labels, classes }: HeadOptions, usual: number): number {
  const names = labels === undefined ? undefined : listOfStrings('labels', labels, 'name');
  if (classes !== undefined) wholeNumber('classes', classes, 1);
  if (names && classes !== undefined && names.length !== classes) {
    throw new UsageError(
      `There are ${names.length} labels, and classes is ${classes}.`,
      'Leave one of them out.',
    );
  }
  const wanted = names?.length ?? classes ?? usual;
  if (wanted === 0) throw new UsageError('labels is empty.', 'Give one name per output.');
  return wanted;
}

/**
 * The network with another head: every tensor of the base is kept, the head's kernel is drawn by Keras' rule
 * (glorot_uniform, `initialWeights`) from `seed`, its bias is 0. Whether there was a head, and of how many outputs,
 * makes no difference.
 * @param network with its weights by key; the head's may be missing
 * @param head how many outputs; default: as many as `config.classes`
 * @returns copies of neither the base's tensors nor anything else that stays: a new map of the same arrays
 * @throws UsageError as `outputsWanted`, and unless `seed` is an integer in [0, 2^32)
 */
export function replaceHead(
  { config, weights }: { config: DenseNetConfig; weights: WeightMap },
  head: HeadOptions & { seed?: number } = {},
): { config: DenseNetConfig; weights: WeightMap } {
  requireObject('The options of replaceHead', head);
  const replaced = checkedConfig({ ...config, classes: outputsWanted(head, config.classes) });
  const isHead = (key: string) => key.startsWith(`${HEAD_LAYER}/`);
  const base = [...weights].filter(([key]) => !isHead(key));
  const drawn = [...initialWeights(replaced, head.seed ?? 0)].filter(([key]) => isHead(key));
  return { config: replaced, weights: new Map([...base, ...drawn]) };
}

/** Whether weights have a head of so many outputs. */
export function hasHead(weights: WeightMap, classes: number): boolean {
  return weights.get(`${HEAD_LAYER}/bias`)?.length === classes;
}
