/** Keras weight files, written; kerasFormats.ts says which there are. */
import type { DenseNetConfig, WeightMap } from '../../architecture.js';
import type { KerasWriteOptions } from './kerasFormats.js';

export { KERAS_FORMATS, type KerasFormat, type KerasWriteOptions } from './kerasFormats.js';

/**
 * The bytes of a Keras HDF5 file. Throws WeightsError when a tensor or a moment is missing, unknown, of the
 * wrong size or not finite; UsageError for an optimiser's state where the file cannot hold one.
 */
export async function writeKerasHdf5(
  tensors: WeightMap,
  config: DenseNetConfig,
  options: KerasWriteOptions = {},
): Promise<Uint8Array> {
  const { writeKeras } = await import('./kerasWrite.js');
  return writeKeras(tensors, config, options);
}
