/** The page's side: calls functions of its work in a worker of its own. */
import type { Call, CallProgress, FromWorker, ToWorker, Transferred, Work } from './protocol.js';

/** What a function of the work gives the page. */
type ResultOf<F> = F extends (args: never, call: Call) => infer R
  ? Awaited<R> extends Transferred<infer T>
    ? T
    : Awaited<R>
  : never;
type ArgumentOf<F> = F extends (args: infer A, call: Call) => unknown ? A : never;

export interface CallOptions {
  signal?: AbortSignal;
  onProgress?: (progress: CallProgress) => void;
  transfer?: Transferable[];
}

/** An error of the worker; `name` is its class there, e.g. `DataError`. */
export class WorkerError extends Error {
  constructor(
    override readonly name: string,
    message: string,
  ) {
    super(message);
  }
}

interface Waiting {
  resolve(result: unknown): void;
  reject(error: unknown): void;
  onProgress?: (progress: CallProgress) => void;
}

/** `new WorkerClient<ReaderWork>('reader')` starts the worker with the work of that page. */
export class WorkerClient<W extends Work> extends EventTarget {
  private readonly worker: Worker;
  private readonly waiting = new Map<number, Waiting>();
  private last = 0;

  constructor(page: string) {
    super();
    // All scripts lie in one folder, so the worker is found wherever that is.
    this.worker = new Worker(new URL('./worker.js', import.meta.url), { type: 'module', name: page });
    this.worker.onmessage = ({ data }: MessageEvent<FromWorker>) => this.hear(data);
    this.worker.onerror = (event) => {
      const error = new WorkerError('Error', event.message || 'The worker could not be loaded.');
      for (const { reject } of this.waiting.values()) reject(error);
      this.waiting.clear();
    };
    this.send({ kind: 'open', page });
  }

  /** @throws WorkerError; the signal's reason */
  call<K extends keyof W & string>(
    method: K,
    args: ArgumentOf<W[K]>,
    { signal, onProgress, transfer = [] }: CallOptions = {},
  ): Promise<ResultOf<W[K]>> {
    const id = ++this.last;
    return new Promise<ResultOf<W[K]>>((resolve, reject) => {
      if (signal?.aborted) return reject(signal.reason);
      const abort = () => {
        this.waiting.delete(id);
        this.send({ kind: 'abort', id });
        reject(signal?.reason);
      };
      signal?.addEventListener('abort', abort, { once: true });
      const settle = () => {
        this.waiting.delete(id);
        signal?.removeEventListener('abort', abort);
      };
      this.waiting.set(id, {
        resolve: (result) => {
          settle();
          resolve(result as ResultOf<W[K]>);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        onProgress,
      });
      this.send({ kind: 'call', id, method, args }, transfer);
    });
  }

  close(): void {
    this.worker.terminate();
    for (const { reject } of this.waiting.values()) reject(new DOMException('Closed', 'AbortError'));
    this.waiting.clear();
  }

  private send(message: ToWorker, transfer: Transferable[] = []): void {
    this.worker.postMessage(message, transfer);
  }

  private hear(message: FromWorker): void {
    if (message.kind === 'event') {
      this.dispatchEvent(new CustomEvent(message.name, { detail: message.detail }));
      return;
    }
    const waiting = this.waiting.get(message.id);
    if (!waiting) return;
    if (message.kind === 'progress') waiting.onProgress?.(message.progress);
    else if (message.kind === 'result') waiting.resolve(message.result);
    else waiting.reject(new WorkerError(message.error.name, message.error.message));
  }
}
