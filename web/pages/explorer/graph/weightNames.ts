/** Weights by their names, `conv1/conv/kernel[0,0,0,5]`. */
import { parseWeight, placeOf } from '../../../../src/densenet/trace/weightNames.js';
import type { Place } from '../place.js';
import { type Graph, isEnd } from './graph.js';

export { parseWeight, placeOf };

/** The weight to look at from a place: one of those that made its channel, in the middle of its window. */
export function weightAt(
  graph: Graph,
  { layer, channel, weight }: Pick<Place, 'layer' | 'channel' | 'weight'>,
): string {
  if (isEnd(layer)) return weight;
  const written = graph.written(layer, channel);
  const { name, kind, kernel } = graph.layer(written.name);
  if (parseWeight(graph, weight)?.spec.layer === name) return weight;
  const middle = Math.floor(kernel / 2);
  if (kind === 'conv') return `${name}/kernel[${middle},${middle},0,${written.channel}]`;
  if (kind === 'dense') return `${name}/kernel[0,${written.channel}]`;
  return kind === 'batchnorm' ? `${name}/gamma[${written.channel}]` : weight;
}
