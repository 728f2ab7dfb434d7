/** Weights by their names, `conv1/conv/kernel[0,0,0,5]`. */
import type { ParameterSpec } from '../../training/parameterSpec.js';
import { parameterTable } from '../architecture.js';
import type { Graph } from './graph.js';

/** @returns null for what is no weight that learns @param text `conv1/conv/kernel[0,0,0,5]` */
export function parseWeight(
  graph: Graph,
  text: string,
): { spec: ParameterSpec; index: readonly number[] } | null {
  const [, key, inside] = /^(.+)\[(\s*\d+\s*(?:,\s*\d+\s*)*)\]$/.exec(text) ?? [];
  const spec = parameterTable(graph.config).find((one) => one.key === key && one.trainable);
  const index = inside?.split(',').map(Number) ?? [];
  const fits = spec && index.length === spec.shape.length && index.every((n, d) => n < spec.shape[d]);
  return fits ? { spec, index } : null;
}

/** Place in C order. */
export const placeOf = (shape: readonly number[], index: readonly number[]) =>
  index.reduce((place, n, d) => place * shape[d] + n, 0);
