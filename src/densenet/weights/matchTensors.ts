/** Whether tensors are a network's, and words on what stands behind its base. */
import { firstNotFinite, kindOf, shown } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import { type DenseNetConfig, parameterTable } from '../architecture.js';

/** In place of a head's name: take the base alone. */
export const NO_HEAD = 'none';

export const HEAD_HINT =
  "Say with 'head' (--head) which of them is the classifier, or 'none' for the base alone.";

const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/**
 * Throws WeightsError unless every tensor in `tensors` belongs to the network, has its size and holds
 * finite numbers, and none is missing (`partial: true` allows that, for a base without its head).
 */
export function checkWeights(
  tensors: WeightMap,
  config: DenseNetConfig,
  { partial = false, name = 'The weights' } = {},
): void {
  const table = parameterTable(config);
  for (const spec of table) {
    const values = tensors.get(spec.key);
    if (!values) {
      if (partial) continue;
      throw new WeightsError(`${name} lack ${spec.key} ${shapeText(spec.shape)} of ${config.name}.`);
    }
    if (kindOf(values) !== 'Float32Array') {
      throw new WeightsError(`${name}: ${spec.key} is ${shown(values)}; it must be a Float32Array.`);
    }
    if (values.length !== spec.size) {
      throw new WeightsError(
        `${name}: layer ${spec.layer}, ${spec.tensor} has ${values.length} numbers, ${config.name} wants ` +
          `${spec.size} ${shapeText(spec.shape)}.`,
      );
    }
    checkFinite(values, `${name}: layer ${spec.layer}, ${spec.tensor}`);
  }
  const known = new Set(table.map((spec) => spec.key));
  for (const key of tensors.keys()) {
    if (!known.has(key)) throw new WeightsError(`${name} hold ${key}, which ${config.name} does not have.`);
  }
}

/** Throws WeightsError when `values` holds a NaN or an infinity; `what` names the tensor. */
export function checkFinite(values: Float32Array, what: string): void {
  const at = firstNotFinite(values);
  if (at < 0) return;
  throw new WeightsError(
    `${what} holds ${values[at]} at position ${at}.`,
    'The network that made it had diverged; use an earlier checkpoint.',
  );
}
