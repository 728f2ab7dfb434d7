/** What every reader and writer of weight files asks of its arguments. */
import { kindOf, requireObject, shown } from '../../core/arguments.js';
import { UsageError, WeightsError } from '../../core/errors.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { DenseNetConfig } from '../architecture.js';
import { checkedConfig } from '../config.js';

/** @throws UsageError unless it is a Uint8Array */
export function requireBytes(bytes: Uint8Array): void {
  const kind = kindOf(bytes);
  if (kind === 'Uint8Array') return;
  throw new UsageError(
    `The bytes of the weight file are ${shown(bytes)}, they must be a Uint8Array.`,
    kind === 'ArrayBuffer' ? 'Give new Uint8Array(buffer).' : undefined,
  );
}

/** @throws UsageError for bytes that are none, and for a configuration or options that make no sense */
export function checkReading(bytes: Uint8Array, config: DenseNetConfig, options: object): void {
  requireBytes(bytes);
  checkedConfig(config);
  requireObject('The options of reading weights', options);
}

/** @throws WeightsError for tensors that are no Map; UsageError for a configuration or options that make no sense */
export function checkWriting(tensors: WeightMap, config: DenseNetConfig, options: object): void {
  if (kindOf(tensors) !== 'Map') {
    throw new WeightsError(`The weights are ${shown(tensors)}; they must be a Map of Float32Arrays by name.`);
  }
  checkedConfig(config);
  requireObject('The options of writing weights', options);
}
