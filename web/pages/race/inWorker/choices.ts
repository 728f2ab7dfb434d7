/** What there is to race, read off the library's registries. */
import { DENSENET_NAMES, type DenseNetConfig, type DenseNetName, densenetConfig } from 'chexgpu';
import { partsOf } from '../../../../bench/kernels/parts.js';
import { workloadOf } from '../../../../bench/model/workload.js';
import { ALL_OPS } from '../../../../src/shaders/registry.js';
import type { AdapterWords } from '../../../worker/device.js';
import type { Choices, KernelFamily, Wishes } from '../types.js';

/** Folders of kernels that layers are made of, in words. */
const LAYERS: Readonly<Record<string, string>> = {
  conv: 'convolutions',
  batchnorm: 'batch norms',
  pool: 'pools',
  dense: 'classifier',
  pointwise: 'pointwise',
};

function familyOf(op: string): Omit<KernelFamily, 'ops'> {
  const [folder] = op.split('.');
  const direction = /backward/i.test(op) ? 'backward' : folder in LAYERS ? 'forward' : 'other';
  return { direction, name: LAYERS[folder] ?? folder };
}

function families(): KernelFamily[] {
  const found = new Map<string, KernelFamily & { ops: string[] }>();
  for (const op of ALL_OPS) {
    const family = familyOf(op);
    const key = `${family.direction} ${family.name}`;
    const known = found.get(key);
    if (known) known.ops.push(op);
    else found.set(key, { ...family, ops: [op] });
  }
  return [...found.values()];
}

/** Every kind of layer at every size, once: for adapters that take minutes for all of them. */
const SHORT = 'densenet121, one layer per block';

/** @throws UsageError for a network that is not among the choices */
export function networkOf(name: string): DenseNetConfig {
  return name === SHORT
    ? densenetConfig('densenet121', { name: SHORT, blocks: [1, 1, 1, 1] })
    : densenetConfig(name as DenseNetName);
}

export const CHOICES: Choices = {
  families: families(),
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
