/** A cohort of synthetic patients: who they are, when they come, what they have, which split they fall into. */
import { requireFields } from '../../core/arguments.js';
import { UsageError } from '../../core/errors.js';
import { LABELS, type Label } from '../tables/labels.js';
import {
  evolve,
  type Finding,
  NOTEBOOK_FREQUENCIES,
  PERSISTENCE,
  placeFinding,
} from './findings/placeFinding.js';
import { type Anatomy, drawAnatomy, drawVisit, type Visit } from './patient.js';
import { mixSeed, Stream } from './randomStreams.js';
import { type Split, splitPatients } from './splitPatients.js';

/** Everything that decides one image, but for its size. */
export interface PhantomSpec {
  /** PPPPPPPP_FFF.png: patient and follow-up number, as NIH names its files. */
  image: string;
  patientId: number;
  /** 0 for the first visit. */
  followUp: number;
  split: Split;
  /** labels[14], 0 or 1, in the order of LABELS. */
  labels: number[];
  anatomy: Anatomy;
  visit: Visit;
  findings: Finding[];
}

/** How many synthetic patients there are, and what they have. */
export interface CohortOptions {
  /** Number of images, at least 3. */
  images: number;
  /** Integer in [0, 2^32). */
  seed: number;
  /** Each finding in about a fifth of the images, in place of the notebook's frequencies. */
  balanced?: boolean;
  /** Most visits of one patient, 1 … 999. Default 4. */
  maxVisits?: number;
}

/** Share of images with each finding when balanced; one patient in five has none. */
export const BALANCED_FREQUENCY = 0.2;
const HEALTHY_SHARE = 0.2;

/** Square roots of primes: multiples of them, mod 1, cover [0, 1) evenly and independently of each other. */
const STRIDES = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47].map((prime) => Math.sqrt(prime) % 1);

/**
 * Plans `images` X-rays. Image i does not depend on how many follow it (its split does, and the number of
 * visits of the last patients).
 * @throws UsageError for fewer than 3 images (each split needs a patient), or a bad seed or visit count
 */
export function makeCohort(options: CohortOptions): PhantomSpec[] {
  requireFields('The options of makeCohort', options, ['images', 'seed', 'balanced', 'maxVisits']);
  const { images, seed, balanced = false, maxVisits = 4 } = options;
  if (!Number.isInteger(images) || images < 3) {
    throw new UsageError(
      `A cohort cannot have ${images} images.`,
      'Give `images` an integer of at least 3: one patient for each of train, valid and test.',
    );
  }
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new UsageError(`The seed ${seed} is not usable.`, 'Give `seed` an integer from 0 to 4294967295.');
  }
  if (!Number.isInteger(maxVisits) || maxVisits < 1 || maxVisits > 999) {
    throw new UsageError(`A patient cannot have ${maxVisits} visits.`, 'Give an integer from 1 to 999.');
  }
  const specs: PhantomSpec[] = [];
  let patientId = 0;
  for (let patient = 0; specs.length < images; patient++) {
    const r = new Stream(seed, patient, 0);
    patientId += 1 + r.integer(20);
    const wanted = 1 + Math.floor(maxVisits * r.random() ** 1.6);
    // Room for at least three patients, however few the images.
    const room = images - specs.length - Math.max(0, 2 - patient);
    const visits = Math.max(1, Math.min(wanted, room));
    const anatomy = drawAnatomy(seed, patient);
    let findings: Finding[] = [];
    for (let followUp = 0; followUp < visits; followUp++) {
      findings = nextFindings(findings, seed, patient, followUp, balanced);
      specs.push({
        image: `${String(patientId).padStart(8, '0')}_${String(followUp).padStart(3, '0')}.png`,
        patientId,
        followUp,
        split: 'train',
        labels: LABELS.map((label) => (findings.some((f) => f.label === label) ? 1 : 0)),
        anatomy,
        visit: drawVisit(seed, patient, followUp, anatomy),
        findings,
      });
    }
  }
  const splits = splitPatients(specs, seed);
  for (const spec of specs) spec.split = splits.get(spec.patientId) ?? 'train';
  return specs;
}

/**
 * A Markov chain for each finding with the wanted frequency f as its steady state: at the first visit it is
 * there with f; later it stays with s and comes anew with f(1 − s)/(1 − f).
 */
function nextFindings(
  before: readonly Finding[],
  seed: number,
  patient: number,
  followUp: number,
  balanced: boolean,
): Finding[] {
  const r = new Stream(seed, patient, 3, followUp);
  const present = new Map<Label, Finding>(before.map((f) => [f.label, f]));
  // First visits are spread evenly over patients, so that even a small cohort has the right frequencies.
  const even = (k: number): number => {
    const offset = mixSeed(seed, 17, k) / 4294967296;
    return (offset + (patient + 1) * STRIDES[k]) % 1;
  };
  const draws = LABELS.map((_, k) => (followUp === 0 ? even(k) : r.random()));
  // In a balanced cohort some patients are healthy at every visit; the others share the findings out.
  if (balanced && even(LABELS.length) < HEALTHY_SHARE) return [];
  const kept: Finding[] = [];
  const fresh: Label[] = [];
  LABELS.forEach((label, k) => {
    const old = present.get(label);
    const f = balanced ? BALANCED_FREQUENCY / (1 - HEALTHY_SHARE) : NOTEBOOK_FREQUENCIES[k];
    const s = PERSISTENCE[label];
    if (draws[k] >= (followUp === 0 ? f : old ? s : (f * (1 - s)) / (1 - f))) return;
    if (old) kept.push(evolve(old, r));
    else fresh.push(label);
  });
  for (const label of fresh) kept.push(placeFinding(label, kept, seed, patient, 5, followUp));
  return kept;
}
