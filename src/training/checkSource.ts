/** What a loop over batches asks of the model, and of where they come from. */
import { requireFunction, requireObject, shown, wholeNumber } from '../core/arguments.js';
import { UsageError } from '../core/errors.js';
import type { BatchSource } from './batch.js';
import type { Model } from './model/model.js';

/** @throws UsageError unless it is a model; `where` names the function that wants it */
export function requireModel(where: string, model: unknown): void {
  if (typeof (model as Model | undefined | null)?.goOn === 'function') return;
  throw new UsageError(
    `The first argument of ${where} is ${shown(model)}, it must be a model.`,
    'DenseNet.create(gpu, { ... }) gives one.',
  );
}

/**
 * Batches in an epoch; `name` is what errors call the source.
 * @throws UsageError unless it is an object with a whole number of batches and `getBatch`
 */
export function checkSource(name: string, source: BatchSource): number {
  requireObject(name, source);
  requireFunction(`${name}: getBatch`, source.getBatch);
  return wholeNumber(`${name}: length`, source.length, 0);
}
