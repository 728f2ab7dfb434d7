/** The GPU and the decode workers of one command: opened together, let go together, whatever happens. */
import { checkFile, textKind } from '../core/outputs/file.node.js';
import { DecodePool } from '../data/decodePool.node.js';
import { type NodeGpu, openNodeGpu } from '../engine/gpu.node.js';
import type { CommandContext } from './context.js';
import type { TuningFlags } from './options.js';
import { refuseBrokenKernels } from './startup.js';
import { useTuning, writeTable } from './tuning.js';

export interface Session {
  readonly node: NodeGpu;
  readonly pool: DecodePool;
}

const TIMINGS = textKind('table of kernel timings', /"format":\s*"chexgpu tuning"/);

/**
 * Opens the adapter and says which one it is and why, then does the work. Files are best read before:
 * bad input then ends the command before the GPU wakes.
 */
export async function withSession<T>(
  context: CommandContext,
  options: { workers?: number; selfTest?: boolean } & Partial<TuningFlags>,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { tune, retune, writeTable: file } = options;
  if (file !== undefined) await checkFile(file, { overwrite: true, kind: TIMINGS });
  const node = await openNodeGpu({ quiet: true });
  try {
    context.out.say(node.headline);
    if (options.selfTest ?? true) await refuseBrokenKernels(context, node);
    const tuner = tune === undefined ? null : await useTuning(context, node, { tune, retune });
    const result = await withPool(options, (pool) => work({ node, pool }));
    if (file !== undefined) await writeTable(context, tuner, file);
    return result;
  } finally {
    node.gpu.dispose();
  }
}

/** Decode workers without a GPU. */
export async function withPool<T>(
  options: { workers?: number },
  work: (pool: DecodePool) => Promise<T>,
): Promise<T> {
  const pool = new DecodePool(options.workers === undefined ? {} : { workers: options.workers });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}
