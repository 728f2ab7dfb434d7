/** Weights from the web, from a file that the user chose, or from memory, for a page as for Node. */
import { kindOf } from '../../core/arguments.js';
import type { ByteSource } from './readBytes.js';
import type { LoadedWeights, LoadWeightsOptions } from './weightsLoader.js';

/**
 * Loads a weight file of any format (Keras HDF5, safetensors, NumPy), told by its content. `onProgress` hears of `load`
 * with bytes, of all where the server says how many, and of `read` with tensors.
 * @returns `labels` as the file says, or the course's where such files cannot say them and there are 14 outputs
 * @throws UsageError for what is no source and options that make no sense, such as `sha256` where crypto.subtle is
 *   missing (pages that are neither https nor localhost); WeightsError where a server cannot be reached, refuses or
 *   breaks off, for another sha256, and as `readWeights`; the signal's reason
 */
export async function loadWeights(
  source: ByteSource,
  options: LoadWeightsOptions = {},
): Promise<LoadedWeights> {
  // Both may be changed for the next call while what loads them is on its way.
  const own = kindOf(options) === 'Object' ? { ...options } : options;
  const address = kindOf(source) === 'URL' ? String(source) : source;
  const { load } = await import('./weightsLoader.js');
  return load(address, own);
}
