/**
 * Facts of an image file that give its labels away: a network then learns the source, the scanner or the file
 * format instead of the disease. Measure: Cramér's V between the fact and each label, 0 (unrelated) to 1.
 */

import { firstFew, percent } from '../../core/formatting.js';
import type { ImageFacts } from '../images/pixelFacts.js';
import { kindOf } from './checkImages.js';
import { hasFinding } from './checkLabels.js';
import type { Finding, Splits } from './findings.js';

/** Trait name, then its value by image name. */
export type Traits = Readonly<Record<string, ReadonlyMap<string, string>>>;

const ENOUGH_IMAGES = 50;
/** Cohen's "medium" and "large" effects for one degree of freedom. */
const NOTABLE = 0.3;
const LARGE = 0.5;

export function fileTraits(inspections: ReadonlyMap<string, ImageFacts>): Traits {
  const trait = (value: (inspection: ImageFacts) => string) =>
    new Map([...inspections].map(([file, inspection]) => [file, value(inspection)]));
  return {
    'file kind': trait(kindOf),
    'image size': trait(({ width, height }) => `${width}x${height}`),
  };
}

interface Row {
  readonly split: string;
  readonly image: string;
  readonly positive: ReadonlySet<string>;
}

const ANY_FINDING = 'any finding';

/** One finding for each trait that tells labels, or the split, beyond chance. */
export function checkConfounding(splits: Splits, traits: Traits): Finding[] {
  const rows = collectRows(splits);
  const classes = [...new Set(Object.values(splits).flatMap((frame) => frame.classes))];
  const names = Object.keys(splits);
  return Object.entries(traits).flatMap(([trait, values]): Finding[] => {
    const known = rows.filter(({ image }) => values.has(image));
    if (known.length < ENOUGH_IMAGES || new Set(known.map(({ image }) => values.get(image))).size < 2)
      return [];
    const traitOf = ({ image }: Row) => values.get(image) ?? '';
    const telling = [ANY_FINDING, ...classes]
      .map((label) => ({ label, v: cramersV(known, traitOf, ({ positive }) => String(positive.has(label))) }))
      .filter(({ v }) => v >= NOTABLE)
      .sort((a, b) => b.v - a.v);
    const findings: Finding[] = [];
    if (telling.length > 0) {
      const list = telling.map(({ label, v }) => `${label} ${v.toFixed(2)}`);
      findings.push({
        severity: 'warning',
        kind: 'confounded-labels',
        message:
          `The labels follow the ${trait} (Cramér's V: ${firstFew(list)}). Share with ${telling[0].label}: ` +
          `${sharesByValue(known, traitOf, telling[0].label)}. A network can score by telling the ${trait}.`,
        splits: names,
        items: telling.map(({ label }) => label),
      });
    }
    const bySplit = names.length > 1 ? cramersV(known, traitOf, ({ split }) => split) : 0;
    if (bySplit >= LARGE) {
      findings.push({
        severity: 'warning',
        kind: 'confounded-splits',
        message: `The splits differ in ${trait} (Cramér's V ${bySplit.toFixed(2)}).`,
        splits: names,
        items: [trait],
      });
    }
    return findings;
  });
}

function collectRows(splits: Splits): Row[] {
  return Object.entries(splits).flatMap(([split, frame]) =>
    frame.images.map((image, row) => {
      const classes = frame.classes.length;
      const positive = new Set(frame.classes.filter((_, c) => frame.labels[row * classes + c] === 1));
      if (hasFinding(frame, row)) positive.add(ANY_FINDING);
      return { split, image, positive };
    }),
  );
}

/** sqrt(chi² / (n (min(rows, columns) - 1))) of the two-way table; 0 where a side has one value only. */
export function cramersV<T>(items: readonly T[], a: (item: T) => string, b: (item: T) => string): number {
  const cells = new Map<string, Map<string, number>>();
  const columns = new Map<string, number>();
  for (const item of items) {
    const row = cells.get(a(item)) ?? new Map<string, number>();
    cells.set(a(item), row.set(b(item), (row.get(b(item)) ?? 0) + 1));
    columns.set(b(item), (columns.get(b(item)) ?? 0) + 1);
  }
  const sides = Math.min(cells.size, columns.size);
  if (sides < 2) return 0;
  let chi2 = 0;
  for (const row of cells.values()) {
    const rowTotal = [...row.values()].reduce((sum, count) => sum + count, 0);
    for (const [value, columnTotal] of columns) {
      const expected = (rowTotal * columnTotal) / items.length;
      chi2 += ((row.get(value) ?? 0) - expected) ** 2 / expected;
    }
  }
  return Math.sqrt(chi2 / (items.length * (sides - 1)));
}

function sharesByValue(rows: readonly Row[], traitOf: (row: Row) => string, label: string): string {
  const counts = new Map<string, { all: number; positive: number }>();
  for (const row of rows) {
    const count = counts.get(traitOf(row)) ?? { all: 0, positive: 0 };
    count.all++;
    if (row.positive.has(label)) count.positive++;
    counts.set(traitOf(row), count);
  }
  const sorted = [...counts].sort((a, b) => b[1].all - a[1].all);
  return firstFew(
    sorted.map(([value, { all, positive }]) => `${value} ${percent(positive / all)} of ${all}`),
    3,
  );
}
