/** An engine of somebody else, in a worker of its own that ends with the race. */
import type { Answers, EngineJob, EngineRunner } from '../../../../bench/peers/engineRunner.js';
import {
  BENCH_SEED,
  type BenchBatch,
  benchBatch,
  type PeerNetwork,
} from '../../../../bench/peers/peerNetwork.js';
import { GpuError } from '../../../../src/core/errors.js';

/** What the worker is told. */
export interface Question {
  readonly id: number;
  readonly op: keyof Answers;
  /** With `open`. */
  readonly job?: EngineJob & BenchBatch;
  readonly network?: PeerNetwork;
}

/** What it answers. */
export interface Answer {
  readonly id: number;
  readonly result?: unknown;
  readonly error?: string;
}

export class WorkerEngine implements EngineRunner {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private last = 0;
  private ended: string | null = null;

  constructor(
    private readonly network: PeerNetwork,
    private readonly signal: AbortSignal,
  ) {
    // All scripts lie in one folder; this one is fetched now, because somebody asked for it.
    this.worker = new Worker(new URL('./race-tfjs.js', import.meta.url), { type: 'module' });
    this.worker.onmessage = ({ data }: MessageEvent<Answer>) => this.waiting.get(data.id)?.(data);
    this.worker.onerror = (event) =>
      this.end(event.message || 'race-tfjs.js could not be loaded: it is fetched only when it is asked for');
    signal.addEventListener('abort', this.abort, { once: true });
  }

  private readonly abort = () => this.end('cancelled');

  ask<Op extends keyof Answers>(op: Op, timeoutMs: number, job?: EngineJob): Promise<Answers[Op]> {
    if (this.ended !== null) return Promise.reject(new GpuError(this.ended));
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      const seconds = (timeoutMs / 1000).toFixed(0);
      const timer = setTimeout(() => this.end(`no answer within ${seconds} s`), timeoutMs);
      this.waiting.set(id, ({ result, error }) => {
        clearTimeout(timer);
        this.waiting.delete(id);
        if (error === undefined) resolve(result as Answers[Op]);
        else reject(new GpuError(error.split('\n')[0]));
      });
      const question: Question = job
        ? { id, op, job: { ...job, ...this.dataOf(job) }, network: this.network }
        : { id, op };
      this.worker.postMessage(question);
    });
  }

  private dataOf({ batch, size }: EngineJob): BenchBatch {
    return benchBatch(this.network.config, batch, size, BENCH_SEED);
  }

  async stop(): Promise<void> {
    this.end('it was stopped');
  }

  private end(why: string): void {
    if (this.ended !== null) return;
    this.ended = why;
    this.signal.removeEventListener('abort', this.abort);
    this.worker.terminate();
    for (const [id, settle] of this.waiting) settle({ id, error: why });
  }
}
