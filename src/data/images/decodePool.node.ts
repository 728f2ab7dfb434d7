/** Worker threads that decode and resize images ahead of the GPU. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { DataError, UsageError } from '../../core/errors.js';
import { ThreadPool } from '../../core/parallel/threadPool.node.js';
import { type DecodeJob, type JobResult, type LoadedImage, runJob } from './decodeJobs.node.js';
import { checkScaling, type ImageFacts, type PixelFacts, type Scaling } from './pixelFacts.js';
import type { Interpolation } from './resize.js';

export interface DecodePoolOptions {
  /**
   * Threads; default one less than the cores, at least 1 and at most 4. 0 decodes in the main thread, for a
   * source tree without a build.
   */
  readonly workers?: number;
  /** The built worker script; default the package's own. */
  readonly workerFile?: string;
  /** How stored samples become pixels 0..255; default 'keras'. */
  readonly scaling?: Scaling;
  /** Where clipping 16-bit gray would break what the weights expect: what to do instead, for the error. */
  readonly refuseClipped?: string;
}

/** A queue of decoding jobs over worker threads, see `ThreadPool`; an image whose thread dies is named. */
export class DecodePool {
  private readonly seen = new Map<string, PixelFacts>();
  private readonly pool: ThreadPool<DecodeJob, JobResult>;
  private readonly scaling: Scaling;
  private readonly refuseClipped: string | undefined;

  /** @throws UsageError for a bad number of workers, or when the worker script is not built */
  constructor(options: DecodePoolOptions = {}) {
    this.scaling = checkScaling(options.scaling ?? 'keras');
    this.refuseClipped = options.refuseClipped;
    this.pool = new ThreadPool({
      name: 'decode',
      threads: options.workers ?? Math.max(1, Math.min(availableParallelism() - 1, 4)),
      script: () => options.workerFile ?? builtWorker(),
      run: runJob,
      lost,
    });
  }

  /** What is known of the images decoded so far, by their path: see `pixelFindings`. */
  get facts(): ReadonlyMap<string, PixelFacts> {
    return this.seen;
  }

  /**
   * Decodes an image and resizes it as PIL does.
   * @throws DataError naming the file
   */
  async load(
    file: string,
    width: number,
    height: number,
    interpolation: Interpolation = 'nearest',
  ): Promise<LoadedImage> {
    const job = { kind: 'load', file, scaling: this.scaling, width, height, interpolation } as const;
    const image = (await this.pool.submit(job)) as LoadedImage;
    this.keep(file, image.facts);
    return image;
  }

  /** Decodes an image and describes it. @throws DataError naming the file */
  async inspect(file: string): Promise<ImageFacts> {
    const found = (await this.pool.submit({ kind: 'inspect', file, scaling: this.scaling })) as ImageFacts;
    this.keep(file, found);
    return found;
  }

  private keep(file: string, facts: PixelFacts): void {
    if (this.refuseClipped !== undefined && facts.clipped > 0) {
      throw new DataError(
        `${file} is 16-bit gray, and its values above 255 would be clipped.`,
        this.refuseClipped,
      );
    }
    this.seen.set(file, facts);
  }

  /** Ends the threads; jobs not finished are rejected. */
  close(): Promise<void> {
    return this.pool.close();
  }
}

function lost(job: DecodeJob, reason: string): DataError {
  return new DataError(
    `${job.file}: the decode worker died (${reason}).`,
    'Check that image, or decode with workers: 0.',
  );
}

function builtWorker(): string {
  try {
    return createRequire(import.meta.url).resolve('#decode-worker');
  } catch {
    throw new UsageError(
      'The decode worker dist/decodeWorker.js is not built.',
      'Run npm run build, or pass workers: 0 to decode in the main thread.',
    );
  }
}
