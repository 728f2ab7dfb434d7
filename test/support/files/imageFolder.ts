/** Small image folders for the tests of generators and checks. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MT19937 } from '../../../src/core/mt19937.js';
import { CSV_COLUMNS, LABELS } from '../../../src/data/tables/labels.js';
import { GRAY, RGB, writePng } from './png.js';

/** A gray or colour PNG of random pixels. */
export function noisePng(seed: number, size: number, colour = false): Uint8Array {
  const rng = new MT19937(seed);
  const samples = Array.from({ length: size * size * (colour ? 3 : 1) }, () => rng.choice(256));
  return writePng({ width: size, height: size, bitDepth: 8, colorType: colour ? RGB : GRAY, samples });
}

export interface TestRow {
  readonly image: string;
  readonly patient: number;
  readonly positive: readonly string[];
}

/** The CSV text of rows, in the assignment's columns. */
export function csvOf(rows: readonly TestRow[]): string {
  const lines = rows.map(({ image, patient, positive }) =>
    CSV_COLUMNS.map((name) => {
      if (name === 'Image') return image;
      if (name === 'PatientId') return String(patient);
      return positive.includes(name) ? '1' : '0';
    }).join(','),
  );
  return `${[CSV_COLUMNS.join(','), ...lines].join('\n')}\n`;
}

/** Rows of `count` patients with one image each and random findings. */
export function randomRows(count: number, seed: number, firstPatient = 1): TestRow[] {
  const rng = new MT19937(seed);
  return Array.from({ length: count }, (_, i) => {
    const patient = firstPatient + i;
    const positive = LABELS.filter(() => rng.random() < 0.3);
    return { image: `${String(patient).padStart(8, '0')}_000.png`, patient, positive };
  });
}

/** Writes DIR/images with a noise PNG for each row. */
export async function writeImages(directory: string, rows: readonly TestRow[], size: number): Promise<void> {
  await mkdir(join(directory, 'images'), { recursive: true });
  await Promise.all(
    rows.map(({ image, patient }) => writeFile(join(directory, 'images', image), noisePng(patient, size))),
  );
}
