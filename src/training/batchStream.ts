/** The batches of a training one after the other: a new epoch of the source begins when one is used up. */
import { UsageError } from '../core/errors.js';
import type { StateValue } from '../core/stateValue.js';
import type { Batch, BatchSource } from './batch.js';

/** Batches asked for of the source's epoch, and the source's own state. */
interface StreamState {
  batch: number;
  source: StateValue;
}

export class BatchStream {
  private index = 0;
  /** What `state` was before a batch that was asked for and is not used yet. */
  private before: StreamState | null = null;

  /** @param rewinds whether `state` is asked while a batch is on its way, or was given up */
  constructor(
    private readonly source: BatchSource,
    private readonly rewinds = false,
  ) {}

  next(): Promise<Batch> {
    if (this.rewinds) this.before = this.now();
    if (this.index === this.source.length) {
      this.source.onEpochEnd();
      this.index = 0;
    }
    return this.source.getBatch(this.index++);
  }

  /** The last batch is used: it does not come again. */
  used(): void {
    this.before = null;
  }

  /** What decides the batches to come; one that was not used is the first of them. */
  state(): StreamState {
    return this.before ?? this.now();
  }

  private now(): StreamState {
    return { batch: this.index, source: stateOf(this.source) };
  }

  /** @throws UsageError for a place that this source has not; as `BatchSource.restore` */
  restore({ batch, source }: StreamState): void {
    if (!Number.isInteger(batch) || batch < 0 || batch > this.source.length) {
      throw new UsageError(
        `The training stood behind batch ${batch} of its source; this one has ${this.source.length}.`,
        'Give it the data and the batch size that it had.',
      );
    }
    restoreSource('The training source', this.source, source);
    this.index = batch;
  }
}

/** The state of a source; null for one that has none. */
export const stateOf = (source: BatchSource | undefined): StateValue => source?.state?.() ?? null;

/** @throws UsageError for a state that nothing takes; as `BatchSource.restore` */
export function restoreSource(name: string, source: BatchSource | undefined, state: StateValue): void {
  if (state === null) return;
  if (!source?.restore) {
    throw new UsageError(
      `${name} has no restore, and a state is there for it.`,
      'Give the source that the training had.',
    );
  }
  source.restore(state);
}
