/** Which network a state_dict is of, where nobody says it. */
import type { DenseNetConfig } from '../../architecture.js';
import { type FoundLayers, recogniseNetwork } from '../recognise.js';
import { readSafetensors, type StoredArray } from './safetensors.js';
import { plainNames } from './torchBase.js';

/** The network that a file's tensors tell; else the one asked for. @throws WeightsError for what is no such file */
export function recogniseTorch(bytes: Uint8Array, name: string, asked: DenseNetConfig): DenseNetConfig {
  const { arrays } = plainNames(readSafetensors(bytes, name), name);
  return recogniseNetwork(layersFound(arrays), asked) ?? asked;
}

function layersFound(arrays: ReadonlyMap<string, StoredArray>): FoundLayers {
  const kernels = [...arrays].flatMap(([key, { shape }]) => {
    const [cout, cin, height, width] = shape;
    return shape.length === 4 ? [{ name: kerasName(key), shape: [height, width, cin, cout] }] : [];
  });
  const norms = [...arrays.keys()].filter((key) => key.endsWith('.running_var')).length;
  return { kernels, norms, features: arrays.get('features.norm5.weight')?.shape[0] };
}

/** Of a convolution; as it is where Keras has none such. */
const kerasName = (key: string): string =>
  key
    .replace(/^features\.conv0\.weight$/, 'conv1_conv')
    .replace(/^features\.transition(\d+)\.conv\.weight$/, (_, n) => `pool${Number(n) + 1}_conv`)
    .replace(
      /^features\.denseblock(\d+)\.denselayer(\d+)\.conv(\d)\.weight$/,
      (_, block, layer, part) => `conv${Number(block) + 1}_block${layer}_${part}_conv`,
    );
