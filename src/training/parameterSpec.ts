/** The tensors of a network by name and shape: all that weight files and optimizers need to know of it. */
import { kindOf, shown } from '../core/arguments.js';
import { WeightsError } from '../core/errors.js';

export interface ParameterSpec {
  /** `${layer}/${tensor}`, e.g. 'conv1/conv/kernel'. */
  key: string;
  layer: string;
  tensor: 'kernel' | 'bias' | 'gamma' | 'beta' | 'moving_mean' | 'moving_variance';
  /** Conv kernels are [height, width, in, out], the dense kernel [in, out], all others [channels]. */
  shape: number[];
  size: number;
  /** False for the moving averages, which the optimizer never sees. */
  trainable: boolean;
}

/** Tensors by ParameterSpec.key, each in C order. */
export type WeightMap = Map<string, Float32Array>;

/** @throws WeightsError unless it is a Map */
export function requireWeightMap(weights: WeightMap): void {
  if (kindOf(weights) === 'Map') return;
  throw new WeightsError(`The weights are ${shown(weights)}; they must be a Map of Float32Arrays by name.`);
}

export interface ParameterTable {
  /** The network's, for errors. */
  readonly name: string;
  /** Every tensor, layers in the order of Keras' `model.layers`, the tensors of a layer in that of `layer.weights`. */
  readonly parameters: readonly ParameterSpec[];
}

/** In their buffers trainable tensors start at multiples of so many floats (256 bytes), as a binding offset must. */
export const LAYOUT_BLOCK = 64;
