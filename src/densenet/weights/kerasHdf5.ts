/** Keras weight files, read: what Keras 1, 2, 3 and tf_keras write. kerasWriter.ts writes them. */
import { WeightsError } from '../../core/errors.js';
import type { AdamState } from '../adamState.js';
import { type DenseNetConfig, parameterTable, type WeightMap } from '../architecture.js';
import { readHdf5 } from './hdf5.js';
import { readStoredModel, readTensor, type StoredModel, type WeightLayout } from './kerasLayout.js';
import { hasOptimizer, readAdamState } from './kerasOptimizer.js';
import { fromStored } from './kernelOrder.js';
import { checkFinite, type Match, matchLayers } from './match.js';

export interface KerasReport {
  layout: WeightLayout;
  /** '1' where the file does not say. */
  kerasVersion: string;
  /** As the file says, or else as `backend` of the options does; '' where neither does. */
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
  /** True when the file keeps an optimiser's state; it is read only where asked for. */
  optimizer: boolean;
}

export interface KerasWeights {
  /** By ParameterSpec.key; without the head's tensors where `report.head` is false. */
  tensors: WeightMap;
  /** Adam's state, where it was asked for: `compile({ ..., optimizer })` goes on from it. */
  optimizer?: AdamState;
  report: KerasReport;
}

export interface KerasReadOptions {
  /** Read Adam's state as well, and refuse a file that has none. Default: false. */
  optimizer?: boolean;
  /**
   * What Keras ran on when it trained the file, for files of Keras 1, which do not say. Kernels of Theano are
   * turned round. Required where a file stores them as [out, in, height, width]; a file's own word goes first.
   */
  backend?: 'tensorflow' | 'theano';
}

/**
 * Reads the weights of a DenseNet from the bytes of a Keras HDF5 file: `save_weights` with or without the
 * head, `model.save`, a base nested in an outer model, or a Keras 3 `.weights.h5`. `name` is what errors
 * call the file. The bytes must not change until the promise settles.
 *
 * Throws WeightsError for bytes that are no such file and for a network that is not the one configured,
 * naming the layer, the shape found and the shape wanted, likewise for an optimiser's state that was asked
 * for; there is never half a result.
 */
export async function readKerasHdf5(
  bytes: Uint8Array,
  config: DenseNetConfig,
  name = 'The weight file',
  options: KerasReadOptions = {},
): Promise<KerasWeights> {
  return readHdf5(bytes, name, (root) => {
    const stored = readStoredModel(root, name);
    const { pairs, head, matchedBy, kernelOrder } = matchLayers(stored, config, name);
    const backend = stored.backend || options.backend || '';
    if (kernelOrder === 'oihw' && backend === '') {
      throw new WeightsError(
        `${name} stores its kernels as Keras 1 on Theano did, [out, in, height, width], but does not say whether ` +
          'Theano trained it; if so they are turned by 180 degrees.',
        "Read it with { backend: 'theano' } (the usual case) or { backend: 'tensorflow' }.",
      );
    }
    const tensors: WeightMap = new Map();
    for (const { spec, tensor } of pairs) {
      const values = fromStored(spec, readTensor(tensor, name), kernelOrder, backend === 'theano');
      checkFinite(values, `${name}: layer ${spec.layer}, ${spec.tensor}`);
      tensors.set(spec.key, values);
    }
    const optimizer = options.optimizer
      ? readAdamState(root, trainedTensors(stored, pairs, config), config, name)
      : undefined;
    const { layout, kerasVersion, layerCount, nested } = stored;
    const weightLayers = stored.layers.length;
    const tensorCount = tensors.size;
    return {
      tensors,
      optimizer,
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
        optimizer: hasOptimizer(root),
      },
    };
  });
}

/** What the file's model trains, in its own order: of layers, and of tensors in a layer. */
function trainedTensors(
  stored: StoredModel,
  pairs: Match['pairs'],
  config: DenseNetConfig,
): ReturnType<typeof parameterTable> {
  // Keras 3's weights keep the order within each class of layers only, but names and shapes were checked.
  const order =
    stored.layout === 'keras3'
      ? parameterTable(config)
      : stored.layers.flatMap((layer) =>
          layer.tensors.flatMap((tensor) => pairs.find((pair) => pair.tensor === tensor)?.spec ?? []),
        );
  return order.filter((spec) => spec.trainable);
}
