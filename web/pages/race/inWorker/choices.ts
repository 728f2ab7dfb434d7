/** What there is to race, read off the library's registries. */
import { DENSENET_NAMES, type DenseNetConfig, type DenseNetName, densenetConfig } from 'chexgpu';
import { partsOf } from '../../../../bench/kernels/parts.js';
import { workloadOf } from '../../../../bench/model/workload.js';
import { ALL_OPS } from '../../../../src/shaders/registry.js';
import type { AdapterWords } from '../../../worker/device.js';
import type { Choices, Wishes } from '../types.js';
import { familiesOf, LAYERS } from './families.js';

/** Every kind of layer at every size, once: for adapters that take minutes for all of them. */
const SHORT = 'densenet121, one layer per block';

/** @throws UsageError for a network that is not among the choices */
export function networkOf(name: string): DenseNetConfig {
  return name === SHORT
    ? densenetConfig('densenet121', { name: SHORT, blocks: [1, 1, 1, 1] })
    : densenetConfig(name as DenseNetName);
}

export const CHOICES: Choices = {
  families: familiesOf(ALL_OPS),
  networks: Object.fromEntries([...DENSENET_NAMES, SHORT].map((name) => [name, partsOf(networkOf(name))])),
};

/** A processor takes minutes for the whole network: there, one part of it to begin with. */
export function usualWishes(kind: AdapterWords['kind']): Wishes {
  const { size, batch } = workloadOf('train', {}, kind);
  return {
    kernels: true,
    model: true,
    network: 'densenet121',
    kind: 'train',
    size,
    batch,
    part: kind === 'software' ? 'dense block 1' : '',
    ops: CHOICES.families.filter(({ name }) => name === LAYERS.conv).flatMap(({ ops }) => ops),
    repeats: 5,
  };
}
