/** DenseNet weights written as safetensors that PyTorch loads. */
import { WeightsError } from '../../../core/errors.js';
import type { WeightMap } from '../../../training/parameterSpec.js';
import type { DenseNetConfig } from '../../architecture.js';
import { inHalf } from '../inHalf.js';
import { checkWeights } from '../matchTensors.js';
import { checkWriting } from '../weightArguments.js';
import type { WeightsMeaning } from '../weightsMeaning.js';
import { type ArrayToStore, makeSafetensors } from './safetensorsWrite.js';
import { COUNTER, THRESHOLDS, torchTable, toTorch } from './torchNames.js';

/**
 * The bytes of a safetensors file under torchvision's names, with the counters that `load_state_dict` asks
 * for. Its metadata say what a state_dict cannot: batch norm epsilon and momentum (Keras'), activation, labels,
 * preprocessing. PyTorch builds its batch norms with epsilon 1e-5; set `eps` to the metadata's `bn_epsilon`.
 * @param options half: kernels in float16
 *
 * Throws WeightsError when a tensor is missing, unknown, of the wrong size, not finite, or too large for float16;
 * UsageError for a network that torchvision's class cannot be.
 */
export function writeTorchSafetensors(
  tensors: WeightMap,
  config: DenseNetConfig,
  meaning: Partial<WeightsMeaning> = {},
  { half = false }: { half?: boolean } = {},
): Uint8Array {
  checkWriting(tensors, config, meaning);
  checkWeights(tensors, config);
  const { labels, preprocessing, thresholds, notice } = meaning;
  for (const [what, list] of Object.entries({ labels, thresholds })) {
    if (list && list.length !== config.classes) {
      throw new WeightsError(`${list.length} ${what} do not fit ${config.classes} outputs.`);
    }
  }
  const arrays = new Map<string, ArrayToStore>();
  for (const { name, shape, spec } of torchTable(config)) {
    const values = toTorch(tensors.get(spec.key)!, spec);
    arrays.set(name, { shape, data: half ? inHalf(spec, values) : values });
    if (spec.tensor !== 'moving_variance') continue;
    const counter = name.replace(/running_var$/, COUNTER);
    arrays.set(counter, { shape: [], data: new BigInt64Array(1) });
  }
  if (thresholds) arrays.set(THRESHOLDS, { shape: [thresholds.length], data: thresholds });
  const metadata: Record<string, string> = {
    format: 'pt',
    written_by: 'chexgpu',
    network: config.name,
    bn_epsilon: String(config.bnEpsilon),
    bn_momentum: String(config.bnMomentum),
    activation: config.activation,
  };
  if (labels) metadata.labels = JSON.stringify(labels);
  if (preprocessing) metadata.preprocessing = JSON.stringify(preprocessing);
  if (notice) metadata.notice = notice;
  return makeSafetensors(arrays, metadata);
}
