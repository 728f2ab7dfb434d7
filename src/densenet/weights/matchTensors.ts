/** Whether tensors are a network's, and words on what stands behind its base. */
import { firstIndex, firstNotFinite, kindOf, shown } from '../../core/arguments.js';
import { WeightsError } from '../../core/errors.js';
import type { ParameterSpec, WeightMap } from '../../training/parameterSpec.js';
import { type DenseNetConfig, parameterTable } from '../architecture.js';

/** In place of a head's name: take the base alone. */
export const NO_HEAD = 'none';

export const HEAD_HINT = "Say with `head` which of them is the classifier, or 'none' for the base alone.";

/** `[3, 3, 64, 32]` */
export const shapeText = (shape: readonly number[]): string => `[${shape.join(', ')}]`;

/**
 * Throws WeightsError unless every tensor in `tensors` belongs to the network, has its size and holds
 * numbers that it can have, and none is missing (`partial: true` allows that, for a base without its head).
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
    checkNumbers(spec, values, `${name}: layer ${spec.layer}, ${spec.tensor}`);
  }
  const known = new Set(table.map((spec) => spec.key));
  for (const key of tensors.keys()) {
    if (!known.has(key)) throw new WeightsError(`${name} hold ${key}, which ${config.name} does not have.`);
  }
}

/** Throws WeightsError when a tensor holds a NaN, an infinity or a variance below 0; `what` names it. */
export function checkNumbers({ tensor }: ParameterSpec, values: Float32Array, what: string): void {
  const at = firstNotFinite(values);
  if (at >= 0) {
    throw new WeightsError(
      `${what} holds ${values[at]} at position ${at}.`,
      'The network that made it had diverged; use an earlier checkpoint.',
    );
  }
  const negative = tensor === 'moving_variance' ? firstIndex(values, (v) => v < 0) : -1;
  if (negative < 0) return;
  throw new WeightsError(
    `${what} holds ${values[negative]} at position ${negative}.`,
    'A variance is never negative.',
  );
}
