import { describe, expect, it } from 'vitest';
import { splitPatients } from '../../../src/data/phantoms/splitPatients.js';
import { LABELS } from '../../../src/data/tables/labels.js';

/** Images of patients; the first label is 1 for those named. */
const specs = (patients: readonly number[], ill: readonly number[] = []) =>
  patients.map((patientId) => ({
    patientId,
    labels: LABELS.map((_, k) => Number(k === 0 && ill.includes(patientId))),
  }));
const range = (n: number) => Array.from({ length: n }, (_, i) => i);
const counts = (splits: Map<number, string>) =>
  ['train', 'valid', 'test'].map((split) => [...splits.values()].filter((of) => of === split).length);

describe('splitPatients', () => {
  it('gives 60, 15 and 25 of a hundred', () => {
    expect(counts(splitPatients(specs(range(100)), 1))).toEqual([60, 15, 25]);
  });

  it('counts images, of whole patients', () => {
    // One patient with as many images as all others.
    const splits = splitPatients(specs([...range(20), ...Array<number>(20).fill(99)]), 1);
    expect(splits.size).toBe(21);
    expect(splits.get(99)).toBe('train');
  });

  it('puts the two of a rare finding into train and test', () => {
    const splits = splitPatients(specs(range(50), [7, 8]), 3);
    expect([splits.get(7), splits.get(8)].sort()).toEqual(['test', 'train']);
  });

  it('leaves no split empty where there are three patients', () => {
    expect(counts(splitPatients(specs(range(3)), 1))).toEqual([1, 1, 1]);
  });

  it('is the same for the same seed', () => {
    const split = (seed: number) =>
      [...splitPatients(specs(range(40), [1, 2, 3]), seed)].sort((a, b) => a[0] - b[0]);
    expect(split(4)).toEqual(split(4));
    expect(split(4)).not.toEqual(split(5));
  });
});
