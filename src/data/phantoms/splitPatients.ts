/** Splitting by patient with every finding spread over the splits. */
import { LABELS } from '../tables/labels.js';
import { Stream } from './randomStreams.js';

export type Split = 'train' | 'valid' | 'test';
export const SPLITS: readonly Split[] = ['train', 'valid', 'test'];
/** Wanted share of the images. */
export const SPLIT_SHARES: Readonly<Record<Split, number>> = { train: 0.6, valid: 0.15, test: 0.25 };

interface Patient {
  id: number;
  images: number;
  /** Images with each label. */
  positives: number[];
}

/**
 * Iterative stratification (Sechidis, Tsoumakas and Vlahavas, ECML 2011) of whole patients: those with the
 * rarest finding first, each to the split that still lacks most images of it.
 */
export function splitPatients(
  specs: readonly { patientId: number; labels: readonly number[] }[],
  seed: number,
): Map<number, Split> {
  const patients = new Map<number, Patient>();
  for (const { patientId, labels } of specs) {
    const known = patients.get(patientId);
    const patient = known ?? { id: patientId, images: 0, positives: LABELS.map(() => 0) };
    patient.images++;
    labels.forEach((value, k) => {
      patient.positives[k] += value;
    });
    patients.set(patientId, patient);
  }
  const waiting = shuffled([...patients.values()], seed);
  const totals = LABELS.map((_, k) => waiting.reduce((sum, p) => sum + p.positives[k], 0));
  const lacking = SPLITS.map((split) => ({
    split,
    images: SPLIT_SHARES[split] * specs.length,
    positives: totals.map((total) => SPLIT_SHARES[split] * total),
  }));
  const result = new Map<number, Split>();
  const assign = (patient: Patient, label: number): void => {
    const need = (i: number): number => (label < 0 ? lacking[i].images : lacking[i].positives[label]);
    let best = 0;
    for (let i = 1; i < lacking.length; i++) {
      const more = need(i) - need(best);
      if (more > 1e-9 || (Math.abs(more) <= 1e-9 && lacking[i].images > lacking[best].images)) best = i;
    }
    result.set(patient.id, lacking[best].split);
    lacking[best].images -= patient.images;
    patient.positives.forEach((value, k) => {
      lacking[best].positives[k] -= value;
    });
  };
  while (waiting.length > 0) {
    const left = LABELS.map((_, k) => waiting.reduce((sum, p) => sum + p.positives[k], 0));
    let rarest = -1;
    for (let k = 0; k < left.length; k++) {
      if (left[k] > 0 && (rarest < 0 || left[k] < left[rarest])) rarest = k;
    }
    for (let i = 0; i < waiting.length; ) {
      if (rarest >= 0 && waiting[i].positives[rarest] === 0) i++;
      else assign(waiting.splice(i, 1)[0], rarest);
    }
  }
  fillEmptySplits(result, [...patients.values()]);
  return result;
}

function shuffled(patients: Patient[], seed: number): Patient[] {
  const r = new Stream(seed, 7);
  for (let i = patients.length - 1; i > 0; i--) {
    const j = r.integer(i + 1);
    [patients[i], patients[j]] = [patients[j], patients[i]];
  }
  return patients;
}

/** A split without a patient takes one from the split with the most. */
function fillEmptySplits(result: Map<number, Split>, patients: readonly Patient[]): void {
  for (const split of SPLITS) {
    if ([...result.values()].includes(split)) continue;
    const members = SPLITS.map((s) => patients.filter((p) => result.get(p.id) === s));
    const largest = members.reduce((a, b) => (b.length > a.length ? b : a));
    result.set(largest[largest.length - 1].id, split);
  }
}
