/** Layers of a network by name, block or pattern. */
import { requireArray, requireObject, shown } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { nearNames } from '../../core/nearNames.js';
import type { ParameterSpec } from '../parameterSpec.js';

/** A network's layers, each as often as it has tensors. */
interface NamedLayers {
  readonly name: string;
  readonly parameters: readonly Pick<ParameterSpec, 'layer'>[];
}

/** Layers that have tensors, in the order of computation. */
export function layersOf({ parameters }: NamedLayers): string[] {
  return [...new Set(parameters.map(({ layer }) => layer))];
}

/** Words for the classifier, which is the last layer, and for all in front of it. */
const HEAD = 'head';
const BASE = 'base';

/** What a name may go on with: `conv2_block3` is a block of `conv2`, `conv1/bn` a layer of `conv1`. */
const PARTS = /[_/]/;

/** Every name that a layer is part of: `conv2_block1_0_bn` of conv2, conv2_block1, conv2_block1_0 and itself. */
const blocksOf = (layer: string): string[] =>
  [...layer].flatMap((letter, i) => (PARTS.test(letter) ? [layer.slice(0, i)] : [])).concat(layer);

/**
 * The layers that a pattern means: one of that name, those of a block (`conv1`, `conv2_block3`, `pool2`), those
 * whose whole name fits where there are `*` for any letters, `head` for the classifier, `base` for all but it.
 * @param option names the option in the message
 * @throws UsageError with names that are near, where it means none
 */
export function selectLayers(option: string, network: NamedLayers, pattern: string): string[] {
  requireObject('The network', network);
  requireArray('The network: parameters', network.parameters, 'of its tensors');
  if (typeof pattern !== 'string') {
    throw new UsageError(`${option} is ${shown(pattern)}, it must be the name of a layer or a block.`);
  }
  const layers = layersOf(network);
  const head = layers[layers.length - 1];
  if (pattern === HEAD) return [head];
  if (pattern === BASE) return layers.filter((layer) => layer !== head);
  const found = layers.filter((layer) =>
    pattern.includes('*') ? fits(layer, pattern) : blocksOf(layer).includes(pattern),
  );
  if (found.length > 0) return found;
  const names = [...new Set([BASE, HEAD, ...layers.flatMap(blocksOf)])];
  throw new UsageError(
    `${option}: ${network.name} has no layer '${pattern}'.`,
    `There is ${nearNames(pattern.replaceAll('*', ''), names, 4).join(', ')}.`,
  );
}

/** By its pieces between the stars, each as early as it comes: no pattern takes long. */
function fits(layer: string, pattern: string): boolean {
  const pieces = pattern.split('*');
  const [first, last] = [pieces[0], pieces[pieces.length - 1]];
  let at = first.length;
  const end = layer.length - last.length;
  if (!layer.startsWith(first) || !layer.endsWith(last) || end < at) return false;
  for (const piece of pieces.slice(1, -1)) {
    const found = layer.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}
