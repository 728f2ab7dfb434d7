/** The networks that the explorer shows. The page draws them from their tables before anything is computed. */
import { type DenseNetConfig, densenetConfig } from 'chexgpu';
import { SHIPPED_WEIGHTS } from '../../worker/network.js';

export interface ExplorerNetwork {
  /** In the address. */
  readonly id: string;
  readonly title: string;
  readonly config: DenseNetConfig;
  /** Side of its pictures in pixels. */
  readonly size: number;
  /** Beside the scripts; null: drawn with a seed. */
  readonly weights: string | null;
}

const TOY = densenetConfig('densenet121', {
  name: 'toy',
  blocks: [2],
  growthRate: 4,
  bottleneck: 2,
  stemChannels: 8,
  inputChannels: 1,
  classes: 4,
});

export const NETWORKS: readonly ExplorerNetwork[] = [
  { id: 'toy', title: 'Toy, 16 px', config: TOY, size: 16, weights: null },
  {
    id: 'densenet121',
    title: 'DenseNet121, 64 px',
    config: densenetConfig('densenet121'),
    size: 64,
    weights: SHIPPED_WEIGHTS,
  },
];

/** The one that an address names, or the first. */
export function networkOf(id: string): ExplorerNetwork {
  return NETWORKS.find((network) => network.id === id) ?? NETWORKS[0];
}
