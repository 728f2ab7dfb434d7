/**
 * The weights a network starts from, as Keras makes them: glorot_uniform kernels, zero biases, batch norms
 * that change nothing (gamma 1, beta 0, moving mean 0, moving variance 1). TensorFlow's own random bits
 * cannot be repeated outside TensorFlow; these come from MT19937.
 */
import { UsageError } from '../core/errors.js';
import { MT19937 } from '../core/mt19937.js';
import type { ParameterSpec, ParameterTable, WeightMap } from './parameterSpec.js';

/**
 * Starting weights for every tensor of a network. Each tensor has its own random stream, made from the
 * seed and the tensor's name, so the layers that two networks share start alike.
 * @throws UsageError unless `seed` is an integer in [0, 2^32)
 */
export function drawWeights({ parameters }: Pick<ParameterTable, 'parameters'>, seed: number): WeightMap {
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new UsageError(`The seed ${seed} is not usable.`, 'Give an integer between 0 and 4294967295.');
  }
  return new Map(parameters.map((spec) => [spec.key, initialTensor(spec, seed)]));
}

function initialTensor(spec: ParameterSpec, seed: number): Float32Array {
  const values = new Float32Array(spec.size);
  if (spec.tensor === 'gamma' || spec.tensor === 'moving_variance') return values.fill(1);
  if (spec.tensor !== 'kernel') return values;
  const limit = glorotLimit(spec.shape);
  const random = new MT19937(tensorSeed(seed, spec.key));
  for (let i = 0; i < values.length; i++) values[i] = random.uniform(-limit, limit);
  return values;
}

/**
 * glorot_uniform draws from U(-limit, limit) with limit = sqrt(6 / (fan_in + fan_out)); a convolution
 * kernel [h,w,in,out] has fan_in = h*w*in and fan_out = h*w*out, a dense kernel [in,out] just in and out.
 * Glorot and Bengio (AISTATS 2010), in the form of keras.initializers.
 */
export function glorotLimit(shape: readonly number[]): number {
  const [cin, cout] = shape.slice(-2);
  const window = shape.slice(0, -2).reduce((product, n) => product * n, 1);
  return Math.sqrt(6 / (window * (cin + cout)));
}

/**
 * A seed of its own for each tensor: FNV-1a of the name, combined with the user's seed and stirred by
 * MurmurHash3's finaliser. For one name it is one to one in the seed.
 */
export function tensorSeed(seed: number, key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  hash ^= seed;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
