/** The toy network as the explorer has it. */
import { initialWeights, LABELS } from 'chexgpu';
import { networkOf } from '../networks.js';

export async function readToy() {
  const network = networkOf('toy');
  return {
    network,
    weights: initialWeights(network.config, 1),
    labels: LABELS.slice(0, network.config.classes),
  };
}
