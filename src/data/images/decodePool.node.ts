/** Worker threads that decode and resize images ahead of the GPU. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DataError, UsageError } from '../../core/errors.js';
import {
  type DecodeJob,
  errorOf,
  type JobReply,
  type JobRequest,
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
}

interface PendingJob {
  readonly id: number;
  readonly job: DecodeJob;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  current: PendingJob | undefined;
}

/** Of objects; pixels lie outside the heap. A thread that needs more fails its image and nothing else. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 256 };

/** As long a timer as there is: it only has to be there. */
const FOR_LONG_MS = 2 ** 31 - 1;

/**
 * A queue of decoding jobs over worker threads, first come, first served. Idle threads do not keep the
 * process alive; jobs under way do, and so does `close` until the last thread has ended. A thread that dies
 * fails its own job and is replaced. By hand, not by piscina: what is long here, whose image failed and what keeps the
 * process alive, would stay.
 */
export class DecodePool {
  private readonly seen = new Map<string, PixelFacts>();
  private readonly threads: Thread[] = [];
  private readonly queue: PendingJob[] = [];
  private readonly count: number;
  private readonly script: string;
  private readonly scaling: Scaling;
  private readonly refuseClipped: string | undefined;
  private nextId = 0;
  private closed = false;
  /** Jobs handed to a thread or waiting for one, and calls of `close`. */
  private awaited = 0;
  private alive: ReturnType<typeof setInterval> | undefined;

  /** @throws UsageError for a bad number of workers, or when the worker script is not built */
  constructor(options: DecodePoolOptions = {}) {
    const count = options.workers ?? Math.max(1, Math.min(availableParallelism() - 1, 4));
    if (!Number.isInteger(count) || count < 0) {
      throw new UsageError(`Cannot start ${count} decode workers.`, 'Give a whole number, 0 or more.');
    }
    this.count = count;
    this.scaling = checkScaling(options.scaling ?? 'keras');
    this.refuseClipped = options.refuseClipped;
    this.script = count === 0 ? '' : (options.workerFile ?? builtWorker());
    while (this.threads.length < count) this.start();
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
    const image = (await this.submit(job)) as LoadedImage;
    this.keep(file, image.facts);
    return image;
  }

  /** Decodes an image and describes it. @throws DataError naming the file */
  async inspect(file: string): Promise<ImageFacts> {
    const found = (await this.submit({ kind: 'inspect', file, scaling: this.scaling })) as ImageFacts;
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
  async close(): Promise<void> {
    this.closed = true;
    const closedError = () => new UsageError('The decode pool was closed.', 'Close it after the last batch.');
    for (const pending of this.queue.splice(0)) pending.reject(closedError());
    await this.held(
      Promise.all(
        this.threads.splice(0).map((thread) => {
          thread.current?.reject(closedError());
          thread.current = undefined;
          return thread.worker.terminate();
        }),
      ),
    );
  }

  /**
   * Keeps the process alive until the promise is settled. Not by `ref` and `unref` of the workers: whoever
   * counts there wrong, once, has the event loop run dry while somebody waits.
   */
  private async held<T>(promise: Promise<T>): Promise<T> {
    this.awaited++;
    this.alive ??= setInterval(() => {}, FOR_LONG_MS);
    try {
      return await promise;
    } finally {
      if (--this.awaited === 0) {
        clearInterval(this.alive);
        this.alive = undefined;
      }
    }
  }

  private async submit(job: DecodeJob): Promise<JobResult> {
    if (this.closed) throw new UsageError('The decode pool is closed.', 'Make a new one.');
    if (this.count === 0) return runJob(job);
    return this.held(
      new Promise<JobResult>((resolve, reject) => {
        this.queue.push({ id: this.nextId++, job, resolve, reject });
        this.dispatch();
      }),
    );
  }

  private dispatch(): void {
    while (this.queue.length > 0) {
      const idle = this.threads.find(({ current }) => current === undefined);
      if (idle === undefined && this.threads.length === this.count) return;
      const next = this.queue.shift() as PendingJob;
      try {
        const thread = idle ?? this.start();
        thread.current = next;
        const request: JobRequest = { id: next.id, job: next.job };
        thread.worker.postMessage(request);
      } catch (error) {
        next.reject(lost(next.job, (error as Error).message));
      }
    }
  }

  private start(): Thread {
    // Without the parent's flags: some, such as --input-type, forbid a script file.
    const worker = new Worker(this.script, { execArgv: [], resourceLimits: WORKER_LIMITS });
    const thread: Thread = { worker, current: undefined };
    worker.on('message', (reply: JobReply) => {
      const done = thread.current;
      if (done?.id !== reply.id) return;
      thread.current = undefined;
      if ('failure' in reply) done.reject(errorOf(reply.failure));
      else done.resolve(reply.result);
      this.dispatch();
    });
    worker.on('messageerror', (error) => this.bury(thread, error.message));
    worker.on('error', (error) => this.bury(thread, String((error as Error | undefined)?.message ?? error)));
    worker.on('exit', (code) => this.bury(thread, `exit code ${code}`));
    // Behind the listeners: to listen for messages takes hold of the port again.
    worker.unref();
    this.threads.push(thread);
    return thread;
  }

  private bury(thread: Thread, reason: string): void {
    const at = this.threads.indexOf(thread);
    if (at < 0) return;
    this.threads.splice(at, 1);
    thread.current?.reject(lost(thread.current.job, reason));
    thread.current = undefined;
    // It may live on after a message that could not be read.
    void this.held(thread.worker.terminate());
    this.dispatch();
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
