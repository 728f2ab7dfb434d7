/** What `writeKerasHdf5` does, loaded by the first Keras file that is written. */
import { UsageError, WeightsError } from '../../../core/errors.js';
import { checkOptimizerState, type OptimizerState } from '../../../training/optimizers/state.js';
import type { ParameterSpec, WeightMap } from '../../../training/parameterSpec.js';
import {
  type DenseNetConfig,
  HEAD_LAYER,
  type Layer,
  type LayerKind,
  layerTable,
  parameterTable,
} from '../../architecture.js';
import {
  ensureGroup,
  type Group,
  makeHdf5,
  writeArray,
  writeString,
  writeStrings,
  writeText,
} from '../hdf5/hdf5.js';
import { writeMeaning } from '../hdf5/meaningAttribute.js';
import { inHalf } from '../inHalf.js';
import { checkWeights } from '../matchTensors.js';
import { KERAS_FORMATS, type KerasWriteOptions } from './kerasFormats.js';
import { modelConfig } from './kerasModelConfig.js';
import { trainingConfig, writeCountedState, writeNamedState } from './kerasOptimizerWrite.js';

/** What goes into one file. */
interface Contents {
  config: DenseNetConfig;
  layers: Layer[];
  specs: ParameterSpec[];
  tensors: WeightMap;
  optimizer?: OptimizerState;
  half: boolean;
}

/** `writeKerasHdf5` with all its parameters. */
export async function writeKeras(
  tensors: WeightMap,
  config: DenseNetConfig,
  { format = 'keras2', head = true, optimizer, half = false, meaning = {} }: KerasWriteOptions,
): Promise<Uint8Array> {
  if (!KERAS_FORMATS.includes(format)) {
    throw new UsageError(`There is no format '${format}'.`, `Choose ${KERAS_FORMATS.join(', ')}.`);
  }
  if (optimizer && (format === 'keras2' || !head)) {
    const what = format === 'keras2' ? "A file of format 'keras2'" : 'A base without its head';
    throw new UsageError(
      `${what} has no place for an optimizer's state.`,
      "Use 'keras2-model' or 'keras3', with the head.",
    );
  }
  const isBase = ({ kind }: Layer) => kind !== 'gap' && kind !== 'dense';
  const layers = layerTable(config).filter((layer) => head || isBase(layer));
  const specs = parameterTable(config).filter((spec) => head || spec.layer !== HEAD_LAYER);
  checkWeights(tensors, config, { partial: !head });
  const missing = specs.find((spec) => !tensors.has(spec.key));
  if (missing) throw new WeightsError(`The weights lack ${missing.key} of ${config.name}.`);
  if (optimizer) checkOptimizerState(optimizer, { name: config.name, parameters: parameterTable(config) });
  const contents = { config, layers, specs, tensors, optimizer, half };
  return makeHdf5((root) => {
    writeMeaning(root, config, meaning);
    if (format === 'keras3') writeKeras3(root, contents);
    else if (format === 'keras2-model') writeModel(root, contents);
    else writeNamedLayers(root, contents, (name) => name);
  });
}

const stored = (tensors: WeightMap, spec: ParameterSpec, half: boolean): Float32Array | Uint16Array => {
  const values = tensors.get(spec.key)!;
  return half ? inHalf(spec, values) : values;
};

/** Keras 3 has no '/' in a layer's name. */
const flatName = (layer: string): string => layer.replaceAll('/', '_');

function writeVersion(group: Group): void {
  writeString(group, 'backend', 'tensorflow');
  writeString(group, 'keras_version', '2.3.1');
}

/** One group per layer, with its tensors under the variables' names. */
function writeNamedLayers(
  parent: Group,
  { layers, specs, tensors, half }: Contents,
  rename: (layer: string) => string,
): void {
  writeStrings(
    parent,
    'layer_names',
    layers.map((layer) => rename(layer.name)),
  );
  writeVersion(parent);
  for (const layer of layers) {
    const name = rename(layer.name);
    const group = ensureGroup(parent, name);
    const own = specs.filter((spec) => spec.layer === layer.name);
    // A variable's name repeats its layer's: /conv1/conv holds conv1/conv/kernel:0.
    const paths = own.map((spec) => `${name}/${spec.tensor}:0`);
    writeStrings(group, 'weight_names', paths);
    own.forEach((spec, i) => {
      writeArray(group, paths[i], stored(tensors, spec, half), spec.shape);
    });
  }
}

function writeModel(root: Group, contents: Contents): void {
  const { config, layers, specs, optimizer } = contents;
  writeVersion(root);
  writeText(root, 'model_config', JSON.stringify(modelConfig(config, layers, specs, flatName)));
  writeNamedLayers(root.create_group('model_weights'), contents, flatName);
  if (!optimizer) return;
  writeText(root, 'training_config', JSON.stringify(trainingConfig(optimizer)));
  writeNamedState(
    root,
    optimizer,
    specs.filter((spec) => spec.trainable),
  );
}

/** Keras 3's class in snake case. */
const SNAKE_CLASS: Record<LayerKind, string> = {
  input: 'input_layer',
  zeropad: 'zero_padding2d',
  conv: 'conv2d',
  batchnorm: 'batch_normalization',
  relu: 'activation',
  maxpool: 'max_pooling2d',
  avgpool: 'average_pooling2d',
  concat: 'concatenate',
  gap: 'global_average_pooling2d',
  dense: 'dense',
};

function writeKeras3(root: Group, { layers, specs, tensors, optimizer, half }: Contents): void {
  const vars = (path: string, name: string): Group => {
    const group = ensureGroup(root, `${path}vars`);
    writeString(group, 'name', name);
    return group;
  };
  vars('', 'functional');
  const counts = new Map<LayerKind, number>();
  for (const { kind, name } of layers) {
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const group = vars(`layers/${SNAKE_CLASS[kind]}${count > 0 ? `_${count}` : ''}/`, flatName(name));
    specs
      .filter((spec) => spec.layer === name)
      .forEach((spec, i) => {
        writeArray(group, `${i}`, stored(tensors, spec, half), spec.shape);
      });
  }
  if (optimizer) {
    writeCountedState(
      root,
      optimizer,
      specs.filter((spec) => spec.trainable),
    );
  }
}
