/** Whether a network that a caller brings can be one: loaded for those alone. */
import { oneOf, requireFunction, requireObject, shown, trueOrFalse, wholeNumber } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import type { Network } from './network.js';

const TENSORS = ['kernel', 'bias', 'gamma', 'beta', 'moving_mean', 'moving_variance'] as const;

/** A network that a caller brings. @throws UsageError naming what it lacks or what contradicts itself */
export function checkNetwork(network: Network): void {
  requireObject('The network', network);
  const { name, parameters, batchNorms } = network;
  if (typeof name !== 'string') throw new UsageError(`The network's name is ${shown(name)}, no string.`);
  for (const field of ['inputChannels', 'classes', 'sizeMultiple'] as const) {
    wholeNumber(`${name}: ${field}`, network[field], 1);
  }
  oneOf(`${name}: activation`, network.activation, ['sigmoid', 'softmax']);
  for (const [field, list] of Object.entries({ parameters, batchNorms })) {
    if (!Array.isArray(list)) throw new UsageError(`${name}: ${field} is ${shown(list)}, no array.`);
  }
  requireFunction(`${name}: mapSizes`, network.mapSizes);
  requireFunction(`${name}: record`, network.record);
  const known = new Set<string>();
  for (const [i, spec] of parameters.entries()) {
    requireObject(`${name}: parameters[${i}]`, spec);
    const { key, layer, tensor, shape, size, trainable } = spec;
    oneOf(`${name}: parameters[${i}]: tensor`, tensor, TENSORS);
    if (key !== `${layer}/${tensor}` || known.has(key)) {
      const wanted = known.has(key) ? 'which is there already' : `it must be '${layer}/${tensor}'`;
      throw new UsageError(`${name}: parameters[${i}]: key is ${shown(key)}, ${wanted}.`);
    }
    known.add(key);
    const product = Array.isArray(shape)
      ? shape.reduce((a, n) => a * wholeNumber(`${key}: shape`, n, 1), 1)
      : 0;
    if (product === 0)
      throw new UsageError(`${name}: the shape of ${key} is ${shown(shape)}, no list of sizes.`);
    if (size !== product) {
      throw new UsageError(
        `${name}: ${key} has the size ${shown(size)} and the shape [${shape.join(', ')}].`,
      );
    }
    if (trueOrFalse(`${name}: ${key}: trainable`, trainable) === tensor.startsWith('moving')) {
      throw new UsageError(`${name}: ${key} is ${trainable ? 'trainable' : 'not trainable'}.`, TRAINED);
    }
  }
}

const TRAINED = 'Moving averages are never trained, and all other tensors are.';
