/** The batches of a training one after the other: a new epoch of the source begins when one is used up. */
import { UsageError } from '../core/errors.js';
import type { StateValue } from '../core/stateValue.js';
import type { Batch, BatchSource } from './batch.js';

export class BatchStream {
  private index = 0;

  constructor(private readonly source: BatchSource) {}

  next(): Promise<Batch> {
    if (this.index === this.source.length) {
      this.source.onEpochEnd();
      this.index = 0;
    }
    return this.source.getBatch(this.index++);
  }

  /** What decides the batches to come: those asked for of the source's epoch, and the source's own state. */
  state(): { batch: number; source: StateValue } {
    return { batch: this.index, source: stateOf(this.source) };
  }

  /** @throws UsageError for a place that this source has not; as `BatchSource.restore` */
  restore({ batch, source }: { batch: number; source: StateValue }): void {
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
