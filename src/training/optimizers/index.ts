/** The optimizers that there are, one line each. The first is the default. */
import { shown } from '../../core/arguments.js';
import { ADAM } from './adam.js';
import type { OptimizerKind } from './optimizer.js';

export const OPTIMIZERS: readonly OptimizerKind[] = [ADAM];

/** The kind of that name, or undefined. */
export function findOptimizer(name: unknown): OptimizerKind | undefined {
  return OPTIMIZERS.find((kind) => kind.name === name);
}

/** In words, for messages about an optimizer that there is not. */
export function noOptimizer(name: unknown): string {
  return `There is no optimizer ${shown(name)}; there is ${OPTIMIZERS.map((kind) => kind.name).join(', ')}.`;
}
