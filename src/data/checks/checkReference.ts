/** The part of `check` that compares the CSVs with NIH's own table and lists. */

import { firstFew, plural } from '../../core/formatting.js';
import type { Frame } from '../tables/frame.js';
import type { Finding, Splits } from './findings.js';

export interface ReferenceTable {
  /** NIH's table, as `parseNihTable` reads it. */
  readonly frame: Frame;
  /** Image names of NIH's official test list. */
  readonly officialTest?: ReadonlySet<string>;
}

/** Copies keep NIH's name, in other folders and with other endings. */
function stem(image: string): string {
  return image.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '');
}

export function checkReference(splits: Splits, reference: ReferenceTable): Finding[] {
  const { frame: table, officialTest } = reference;
  const rowOf = new Map(table.images.map((image, row) => [stem(image), row]));
  const officialStems = new Set([...(officialTest ?? [])].map(stem));
  const findings: Finding[] = [];
  for (const [name, frame] of Object.entries(splits)) {
    const shared = frame.classes.filter((label) => table.classes.includes(label));
    const unknown: string[] = [];
    const differing: string[] = [];
    const wrongPatient: string[] = [];
    let example = '';
    for (const [row, image] of frame.images.entries()) {
      const at = rowOf.get(stem(image));
      if (at === undefined) {
        unknown.push(image);
        continue;
      }
      if (table.patientIds[at] !== frame.patientIds[row]) wrongPatient.push(image);
      const [here, there] = [labelsAmong(shared, frame, row), labelsAmong(shared, table, at)];
      if (here === there) continue;
      differing.push(image);
      example ||= `${image}: ${here || 'none'} here, ${there || 'none'} there`;
    }
    const add = (severity: Finding['severity'], kind: string, message: string, items: string[]) => {
      if (items.length > 0) findings.push({ severity, kind, message, splits: [name], items });
    };
    const rows = (items: string[]) => plural(items.length, 'row');
    add(
      'warning',
      'labels-differ-from-nih',
      `${name}: ${rows(differing)} with other labels than ${table.file} (${example}).`,
      differing,
    );
    add(
      'error',
      'patient-differs-from-nih',
      `${name}: ${rows(wrongPatient)} with another patient than ${table.file} (${firstFew(wrongPatient)}).`,
      wrongPatient,
    );
    if (unknown.length < frame.images.length) {
      add(
        'info',
        'not-in-nih',
        `${name}: ${rows(unknown)} not in ${table.file} (${firstFew(unknown)}).`,
        unknown,
      );
    }
    if (/^test/i.test(name)) {
      continue;
    }
    const official = frame.images.filter((image) => officialStems.has(stem(image)));
    add(
      'info',
      'official-test-images',
      `${name}: ${plural(official.length, 'image')} of NIH's official test list (${firstFew(official, 3)}); ` +
        'scores on that list would not be honest.',
      official,
    );
  }
  return findings;
}

/** The labels of a row that are among these, which the frame has. */
function labelsAmong(shared: readonly string[], { classes, labels }: Frame, row: number): string {
  return shared.filter((name) => labels[row * classes.length + classes.indexOf(name)] === 1).join('|');
}
