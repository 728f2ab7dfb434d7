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
  /** Its weight file, beside the scripts. */
  readonly weights: string;
  /** What its findings are worth. */
  readonly worth: string;
}

/** Beside the scripts; the small network whose every number fits the screen. */
export const TOY_WEIGHTS = 'weights/phantoms-toy.safetensors';

export const NETWORKS: readonly ExplorerNetwork[] = [
  {
    id: 'toy',
    title: 'Toy, 16 px',
    config: densenetConfig('toy'),
    size: 16,
    weights: TOY_WEIGHTS,
    worth: 'Trained on drawings; says nothing of a patient.',
  },
  {
    id: 'densenet121',
    title: 'DenseNet121, 64 px',
    config: densenetConfig('densenet121'),
    size: 64,
    weights: SHIPPED_WEIGHTS,
    worth:
      'Trained on drawings of 224 px, says nothing of a patient, and at 64 px, as here for speed, nothing of a ' +
      'drawing either: every number is computed as at 224, but what it finds is wrong.',
  },
];

/** The one that an address names, or the first. */
export function networkOf(id: string): ExplorerNetwork {
  return NETWORKS.find((network) => network.id === id) ?? NETWORKS[0];
}
