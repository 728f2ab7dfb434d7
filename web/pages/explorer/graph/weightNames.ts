/** Weights by their names, `conv1/conv/kernel[0,0,0,5]`. */
import { type ParameterSpec, parameterTable } from 'chexgpu';
import type { Place } from '../place.js';
import { type Graph, isEnd } from './graph.js';

/** @returns null for what is no weight that learns @param text `conv1/conv/kernel[0,0,0,5]` */
export function parseWeight(
  graph: Graph,
  text: string,
): { spec: ParameterSpec; index: readonly number[] } | null {
  const [, key, inside] = /^(.+)\[([\d,\s]*)\]$/.exec(text) ?? [];
  const spec = parameterTable(graph.config).find((one) => one.key === key && one.trainable);
  const index = inside?.split(',').map(Number) ?? [];
  const fits = spec && index.length === spec.shape.length && index.every((n, d) => n < spec.shape[d]);
  return fits ? { spec, index } : null;
}

/** Place in C order. */
export const placeOf = (shape: readonly number[], index: readonly number[]) =>
  index.reduce((place, n, d) => place * shape[d] + n, 0);

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
