/** Kernels in groups, as somebody chooses them: by direction, and by what they are for. */
import type { KernelFamily } from '../types.js';

/** Folders of kernels that layers are made of, in words. */
export const LAYERS: Readonly<Record<string, string>> = {
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

export function familiesOf(ops: readonly string[]): KernelFamily[] {
  const found = new Map<string, KernelFamily & { ops: string[] }>();
  for (const op of ops) {
    const family = familyOf(op);
    const key = `${family.direction} ${family.name}`;
    const known = found.get(key);
    if (known) known.ops.push(op);
    else found.set(key, { ...family, ops: [op] });
  }
  return [...found.values()];
}
