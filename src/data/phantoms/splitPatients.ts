/** Splitting by patient with every finding spread over the splits. */
import { LABELS } from '../tables/labels.js';
import { groupRows, stratify } from '../tables/stratify.js';
import { Stream } from './randomStreams.js';

export type Split = 'train' | 'valid' | 'test';
export const SPLITS: readonly Split[] = ['train', 'valid', 'test'];
/** Wanted share of the images. */
export const SPLIT_SHARES: Readonly<Record<Split, number>> = { train: 0.6, valid: 0.15, test: 0.25 };

/** The split of each patient, by `stratify`. */
export function splitPatients(
  specs: readonly { patientId: number; labels: readonly number[] }[],
  seed: number,
): Map<number, Split> {
  const ids = specs.map(({ patientId }) => patientId);
  const patients = groupRows(
    ids,
    specs.flatMap(({ labels }) => labels),
    LABELS.length,
  );
  const stream = new Stream(seed, 7);
  const shares = SPLITS.map((split) => SPLIT_SHARES[split]);
  const splits = stratify(patients, shares, (below) => stream.integer(below));
  return new Map([...splits].map(([id, split]) => [id, SPLITS[split]]));
}
