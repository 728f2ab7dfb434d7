/** Worker threads that take jobs from one queue. */
import { parentPort, Worker } from 'node:worker_threads';
import { ChexError, DataError, MissingPackageError, UsageError } from '../errors.js';

/** An error's message, its hint apart, since classes do not survive the crossing. */
interface JobFailure {
  readonly message: string;
  readonly hint: string;
  /** Of a MissingPackageError. */
  readonly missing?: { readonly what: string; readonly packages: readonly string[] };
}

interface JobRequest<Job> {
  readonly id: number;
  readonly job: Job;
}

type JobReply<Result> =
  | { readonly id: number; readonly result: Result }
  | { readonly id: number; readonly failure: JobFailure };

/** What crosses a thread boundary of an error. @param otherwise what to say of one that is none of ours */
function failureOf(error: unknown, otherwise: string): JobFailure {
  if (!(error instanceof ChexError)) return { message: `${otherwise} (${error}).`, hint: '' };
  const { message, hint } = error;
  const { what, packages } = error as Partial<MissingPackageError>;
  return {
    message: hint === '' ? message : message.slice(0, -hint.length - 1),
    hint,
    ...(what && packages ? { missing: { what, packages } } : {}),
  };
}

/** The other side of it. */
function errorOf({ message, hint, missing }: JobFailure): ChexError {
  return missing ? new MissingPackageError(missing.what, missing.packages) : new DataError(message, hint);
}

interface ThreadPoolOptions<Job, Result> {
  /** How many; 0 does the work in the main thread. */
  readonly threads: number;
  /** The built worker script; not asked for without threads. */
  readonly script: () => string;
  /** The work itself, where there are no threads. */
  readonly run: (job: Job) => Promise<Result>;
  /** What a job fails with whose thread has died. */
  readonly lost: (job: Job, reason: string) => Error;
  /** What they do, for messages: `decode`. */
  readonly name: string;
}

interface PendingJob<Job, Result> {
  readonly id: number;
  readonly job: Job;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: Error) => void;
}

interface Thread<Job, Result> {
  readonly worker: Worker;
  current: PendingJob<Job, Result> | undefined;
}

/** Of objects; pixels lie outside the heap. A thread that needs more fails its job and nothing else. */
const WORKER_LIMITS = { maxOldGenerationSizeMb: 256 };

/** As long a timer as there is: it only has to be there. */
const FOR_LONG_MS = 2 ** 31 - 1;

/**
 * First come, first served. Idle threads do not keep the process alive; jobs under way do, and so does `close` until
 * the last thread has ended. A thread that dies fails its own job and is replaced. By hand, not by piscina: what is
 * long here, whose job failed and what keeps the process alive, would stay.
 */
export class ThreadPool<Job, Result> {
  private readonly threads: Thread<Job, Result>[] = [];
  private readonly queue: PendingJob<Job, Result>[] = [];
  private readonly count: number;
  private readonly script: string;
  private nextId = 0;
  private closed = false;
  /** Jobs handed to a thread or waiting for one, and calls of `close`. */
  private awaited = 0;
  private alive: ReturnType<typeof setInterval> | undefined;

  /** @throws UsageError for a bad number of threads, or when the worker script is not built */
  constructor(private readonly options: ThreadPoolOptions<Job, Result>) {
    const { threads: count, name } = options;
    if (!Number.isInteger(count) || count < 0) {
      throw new UsageError(`Cannot start ${count} ${name} workers.`, 'Give a whole number, 0 or more.');
    }
    this.count = count;
    this.script = count === 0 ? '' : options.script();
    while (this.threads.length < count) this.start();
  }

  /** @throws the job's own error, as a DataError where it comes from a thread */
  async submit(job: Job): Promise<Result> {
    if (this.closed) throw new UsageError(`The ${this.options.name} pool is closed.`, 'Make a new one.');
    if (this.count === 0) return this.options.run(job);
    return this.held(
      new Promise<Result>((resolve, reject) => {
        this.queue.push({ id: this.nextId++, job, resolve, reject });
        this.dispatch();
      }),
    );
  }

  /** Ends the threads; jobs not finished are rejected. */
  async close(): Promise<void> {
    this.closed = true;
    const closedError = () =>
      new UsageError(`The ${this.options.name} pool was closed.`, 'Close it after the last batch.');
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

  private dispatch(): void {
    while (this.queue.length > 0) {
      const idle = this.threads.find(({ current }) => current === undefined);
      if (idle === undefined && this.threads.length === this.count) return;
      const next = this.queue.shift() as PendingJob<Job, Result>;
      try {
        const thread = idle ?? this.start();
        thread.current = next;
        const request: JobRequest<Job> = { id: next.id, job: next.job };
        thread.worker.postMessage(request);
      } catch (error) {
        next.reject(this.options.lost(next.job, (error as Error).message));
      }
    }
  }

  private start(): Thread<Job, Result> {
    // Without the parent's flags: some, such as --input-type, forbid a script file.
    const worker = new Worker(this.script, { execArgv: [], resourceLimits: WORKER_LIMITS });
    const thread: Thread<Job, Result> = { worker, current: undefined };
    worker.on('message', (reply: JobReply<Result>) => {
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

  private bury(thread: Thread<Job, Result>, reason: string): void {
    const at = this.threads.indexOf(thread);
    if (at < 0) return;
    this.threads.splice(at, 1);
    thread.current?.reject(this.options.lost(thread.current.job, reason));
    thread.current = undefined;
    // It may live on after a message that could not be read.
    void this.held(thread.worker.terminate());
    this.dispatch();
  }
}

/**
 * The worker's side: answers every request with what `run` makes of its job.
 * @param moved the buffers of a result that go over without a copy
 * @param otherwise for an error that is none of ours: which job, as `a.png: decoding failed`
 */
export function serveJobs<Job, Result>(
  run: (job: Job) => Promise<Result>,
  moved: (result: Result) => ArrayBuffer[],
  otherwise: (job: Job) => string,
): void {
  const port = parentPort;
  port?.on('message', async ({ id, job }: JobRequest<Job>) => {
    try {
      const result = await run(job);
      port.postMessage({ id, result } satisfies JobReply<Result>, moved(result));
    } catch (error) {
      port.postMessage({ id, failure: failureOf(error, otherwise(job)) } satisfies JobReply<Result>);
    }
  });
}
