/** Where a phantom's findings lie, how large they are, and how they change from visit to visit. */
import { LABELS, type Label } from '../../tables/labels.js';
import { Stream } from '../randomStreams.js';

/** 0 is the patient's right (left on the image), 1 the patient's left. */
export type Side = 0 | 1;

/**
 * One drawn abnormality. Positions are lung coordinates: t from hilum (0) to chest wall (1), q from apex (0) to
 * dome (1).
 */
export interface Finding {
  label: Label;
  side: Side;
  t: number;
  q: number;
  /** Characteristic length in image widths; what it measures depends on the label. */
  size: number;
  /** 0 barely visible … 1 full. */
  severity: number;
  seed: number;
}

/** Share of images with each finding in the notebook's training set of 1000, in the order of LABELS. */
export const NOTEBOOK_FREQUENCIES: readonly number[] = [
  0.02, 0.013, 0.128, 0.002, 0.175, 0.045, 0.054, 0.106, 0.038, 0.021, 0.01, 0.014, 0.016, 0.033,
];

/** Probability that a finding is still there at the next visit. */
export const PERSISTENCE: Readonly<Record<Label, number>> = {
  Cardiomegaly: 0.9,
  Emphysema: 0.95,
  Effusion: 0.5,
  Hernia: 0.9,
  Infiltration: 0.35,
  Mass: 0.85,
  Nodule: 0.85,
  Atelectasis: 0.45,
  Pneumothorax: 0.35,
  Pleural_Thickening: 0.9,
  Pneumonia: 0.3,
  Fibrosis: 0.95,
  Edema: 0.4,
  Consolidation: 0.4,
};

type Range = readonly [number, number];
interface Habit {
  t: Range;
  q: Range;
  size: Range;
}

/** Where each finding tends to sit, and how large it is. 0.079 image widths are 3 cm. */
const HABITS: Readonly<Record<Label, Habit>> = {
  Cardiomegaly: { t: [0, 0], q: [0.8, 0.8], size: [0.58, 0.67] },
  Emphysema: { t: [0.5, 0.5], q: [0.5, 0.5], size: [0.7, 1] },
  Effusion: { t: [0.9, 0.9], q: [1, 1], size: [0.1, 0.24] },
  Hernia: { t: [0, 0], q: [0.9, 0.95], size: [0.062, 0.09] },
  Infiltration: { t: [0.4, 0.65], q: [0.35, 0.8], size: [0.095, 0.14] },
  Mass: { t: [0.35, 0.75], q: [0.25, 0.75], size: [0.046, 0.075] },
  Nodule: { t: [0.35, 0.8], q: [0.2, 0.8], size: [0.024, 0.036] },
  Atelectasis: { t: [0.5, 0.6], q: [0.72, 0.88], size: [0.1, 0.15] },
  Pneumothorax: { t: [0.8, 0.8], q: [0.3, 0.3], size: [0.22, 0.42] },
  Pleural_Thickening: { t: [1, 1], q: [0.1, 0.6], size: [0.025, 0.038] },
  Pneumonia: { t: [0.4, 0.6], q: [0.3, 0.8], size: [0.1, 0.14] },
  Fibrosis: { t: [0.6, 0.6], q: [0.85, 0.85], size: [0.3, 0.5] },
  Edema: { t: [0.3, 0.3], q: [0.5, 0.5], size: [0.13, 0.175] },
  Consolidation: { t: [0.45, 0.6], q: [0.25, 0.75], size: [0.09, 0.13] },
};

/** Findings that fill lung tissue keep apart from each other so that each can be seen. */
const PARENCHYMAL: ReadonlySet<string> = new Set([
  'Infiltration',
  'Mass',
  'Nodule',
  'Pneumonia',
  'Consolidation',
]);

function place(label: Label, stream: Stream): Finding {
  const habit = HABITS[label];
  return {
    label,
    side: stream.chance(0.5) ? 1 : 0,
    t: stream.uniform(habit.t[0], habit.t[1]),
    q: stream.uniform(habit.q[0], habit.q[1]),
    size: stream.uniform(habit.size[0], habit.size[1]),
    severity: stream.uniform(0.6, 1),
    seed: Math.floor(stream.random() * 4294967296),
  };
}

/** Distance in lung coordinates, with the two lungs far apart. */
function distance(a: Finding, b: Finding): number {
  if (a.side !== b.side) return 2;
  return Math.hypot((a.t - b.t) * 0.5, a.q - b.q);
}

/**
 * Places a new finding of `label` among those that the patient already has: of several tries it keeps the
 * one that overlaps least.
 */
export function placeFinding(label: Label, others: readonly Finding[], ...keys: number[]): Finding {
  const stream = new Stream(...keys, LABELS.indexOf(label) + 100);
  let best = place(label, stream);
  let bestScore = -1;
  for (let attempt = 0; attempt < 6; attempt++) {
    const candidate = place(label, stream);
    let score = 2;
    for (const other of others) {
      if (PARENCHYMAL.has(label) && PARENCHYMAL.has(other.label)) {
        score = Math.min(score, distance(candidate, other));
      }
      // Fluid and air in one pleural space, or fluid over a basal band, would hide each other.
      const lateral = ['Effusion', 'Pneumothorax', 'Pleural_Thickening', 'Atelectasis'];
      if (lateral.includes(label) && lateral.includes(other.label) && other.side === candidate.side) {
        score = Math.min(score, 0.1);
      }
      if (PARENCHYMAL.has(label) && other.label === 'Pneumothorax' && other.side === candidate.side) {
        score = Math.min(score, 0.15);
      }
      if (PARENCHYMAL.has(label) && other.label === 'Effusion' && other.side === candidate.side) {
        score = Math.min(score, 1 - candidate.q);
      }
    }
    if (score > bestScore) {
      best = candidate;
      bestScore = score;
    }
  }
  return best;
}

/** The same finding at the next visit: a little larger or smaller, in the same place. */
export function evolve(finding: Finding, stream: Stream): Finding {
  const severity = Math.max(0.55, Math.min(1, finding.severity + stream.normal(0, 0.1)));
  const [low, high] = HABITS[finding.label].size;
  const size = Math.max(low, Math.min(high, finding.size * (1 + stream.normal(0, 0.05))));
  return { ...finding, severity, size };
}
