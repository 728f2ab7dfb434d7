/** Weights by their names, `conv1/conv/kernel[0,0,0,5]`. */
import { parseWeight, placeOf } from '../../../../src/densenet/trace/weightNames.js';
import type { Place } from '../place.js';
import { type Graph, isEnd } from './graph.js';

export { parseWeight, placeOf };

/** A change of place, with a weight of where it leads to while updates are looked at. */
export function withWeight(graph: Graph, place: Place, change: Partial<Place>): Partial<Place> {
  const next = { ...place, ...change };
  if (next.direction !== 'update' || change.weight !== undefined) return change;
  const stays = place.direction === 'update' && next.layer === place.layer && next.channel === place.channel;
  return stays ? change : { ...change, weight: weightAt(graph, next) };
}

/** The weight to look at from a place: one of those that made its channel, in the middle of its window. */
export function weightAt(
  graph: Graph,
  { layer, channel, weight }: Pick<Place, 'layer' | 'channel' | 'weight'>,
): string {
  if (isEnd(layer)) return weight;
  const written = graph.written(layer, channel);
  const { name, kind, kernel } = graph.layer(written.name);
  const known = parseWeight(graph, weight);
  if (known?.spec.layer === name && known.index[known.index.length - 1] === written.channel) return weight;
  const middle = Math.floor(kernel / 2);
  if (kind === 'conv') return `${name}/kernel[${middle},${middle},0,${written.channel}]`;
  if (kind === 'dense') return `${name}/kernel[0,${written.channel}]`;
  return kind === 'batchnorm' ? `${name}/gamma[${written.channel}]` : weight;
}
