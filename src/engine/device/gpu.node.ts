/** A Gpu in Node: adapter by `findAdapter`, device of our own. */
import { requireFields } from '../../core/arguments.js';
import { type AdapterKind, adapterName, type FindAdapterOptions, findAdapter } from './adapter.node.js';
import { Gpu } from './gpu.js';

/** A GPU that was opened, and why it is this one. */
export interface NodeGpu {
  gpu: Gpu;
  kind: AdapterKind;
  /** The adapter's name as people know it. */
  name: string;
  /** Why this adapter and no better one. */
  why: string;
  /** Both in one line. */
  headline: string;
}

/**
 * Opens the best adapter of this machine: its GPU, else lavapipe, else the embedded SwiftShader.
 * @throws AdapterError with what to install when there is none; UsageError for an option that there is not
 */
export async function openNodeGpu(options: FindAdapterOptions = {}): Promise<NodeGpu> {
  requireFields('The options of openNodeGpu', options, ['force', 'quiet']);
  const found = await findAdapter(options);
  const name = adapterName(found.adapter.info);
  const gpu = await Gpu.open(found.adapter);
  return { gpu, kind: found.kind, name, why: found.why, headline: found.headline };
}
