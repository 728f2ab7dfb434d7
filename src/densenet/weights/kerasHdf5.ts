/**
 * Keras weight files. Reading takes what Keras 1, 2, 3 and tf.keras write; writing makes the file that
 * `model.save_weights('x.h5')` of Keras 2.3.1 makes, which all of them load.
 */
import { WeightsError } from '../../engine/errors.js';
import { type DenseNetConfig, layerTable, parameterTable, type WeightMap } from '../architecture.js';
import { ensureGroup, makeHdf5, readHdf5, writeString, writeStrings } from './hdf5.js';
import { readStoredModel, type StoredTensor, type WeightLayout } from './kerasLayout.js';
import { checkFinite, checkWeights, type Match, matchLayers } from './match.js';

export interface KerasReport {
  layout: WeightLayout;
  /** '1' where the file does not say. */
  kerasVersion: string;
  /** '' where the file does not say. */
  backend: string;
  /** Layers in the file, with or without weights. */
  layerCount: number;
  /** Layers in the file that have weights. */
  weightLayers: number;
  /** Tensors taken over. */
  tensorCount: number;
  /** False when the file holds the base only: `tensors` then has no 'dense_1/...', keep the head you have. */
  head: boolean;
  /** True when the base was stored as one layer of an outer model. */
  nested: boolean;
  matchedBy: Match['matchedBy'];
}

export interface KerasWeights {
  /** By ParameterSpec.key; without the head's tensors where `report.head` is false. */
  tensors: WeightMap;
  report: KerasReport;
}

/**
 * Reads the weights of a DenseNet from the bytes of a Keras HDF5 file: `save_weights` with or without the
 * head, `model.save`, a base nested in an outer model, or a Keras 3 `.weights.h5`. `name` is what errors
 * call the file. The bytes must not change until the promise settles.
 *
 * Throws WeightsError for bytes that are no such file and for a network that is not the one configured,
 * naming the layer, the shape found and the shape wanted; there is never half a result.
 */
export async function readKerasHdf5(
  bytes: Uint8Array,
  config: DenseNetConfig,
  name = 'The weight file',
): Promise<KerasWeights> {
  return readHdf5(bytes, name, (root) => {
    const stored = readStoredModel(root, name);
    const { pairs, head, matchedBy } = matchLayers(stored, config, name);
    if (stored.backend === 'theano') {
      throw new WeightsError(
        `${name} was saved by Keras on Theano, whose kernels are flipped.`,
        'Load it in Keras on TensorFlow and save it again.',
      );
    }
    const tensors: WeightMap = new Map();
    for (const { spec, tensor } of pairs) {
      const values = readTensor(tensor, name);
      checkFinite(values, `${name}: layer ${spec.layer}, ${spec.tensor}`);
      tensors.set(spec.key, values);
    }
    const { layout, kerasVersion, backend, layerCount, nested } = stored;
    const weightLayers = stored.layers.length;
    const tensorCount = tensors.size;
    return {
      tensors,
      report: {
        layout,
        kerasVersion,
        backend,
        layerCount,
        weightLayers,
        tensorCount,
        head,
        nested,
        matchedBy,
      },
    };
  });
}

function readTensor({ dataset, path }: StoredTensor, name: string): Float32Array {
  const values = dataset.value;
  if (values instanceof Float32Array) return values;
  throw new WeightsError(
    `${name}: ${path} holds ${JSON.stringify(dataset.dtype)} numbers, only 32-bit floats are read.`,
    "Save it from Keras with floatx 'float32'.",
  );
}

/**
 * The bytes of a Keras 2.3.1 `save_weights` file with all of the network's layers. Throws WeightsError when
 * a tensor is missing, unknown, of the wrong size or not finite.
 */
export async function writeKerasHdf5(tensors: WeightMap, config: DenseNetConfig): Promise<Uint8Array> {
  checkWeights(tensors, config);
  const specs = parameterTable(config);
  const layers = layerTable(config);
  return makeHdf5((root) => {
    const names = layers.map((layer) => layer.name);
    writeStrings(root, 'layer_names', names);
    writeString(root, 'backend', 'tensorflow');
    writeString(root, 'keras_version', '2.3.1');
    for (const name of names) {
      const group = ensureGroup(root, name);
      const own = specs.filter((spec) => spec.layer === name);
      // A variable's name repeats its layer's: /conv1/conv holds conv1/conv/kernel:0.
      const paths = own.map((spec) => `${spec.key}:0`);
      writeStrings(group, 'weight_names', paths);
      if (own.length > 0) ensureGroup(group, name);
      own.forEach((spec, i) => {
        group.create_dataset({
          name: paths[i],
          data: tensors.get(spec.key)!,
          shape: spec.shape,
          dtype: '<f4',
        });
      });
    }
  });
}
