/** A network of which one channel is always 0, by its weights. */
import { type DenseNetConfig, type ParameterSpec, parameterTable, type WeightMap } from 'chexgpu';

/**
 * Weights with which a layer makes a channel of zeros: of a convolution or the classifier what makes the channel, of a
 * batch norm its gamma and beta.
 * @throws Error for a layer without weights, and for a channel that it has not
 */
export function withoutChannel(
  config: DenseNetConfig,
  weights: WeightMap,
  { layer, channel }: { layer: string; channel: number },
): WeightMap {
  const own = parameterTable(config).filter((spec) => spec.layer === layer && spec.trainable);
  if (own.length === 0) throw new Error(`${layer} has no weights.`);
  const changed = new Map(weights);
  for (const spec of own) {
    const channels = spec.shape[spec.shape.length - 1];
    if (channel >= channels) throw new Error(`${layer} has ${channels} channels.`);
    changed.set(spec.key, withZeros(weights.get(spec.key)!, spec, channel));
  }
  return changed;
}

/** The last index of every tensor is the channel that it makes. */
function withZeros(values: Float32Array, { shape }: ParameterSpec, channel: number): Float32Array {
  const channels = shape[shape.length - 1];
  return values.map((value, i) => (i % channels === channel ? 0 : value));
}
