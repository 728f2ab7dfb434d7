/** The GPU and the decode workers of one command: opened together, let go together, whatever happens. */
import { checkFile, textKind } from '../../core/outputs/singleFile.node.js';
import { DecodePool } from '../../data/images/decodePool.node.js';
import type { Gpu } from '../../engine/device/gpu.js';
import { type NodeGpu, openNodeGpu } from '../../engine/device/gpu.node.js';
import type { ScalingChoice } from '../../workflow/prediction/imagePreparation.js';
import { PixelWarnings } from '../../workflow/prediction/pixelWarnings.js';
import type { TuningFlags } from '../flags/sharedFlags.js';
import type { CommandContext } from './commandContext.js';
import { checkBeforeUse } from './kernelChecks.js';
import { useTuning, writeTable } from './kernelTuning.js';

export interface Session {
  readonly node: NodeGpu;
  readonly pool: DecodePool;
  /** Says what is wrong with the pixels decoded so far; at the end of a session it is said anyhow. */
  readonly pixels: PixelWarnings;
}

interface PoolOptions {
  workers?: number;
  /** GiB that resized images may take in the user's cache folder; default 0. */
  imageCache?: number;
  pixels?: ScalingChoice;
}

export interface SessionOptions extends PoolOptions, Partial<TuningFlags> {
  selfTest?: boolean;
  /** Opened already, or not. */
  node?: NodeGpu | null;
  /** Looks at the adapter before anything is computed or decoded, and throws if the work does not fit it. */
  admit?: (gpu: Gpu) => void;
}

const TIMINGS = textKind('table of kernel timings', /"format":\s*"chexgpu tuning"/);

/**
 * Opens the adapter and says which one it is and why, then does the work. Files are best read before:
 * bad input then ends the command before the GPU wakes.
 */
export async function withSession<T>(
  context: CommandContext,
  options: SessionOptions,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  const { tune, retune, writeTable: file } = options;
  if (file !== undefined) await checkFile(file, { overwrite: true, kind: TIMINGS });
  const node = options.node ?? (await openNodeGpu({ quiet: true }));
  try {
    context.out.say(node.headline);
    options.admit?.(node.gpu);
    if (options.selfTest ?? true) checkBeforeUse(context, node);
    const tuner = tune === undefined ? null : await useTuning(context, node, { tune, retune });
    const result = await withPool(options, async (pool) => {
      const pixels = new PixelWarnings(context, pool);
      try {
        return await work({ node, pool, pixels });
      } finally {
        if (!context.signal.aborted) pixels.say();
      }
    });
    if (file !== undefined) await writeTable(context, tuner, file);
    return result;
  } finally {
    node.gpu.dispose();
  }
}

/** Decode workers without a GPU. */
export async function withPool<T>(
  { workers, imageCache = 0, pixels }: PoolOptions,
  work: (pool: DecodePool) => Promise<T>,
): Promise<T> {
  const pool = new DecodePool({ workers, cacheLimit: imageCache * 2 ** 30, ...pixels });
  try {
    return await work(pool);
  } finally {
    await pool.close();
  }
}
