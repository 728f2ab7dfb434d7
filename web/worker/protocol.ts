/** What a page and its worker say to each other. */

/** How far a call is. */
export interface CallProgress {
  readonly what: string;
  readonly done: number;
  /** 0 where nobody knows it. */
  readonly total: number;
}

/** An error on its way through a message: class, words and hint survive. */
export interface SentError {
  readonly name: string;
  readonly message: string;
}

export type ToWorker =
  | { readonly kind: 'open'; readonly page: string }
  | { readonly kind: 'call'; readonly id: number; readonly method: string; readonly args: unknown }
  | { readonly kind: 'abort'; readonly id: number };

export type FromWorker =
  | { readonly kind: 'result'; readonly id: number; readonly result: unknown }
  | { readonly kind: 'error'; readonly id: number; readonly error: SentError }
  | { readonly kind: 'progress'; readonly id: number; readonly progress: CallProgress }
  | { readonly kind: 'event'; readonly name: string; readonly detail: unknown };

/** What a call in the worker is given beside its arguments. */
export interface Call {
  /** Aborted when the page no longer wants the answer. */
  readonly signal: AbortSignal;
  readonly report: (what: string, done?: number, total?: number) => void;
}

/** What a page's work may ask of the worker that it runs in. */
export interface WorkHost {
  /** Sends an event that belongs to no call. */
  emit(name: string, detail: unknown): void;
}

/** Functions of a page's work, by name; each takes one argument. */
// biome-ignore lint/suspicious/noExplicitAny: each function has an argument of its own, which WorkerClient checks.
export type Work = Record<string, (args: any, call: Call) => unknown>;

/** A result with what goes over to the page instead of being copied. */
export class Transferred<T> {
  constructor(
    readonly result: T,
    readonly transfer: Transferable[],
  ) {}
}
