/** What a loop over batches asks of where they come from. */
import { requireFunction, requireObject, wholeNumber } from '../core/arguments.js';
import type { BatchSource } from './batch.js';

/**
 * Batches in an epoch; `name` is what errors call the source.
 * @throws UsageError unless it is an object with a whole number of batches and `getBatch`
 */
export function checkSource(name: string, source: BatchSource): number {
  requireObject(name, source);
  requireFunction(`${name}: getBatch`, source.getBatch);
  return wholeNumber(`${name}: length`, source.length, 0);
}
