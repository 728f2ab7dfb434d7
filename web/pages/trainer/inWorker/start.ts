/** The network that a training begins with: drawn, or of a weight file with a head for the 14 findings. */
import {
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  initialWeights,
  LABELS,
  replaceHead,
  type WeightMap,
} from 'chexgpu';
import { readNetwork, SHIPPED_WEIGHTS } from '../../../worker/network.js';
import type { Call } from '../../../worker/protocol.js';
import type { Wishes } from '../types.js';

export interface StartingNetwork {
  readonly config: DenseNetConfig;
  readonly weights: WeightMap;
}

/**
 * @param file a weight file of one's own, for `start: 'file'`
 * @throws WeightsError naming the file and what does not fit
 */
export async function startingNetwork(
  { start, seed, bnMomentum, network }: Wishes,
  file: File | null,
  call: Call,
): Promise<StartingNetwork> {
  if (start === 'scratch') {
    const config = densenetConfig(network as DenseNetName, { classes: LABELS.length, bnMomentum });
    return { config, weights: initialWeights(config, seed) };
  }
  if (start === 'file' && !file) throw new Error('No weight file is chosen to begin with.');
  const read =
    start === 'file' && file
      ? await readNetwork(file, file.name, call)
      : await readNetwork(new URL(SHIPPED_WEIGHTS, import.meta.url), 'The network in the box', call);
  // Trained are sigmoids, whatever stood behind the outputs before.
  const config = { ...read.config, bnMomentum, activation: 'sigmoid' as const };
  const { labels, weights } = read;
  const fits = labels?.length === LABELS.length && LABELS.every((label, i) => label === labels[i]);
  return fits ? { config, weights } : replaceHead({ config, weights }, { labels: LABELS, seed });
}
