/**
 * Keras weight files, read and written: what Keras 1, 2, 3 and tf_keras make (kerasFormats.ts). The code that does it
 * is loaded by the first such file, so that a page that opens none carries none of it.
 */
import { WORK } from '../../../core/work.js';
import type { WeightMap } from '../../../training/parameterSpec.js';
import type { DenseNetConfig } from '../../architecture.js';
import { checkReading, checkWriting, written } from '../weightArguments.js';
import type { KerasWriteOptions } from './kerasFormats.js';
import type { KerasReadOptions, KerasWeights } from './kerasRead.js';

/**
 * Reads the weights of a DenseNet from the bytes of a Keras HDF5 file: `save_weights` with or without the
 * head, `model.save`, a base nested in an outer model, or a Keras 3 `.weights.h5`. `name` is what errors
 * call the file. The bytes must not change until the promise settles.
 *
 * Throws WeightsError for bytes that are no such file and for a network that is not the one configured,
 * naming the layer, the shape found and the shape wanted, or what its `model_config` says of it; for outputs
 * without an activation unless `options` say one; likewise for an optimizer's state that was asked for. There is
 * never half a result.
 */
export async function readKerasHdf5(
  bytes: Uint8Array,
  config: DenseNetConfig,
  name = 'The weight file',
  options: KerasReadOptions = {},
): Promise<KerasWeights> {
  checkReading(bytes, config, options);
  const { readKeras } = await import('./kerasRead.js');
  return readKeras(bytes, config, name, options);
}

/**
 * The bytes of a Keras HDF5 file. Throws WeightsError when a tensor or a moment is missing, unknown, of the
 * wrong size or not finite; UsageError for an optimizer's state where the file cannot hold one.
 */
export async function writeKerasHdf5(
  tensors: WeightMap,
  config: DenseNetConfig,
  options: KerasWriteOptions = {},
): Promise<Uint8Array> {
  checkWriting(tensors, config, options, ['format', 'head', 'half', 'meaning', 'optimizer', ...WORK]);
  return written(options, tensors, async () => {
    const { writeKeras } = await import('./kerasWrite.js');
    return writeKeras(tensors, config, options);
  });
}
