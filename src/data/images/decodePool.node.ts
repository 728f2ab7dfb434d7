/** Worker threads that decode and resize images ahead of the GPU. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { nonNegativeNumber } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { ThreadPool } from '../../core/parallel/threadPool.node.js';
import {
  type CacheUse,
  type DecodeJob,
  type ImageSize,
  type JobResult,
  type LoadedImage,
  runJob,
} from './decodeJobs.node.js';
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
  /** Bytes that resized images may take in the user's cache folder; default 0: none are kept. */
  readonly cacheLimit?: number;
}

const OPTIONS = ['workers', 'workerFile', 'scaling', 'refuseClipped', 'cacheLimit'];

/** A queue of decoding jobs over worker threads, see `ThreadPool`; an image whose thread dies is named. */
export class DecodePool {
  private readonly seen = new Map<string, PixelFacts>();
  private readonly pool: ThreadPool<DecodeJob, JobResult>;
  private readonly scaling: Scaling;
  private readonly refuseClipped: string | undefined;
  private readonly cacheLimit: number;
  /** How often the cache of resized images was read from, and added to. */
  readonly cacheUses: Record<CacheUse, number> = { read: 0, added: 0 };

  /** @throws UsageError for a bad number of workers, or when the worker script is not built */
  constructor(options: DecodePoolOptions = {}) {
    refuseMisspelt('The options of DecodePool', options, OPTIONS);
    this.scaling = checkScaling(options.scaling ?? 'keras');
    this.refuseClipped = options.refuseClipped;
    this.cacheLimit = nonNegativeNumber('cacheLimit', options.cacheLimit ?? 0);
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
    const image = await this.submit<LoadedImage>({
      kind: 'load',
      ...this.job(file),
      width,
      height,
      interpolation,
    });
    this.keep(file, image.facts);
    return image;
  }

  /**
   * Decodes an image and describes it.
   * @param next the size that it will be loaded at; where there is a cache, it is put there on this occasion
   * @throws DataError naming the file
   */
  async inspect(file: string, next?: ImageSize): Promise<ImageFacts> {
    const found = await this.submit<ImageFacts>({ kind: 'inspect', ...this.job(file), next });
    this.keep(file, found);
    return found;
  }

  private job(file: string) {
    return { file, scaling: this.scaling, cacheLimit: this.cacheLimit };
  }

  private async submit<Result>(job: DecodeJob): Promise<Result> {
    const { cache, ...result } = await this.pool.submit(job);
    if (cache) this.cacheUses[cache]++;
    return result as Result;
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
