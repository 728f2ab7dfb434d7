/** PyTorch's files, read and written by code that the first of them loads. */
import { tell, WORK, type WorkOptions } from '../../../core/work.js';
import type { WeightMap } from '../../../training/parameterSpec.js';
import type { DenseNetConfig } from '../../architecture.js';
import type { StatedByCaller } from '../statedFacts.js';
import { checkReading, checkWriting, written } from '../weightArguments.js';
import type { WeightsMeaning } from '../weightsMeaning.js';
import type { TorchWeights } from './torch.js';

/**
 * Reads a state_dict of DenseNet from the bytes of a safetensors file. Blocks and widths must be those of `config`;
 * input channels, classes, batch norm settings and activation come from the file and are in the result's `config`.
 * `name` is what errors call the file. The bytes must not change until the promise settles.
 * @throws UsageError for arguments that make no sense; WeightsError for bytes that are no such file and for a network
 *   that is not the one asked for, naming the layer, the shape found and the shape wanted
 */
export async function readTorchSafetensors(
  bytes: Uint8Array,
  config: DenseNetConfig,
  name = 'The weight file',
  stated: StatedByCaller & WorkOptions = {},
): Promise<TorchWeights> {
  checkReading(bytes, config, stated);
  const progress = { phase: 'read', unit: 'tensors', note: name };
  await tell(stated, { ...progress, done: 0 });
  const torch = await import('./torch.js');
  const weights = torch.readTorchSafetensors(bytes, config, name, stated);
  const { size } = weights.tensors;
  await tell(stated, { ...progress, done: size, total: size });
  return weights;
}

/**
 * The bytes of a safetensors file under torchvision's names. Its metadata say what a state_dict cannot: batch norm
 * epsilon and momentum (Keras'), activation, labels, preprocessing.
 * @param options half: kernels in float16
 * @throws WeightsError when a tensor is missing, unknown, of the wrong size, not finite, or too large for float16;
 *   UsageError for a network that torchvision's class cannot be
 */
export async function writeTorchSafetensors(
  tensors: WeightMap,
  config: DenseNetConfig,
  meaning?: Partial<WeightsMeaning>,
  options: { half?: boolean } & WorkOptions = {},
): Promise<Uint8Array> {
  checkWriting(tensors, config, options, ['half', ...WORK]);
  return written(options, tensors, async () => {
    const torch = await import('./torchWrite.js');
    return torch.writeTorchSafetensors(tensors, config, meaning, options);
  });
}
