/** Threads that draw phantoms and pack them as PNG. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { DataError } from '../../core/errors.js';
import { ThreadPool } from '../../core/parallel/threadPool.node.js';
import { type DrawJob, type DrawnFile, runDrawJob } from './drawJobs.node.js';

export interface DrawPoolOptions {
  /** Threads; 0 draws in the main thread. Default: one per core, none for few pixels or in a tree without a build. */
  readonly workers?: number;
  /** The built worker script; default the package's own. */
  readonly workerFile?: string;
}

/** Below so many pixels the threads are not there before the drawing is done. */
const FEW_PIXELS = 24 * 64 * 64;
const MOST_THREADS = 16;

export interface DrawPool {
  /** How many drawings are worth asking for at once. */
  readonly atOnce: number;
  draw(job: DrawJob): Promise<DrawnFile>;
  close(): Promise<void>;
}

/**
 * @param pixels to be drawn in all
 * @throws UsageError for a bad number of workers
 */
export function openDrawPool(
  pixels: number,
  { workers, workerFile = builtWorker() }: DrawPoolOptions,
): DrawPool {
  const alone = pixels < FEW_PIXELS || workerFile === undefined;
  const threads = workers ?? (alone ? 0 : Math.min(availableParallelism(), MOST_THREADS));
  const pool = new ThreadPool<DrawJob, DrawnFile>({
    name: 'drawing',
    threads: workerFile === undefined ? 0 : threads,
    script: () => workerFile as string,
    run: runDrawJob,
    lost: ({ spec }, reason) =>
      new DataError(`${spec.image}: the drawing worker died (${reason}).`, 'Draw with workers: 0.'),
  });
  return {
    // One that is drawn and one that waits, so that no thread does.
    atOnce: Math.max(1, 2 * threads),
    draw: (job) => pool.submit(job),
    close: () => pool.close(),
  };
}

function builtWorker(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('#draw-worker');
  } catch {
    return undefined;
  }
}
