/** Worker threads that decode and resize images ahead of the GPU. */
import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { DataError, UsageError } from '../core/errors.js';
import type { Inspection } from './check.js';
import {
  type DecodeJob,
  errorOf,
  type JobReply,
  type JobRequest,
  type JobResult,
  runJob,
} from './decodeJobs.node.js';
import type { PixelImage } from './pixels.js';
import type { Interpolation } from './resize.js';

export interface DecodePoolOptions {
  /**
   * Threads; default one less than the cores, at least 1 and at most 4. 0 decodes in the main thread, for a
   * source tree without a build.
   */
  readonly workers?: number;
  /** The built worker script; default the package's own. */
  readonly workerFile?: string;
}

interface PendingJob {
  readonly job: DecodeJob;
  readonly resolve: (result: JobResult) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  readonly worker: Worker;
  current: PendingJob | undefined;
}

/**
 * A queue of decoding jobs over worker threads, first come, first served. Idle threads do not keep the
 * process alive; jobs under way do. A thread that dies fails its own job, and every job once none is left.
 */
export class DecodePool {
  private readonly threads: Thread[];
  private readonly queue: PendingJob[] = [];
  private readonly inline: boolean;
  private nextId = 0;
  private closed = false;
  private deathNote = '';

  /** @throws UsageError for a bad number of workers, or when the worker script is not built */
  constructor(options: DecodePoolOptions = {}) {
    const count = options.workers ?? Math.max(1, Math.min(availableParallelism() - 1, 4));
    if (!Number.isInteger(count) || count < 0) {
      throw new UsageError(`Cannot start ${count} decode workers.`, 'Give a whole number, 0 or more.');
    }
    this.inline = count === 0;
    const script = this.inline ? '' : (options.workerFile ?? builtWorker());
    this.threads = Array.from({ length: count }, () => this.start(script));
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
  ): Promise<PixelImage> {
    return (await this.submit({ kind: 'load', file, width, height, interpolation })) as PixelImage;
  }

  /** Decodes an image and describes it. @throws DataError naming the file */
  async inspect(file: string): Promise<Inspection> {
    return (await this.submit({ kind: 'inspect', file })) as Inspection;
  }

  /** Ends the threads; jobs not finished are rejected. */
  async close(): Promise<void> {
    this.closed = true;
    const closedError = () => new UsageError('The decode pool was closed.', 'Close it after the last batch.');
    for (const pending of this.queue.splice(0)) pending.reject(closedError());
    await Promise.all(
      this.threads.splice(0).map(async (thread) => {
        thread.current?.reject(closedError());
        thread.current = undefined;
        await thread.worker.terminate();
      }),
    );
  }

  private submit(job: DecodeJob): Promise<JobResult> {
    if (this.closed) {
      return Promise.reject(new UsageError('The decode pool is closed.', 'Make a new one.'));
    }
    if (this.inline) return runJob(job);
    if (this.threads.length === 0) return Promise.reject(this.lost(job));
    return new Promise((resolve, reject) => {
      this.queue.push({ job, resolve, reject });
      this.dispatch();
    });
  }

  private dispatch(): void {
    for (const thread of this.threads) {
      if (thread.current !== undefined) continue;
      const next = this.queue.shift();
      if (next === undefined) return;
      thread.current = next;
      thread.worker.ref();
      const request: JobRequest = { id: this.nextId++, job: next.job };
      thread.worker.postMessage(request);
    }
  }

  private start(script: string): Thread {
    // Without the parent's flags: some, such as --input-type, forbid a script file.
    const worker = new Worker(script, { execArgv: [] });
    const thread: Thread = { worker, current: undefined };
    worker.unref();
    worker.on('message', (reply: JobReply) => {
      const done = thread.current;
      thread.current = undefined;
      worker.unref();
      if (done !== undefined) {
        if ('failure' in reply) done.reject(errorOf(reply.failure));
        else done.resolve(reply.result);
      }
      this.dispatch();
    });
    worker.on('error', (error) => this.bury(thread, error.message));
    worker.on('exit', (code) => this.bury(thread, `exit code ${code}`));
    return thread;
  }

  private bury(thread: Thread, reason: string): void {
    const at = this.threads.indexOf(thread);
    if (at < 0) return;
    this.threads.splice(at, 1);
    this.deathNote = reason;
    if (thread.current !== undefined) thread.current.reject(this.lost(thread.current.job));
    thread.current = undefined;
    if (this.threads.length === 0) {
      for (const pending of this.queue.splice(0)) pending.reject(this.lost(pending.job));
    }
  }

  private lost(job: DecodeJob): DataError {
    return new DataError(
      `${job.file}: the decode worker died (${this.deathNote}).`,
      'Check that image, or decode with workers: 0.',
    );
  }
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
