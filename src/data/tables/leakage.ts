/** Patients and images that occur in more than one split: scores on them are worth nothing. */
import { requireArray, requireObject } from '../../core/arguments.js';
import type { Frame } from './frame.js';
import { comparePatients } from './patients.js';

/** Patients that two splits share. */
export interface PatientLeak {
  /** Names of the two splits. */
  readonly between: readonly [string, string];
  /** Patients in both, ascending. */
  readonly patientIds: readonly string[];
  /** Rows of those patients in the first and in the second split. */
  readonly images: readonly [number, number];
}

/** Rows with their patients. Ids are compared as text: 7 and '7' are one patient. */
interface Patients {
  readonly patientIds: readonly (string | number)[];
}

/** @param name names the table in errors. @throws UsageError for what is no table, or has no list of ids */
function idsOf(name: string, table: Patients): string[] {
  requireObject(name, table);
  requireArray(`${name}: patientIds`, table.patientIds, "with each row's patient");
  return table.patientIds.map(String);
}

/** The notebook's check_for_leakage: whether any patient occurs in both. @throws UsageError for what is no table */
export function checkForLeakage(a: Patients, b: Patients): boolean {
  const seen = new Set(idsOf('The first table', a));
  return idsOf('The second table', b).some((id) => seen.has(id));
}

/**
 * Every pair of splits in the order given, those without a common patient included.
 * @throws UsageError for what is no table
 */
export function patientLeakage(splits: Readonly<Record<string, Patients>>): PatientLeak[] {
  requireObject('The splits', splits);
  const ids = new Map(Object.entries(splits).map(([name, table]) => [name, idsOf(name, table)]));
  return pairs(Object.keys(splits)).map((between) => {
    const [first, second] = between.map((name) => ids.get(name)!);
    const inSecond = new Set(second);
    const shared = new Set(first.filter((id) => inSecond.has(id)));
    const rows = (ids: readonly string[]) => ids.reduce((count, id) => count + Number(shared.has(id)), 0);
    return {
      between,
      patientIds: [...shared].sort(comparePatients),
      images: [rows(first), rows(second)],
    };
  });
}

export interface SharedImages {
  readonly between: readonly [string, string];
  /** Image names in both, in the order of the first split. */
  readonly images: readonly string[];
}

/** Image names in two splits, every pair. */
export function sharedImages(splits: Readonly<Record<string, Pick<Frame, 'images'>>>): SharedImages[] {
  return pairs(Object.keys(splits)).map((between) => {
    const inSecond = new Set(splits[between[1]].images);
    const images = [...new Set(splits[between[0]].images)].filter((image) => inSecond.has(image));
    return { between, images };
  });
}

/** Image names that occur more than once in a split, in order of their first row. */
export function repeatedImages(frame: Pick<Frame, 'images'>): string[] {
  const counts = new Map<string, number>();
  for (const image of frame.images) counts.set(image, (counts.get(image) ?? 0) + 1);
  return [...counts].filter(([, count]) => count > 1).map(([image]) => image);
}

/** All unordered pairs, in the order of the list. */
export function pairs(names: readonly string[]): [string, string][] {
  return names.flatMap((a, i) => names.slice(i + 1).map((b): [string, string] => [a, b]));
}
