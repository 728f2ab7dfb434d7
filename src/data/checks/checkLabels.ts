/** The part of `check` that needs only the CSVs: leakage, duplicates, class counts. */

import { firstFew, percent, plural } from '../../core/formatting.js';
import { countKnown, countPositives, type Frame } from '../tables/frame.js';
import { frameFrequencies } from '../tables/frequencies.js';
import { pairs, patientLeakage, repeatedImages, sharedImages } from '../tables/leakage.js';
import { comparePatients, readPatientId } from '../tables/patients.js';
import type { Finding, Splits } from './findings.js';

export interface SplitSummary {
  readonly file: string;
  readonly rows: number;
  readonly patients: number;
  /** Rows without any finding. */
  readonly withoutFinding: number;
  readonly classes: Readonly<Record<string, { positives: number; frequency: number }>>;
}

export function summarize(frame: Frame): SplitSummary {
  const positives = countPositives(frame);
  const { positive } = frameFrequencies(frame);
  return {
    file: frame.file,
    rows: frame.images.length,
    patients: new Set(frame.patientIds).size,
    withoutFinding: frame.images.filter((_, row) => !hasFinding(frame, row)).length,
    classes: Object.fromEntries(
      frame.classes.map((name, c) => [name, { positives: positives[c], frequency: positive[c] }]),
    ),
  };
}

export function hasFinding(frame: Frame, row: number): boolean {
  const classes = frame.classes.length;
  return frame.labels.subarray(row * classes, (row + 1) * classes).includes(1);
}

/** The row's labels as text, e.g. "Mass|Nodule". */
export function labelText(frame: Frame, row: number): string {
  const classes = frame.classes.length;
  return frame.classes.filter((_, c) => frame.labels[row * classes + c] === 1).join('|');
}

/** Two CSVs named for one part, e.g. train-small and train-small.v875, are editions, not splits of one set. */
function sameRole(a: string, b: string): boolean {
  const role = (name: string) => /^(train|val|test)/i.exec(name)?.[1].toLowerCase();
  return role(a) !== undefined && role(a) === role(b);
}

export function checkLabels(splits: Splits): Finding[] {
  const findings: Finding[] = [];
  for (const [name, frame] of Object.entries(splits)) findings.push(...checkSplit(name, frame));
  findings.push(
    ...checkPairs(splits),
    ...checkConflicts(splits),
    ...checkPrevalence(splits),
    ...checkOrder(splits),
  );
  return findings;
}

function checkSplit(name: string, frame: Frame): Finding[] {
  const findings: Finding[] = [];
  const add = (finding: Omit<Finding, 'splits'>) => findings.push({ ...finding, splits: [name] });
  const repeated = repeatedImages(frame);
  if (repeated.length > 0) {
    add({
      severity: 'warning',
      kind: 'repeated-images',
      message: `${name}: ${plural(repeated.length, 'image name')} on more than one row (${firstFew(repeated)}).`,
      items: repeated,
    });
  }
  const counts = countPositives(frame);
  const known = countKnown(frame);
  const absent = frame.classes.filter((_, c) => counts[c] === 0);
  if (absent.length > 0) {
    const effect = /^train/i.test(name) ? 'they cannot be learnt' : 'their AUC is undefined';
    add({
      severity: 'warning',
      kind: 'absent-classes',
      message: `${name}: no image with ${absent.join(', ')}; ${effect}.`,
      items: absent,
    });
  }
  const always = frame.classes.filter((_, c) => counts[c] > 0 && counts[c] === known[c]);
  if (always.length > 0) {
    add({
      severity: 'warning',
      kind: 'constant-classes',
      message: `${name}: every image has ${always.join(', ')}; their AUC is undefined.`,
      items: always,
    });
  }
  const rare = frame.classes.filter((_, c) => counts[c] > 0 && counts[c] < 5);
  if (rare.length > 0) {
    const list = rare.map((label) => `${label} ${counts[frame.classes.indexOf(label)]}`);
    add({
      severity: 'info',
      kind: 'rare-classes',
      message: `${name}: fewer than 5 images with ${list.join(', ')}; their AUC says little.`,
      items: rare,
    });
  }
  const misnamed = frame.images.filter((image, row) => {
    const patient = /^(?:.*\/)?(\d{8})_\d{3}\.\w+$/.exec(image)?.[1];
    return patient !== undefined && readPatientId(patient) !== frame.patientIds[row];
  });
  if (misnamed.length > 0) {
    add({
      severity: 'error',
      kind: 'patient-mismatch',
      message:
        `${name}: ${plural(misnamed.length, 'row')} whose PatientId is not the number in the image's name ` +
        `(${firstFew(misnamed)}).`,
      items: misnamed,
    });
  }
  return findings;
}

function checkPairs(splits: Splits): Finding[] {
  const findings: Finding[] = [];
  for (const { between, patientIds, images } of patientLeakage(splits)) {
    if (patientIds.length === 0) continue;
    const [a, b] = between;
    findings.push({
      severity: sameRole(a, b) ? 'info' : 'error',
      kind: 'patient-leakage',
      message:
        `${plural(patientIds.length, 'patient')} in both ${a} and ${b} (${firstFew(patientIds)}): ` +
        `${plural(images[0], 'image')} of ${a} and ${images[1]} of ${b}.`,
      splits: between,
      items: patientIds,
    });
  }
  for (const { between, images } of sharedImages(splits)) {
    if (images.length === 0) continue;
    findings.push({
      severity: sameRole(...between) ? 'info' : 'error',
      kind: 'shared-images',
      message: `${plural(images.length, 'image')} in both ${between.join(' and ')} (${firstFew(images)}).`,
      splits: between,
      items: images,
    });
  }
  return findings;
}

/** Rows of one image with different labels. */
function checkConflicts(splits: Splits): Finding[] {
  const first = new Map<string, { split: string; text: string }>();
  const conflicts = new Set<string>();
  const concerned = new Set<string>();
  for (const [split, frame] of Object.entries(splits)) {
    for (const [row, image] of frame.images.entries()) {
      const text = labelText(frame, row);
      const before = first.get(image);
      if (before === undefined) first.set(image, { split, text });
      else if (before.text !== text) {
        conflicts.add(image);
        concerned.add(before.split).add(split);
      }
    }
  }
  if (conflicts.size === 0) return [];
  const items = [...conflicts];
  const message = `${plural(items.length, 'image')} with different labels on different rows (${firstFew(items)}).`;
  return [{ severity: 'error', kind: 'conflicting-labels', message, splits: [...concerned], items }];
}

/** Classes, and "no finding", whose share differs from train's threefold and beyond chance. */
function checkPrevalence(splits: Splits): Finding[] {
  const names = Object.keys(splits);
  const train = names.find((name) => /^train/i.test(name));
  if (train === undefined) return [];
  const base = shares(splits[train]);
  return names.flatMap((name): Finding[] => {
    if (sameRole(name, train)) return [];
    const here = shares(splits[name]);
    const moved = [...here].flatMap(([label, now]) => {
      const then = base.get(label);
      return then !== undefined && differs(then, now)
        ? [{ label, text: `${label} ${percent(then.count / then.rows)} -> ${percent(now.count / now.rows)}` }]
        : [];
    });
    if (moved.length === 0) return [];
    return [
      {
        severity: 'warning',
        kind: 'prevalence-shift',
        message:
          `${name} has other shares of findings than ${train}: ` +
          `${firstFew(
            moved.map(({ text }) => text),
            15,
          )}; thresholds and precision will not carry over.`,
        splits: [train, name],
        items: moved.map(({ label }) => label),
      },
    ];
  });
}

interface Share {
  readonly count: number;
  readonly rows: number;
}

function shares(frame: Frame): Map<string, Share> {
  const { rows, withoutFinding, classes } = summarize(frame);
  const known = countKnown(frame);
  const result = new Map<string, Share>([['no finding', { count: withoutFinding, rows }]]);
  for (const [c, label] of frame.classes.entries()) {
    result.set(label, { count: classes[label].positives, rows: known[c] });
  }
  return result;
}

/** Threefold, and four standard errors of the difference under equal shares. */
function differs(a: Share, b: Share): boolean {
  const [pa, pb] = [a.count / a.rows, b.count / b.rows];
  if (Math.max(pa, pb) < 3 * Math.min(pa, pb)) return false;
  const pooled = (a.count + b.count) / (a.rows + b.rows);
  return Math.abs(pa - pb) > 4 * Math.sqrt(pooled * (1 - pooled) * (1 / a.rows + 1 / b.rows));
}

/** Splits cut from a list sorted by patient instead of drawn: one's patients nearly all come before the other's. */
function checkOrder(splits: Splits): Finding[] {
  return pairs(Object.keys(splits)).flatMap((between): Finding[] => {
    const [a, b] = between.map((name) => splits[name].patientIds);
    if (a.length < 20 || b.length < 20) return [];
    const share = shareBelow(a, b);
    if (share > 0.05 && share < 0.95) return [];
    const range = (ids: readonly string[]) => {
      const sorted = [...ids].sort(comparePatients);
      return `${sorted[0]} to ${sorted[sorted.length - 1]}`;
    };
    return [
      {
        severity: 'info',
        kind: 'sorted-split',
        message:
          `${between[0]} (patients ${range(a)}) and ${between[1]} (${range(b)}) were cut from a sorted list, ` +
          'not drawn at random.',
        splits: between,
        items: [],
      },
    ];
  });
}

/** Share of pairs (one of a, one of b) in which a's id comes first; ties count half. */
function shareBelow(a: readonly string[], b: readonly string[]): number {
  const sorted = [...b].sort(comparePatients);
  const position = (id: string, above: boolean) => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      const order = comparePatients(sorted[middle], id);
      if (above ? order <= 0 : order < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  const wins = a.reduce((sum, id) => sum + sorted.length - (position(id, true) + position(id, false)) / 2, 0);
  return wins / (a.length * b.length);
}
