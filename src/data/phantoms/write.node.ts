/** `chexgpu phantoms`: a cohort on disk as PNGs and the assignment's CSVs. */
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import sharp from 'sharp';
import { UsageError } from '../../core/errors.js';
import { makeWorkFolder, replaceFolder } from '../folders.node.js';
import { CSV_COLUMNS, IMAGE_COLUMN, LABELS, PATIENT_COLUMN } from '../labels.js';
import { makeCohort, type PhantomSpec } from './cohort.js';
import { checkSize, drawPhantom } from './draw.js';
import { SPLITS, type Split } from './split.js';

/** Goes up whenever the same seed gives other pixels. */
export const PHANTOM_VERSION = 1;

export interface WritePhantomsOptions {
  /** Folder to make; it must be missing or empty unless `overwrite`. */
  out: string;
  /** At least 3. */
  images: number;
  /** Side in pixels, 64 … 1024. */
  size: number;
  seed: number;
  balanced?: boolean;
  /** Replaces an existing folder, but only one that phantoms were written to. */
  overwrite?: boolean;
  onProgress?: (done: number, total: number) => void;
}

export interface PhantomSummary {
  version: number;
  seed: number;
  size: number;
  balanced: boolean;
  images: number;
  patients: number;
  boxes: number;
  /** Images and patients of each split. */
  splits: Record<Split, { images: number; patients: number; positives: Record<string, number> }>;
  /** Images with each finding. */
  positives: Record<string, number>;
}

/**
 * Draws a cohort into `out`: images/, train.csv, valid.csv, test.csv, boxes.csv and phantoms.json. Works in
 * a folder beside `out` and renames it when all is there, so that nothing is left half-written.
 * @throws UsageError for a folder in use, a bad size, seed or number of images
 */
export async function writePhantoms(options: WritePhantomsOptions): Promise<PhantomSummary> {
  const { images, size, seed, balanced = false, overwrite = false, onProgress } = options;
  checkSize(size);
  const specs = makeCohort({ images, seed, balanced });
  const out = resolve(options.out);
  await checkFolder(out, overwrite);
  const work = await makeWorkFolder(out);
  try {
    await mkdir(join(work, 'images'));
    const boxes = ['Image,Label,x,y,w,h'];
    let done = 0;
    for (const spec of specs) {
      const phantom = drawPhantom(spec, size);
      await writeGray(join(work, 'images', spec.image), phantom.pixels, size);
      for (const b of phantom.boxes) boxes.push(`${spec.image},${b.label},${b.x},${b.y},${b.w},${b.h}`);
      onProgress?.(++done, specs.length);
    }
    await writeFile(join(work, 'boxes.csv'), `${boxes.join('\n')}\n`);
    for (const split of SPLITS) {
      const rows = specs.filter((spec) => spec.split === split);
      await writeFile(join(work, `${split}.csv`), toCsv(rows));
    }
    const summary = summarise(specs, { size, seed, balanced, boxes: boxes.length - 1 });
    await writeFile(join(work, 'phantoms.json'), `${JSON.stringify(summary, null, 2)}\n`);
    await checkFolder(out, overwrite);
    await replaceFolder(work, out);
    return summary;
  } catch (error) {
    await rm(work, { recursive: true, force: true });
    throw error;
  }
}

async function checkFolder(out: string, overwrite: boolean): Promise<void> {
  const info = await stat(out).catch(() => undefined);
  if (!info) return;
  if (!info.isDirectory()) throw new UsageError(`${out} is a file.`, 'Give --out a folder.');
  const entries = await readdir(out);
  if (entries.length === 0) return;
  if (!overwrite) {
    throw new UsageError(`${out} is not empty.`, 'Give --out another folder, or add --overwrite.');
  }
  if (!entries.includes('phantoms.json')) {
    throw new UsageError(
      `${out} holds files that were not written by phantoms.`,
      'It is not overwritten: give --out another folder.',
    );
  }
}

/** 8-bit gray PNG with fixed settings: the same pixels give the same bytes. */
async function writeGray(file: string, pixels: Uint8Array, size: number): Promise<void> {
  await sharp(pixels, { raw: { width: size, height: size, channels: 1 } })
    .toColourspace('b-w')
    .png({ compressionLevel: 6, adaptiveFiltering: false, palette: false, progressive: false })
    .toFile(file);
}

function toCsv(specs: readonly PhantomSpec[]): string {
  const labels: readonly string[] = LABELS;
  const lines = [CSV_COLUMNS.join(',')];
  for (const spec of specs) {
    const cells = CSV_COLUMNS.map((column) => {
      if (column === IMAGE_COLUMN) return spec.image;
      if (column === PATIENT_COLUMN) return String(spec.patientId);
      return String(spec.labels[labels.indexOf(column)]);
    });
    lines.push(cells.join(','));
  }
  return `${lines.join('\n')}\n`;
}

function summarise(
  specs: readonly PhantomSpec[],
  facts: { size: number; seed: number; balanced: boolean; boxes: number },
): PhantomSummary {
  const positives = (rows: readonly PhantomSpec[]): Record<string, number> =>
    Object.fromEntries(LABELS.map((label, k) => [label, rows.reduce((sum, s) => sum + s.labels[k], 0)]));
  const patients = (rows: readonly PhantomSpec[]): number => new Set(rows.map((s) => s.patientId)).size;
  const part = (split: Split): { images: number; patients: number; positives: Record<string, number> } => {
    const rows = specs.filter((spec) => spec.split === split);
    return { images: rows.length, patients: patients(rows), positives: positives(rows) };
  };
  return {
    version: PHANTOM_VERSION,
    seed: facts.seed,
    size: facts.size,
    balanced: facts.balanced,
    images: specs.length,
    patients: patients(specs),
    boxes: facts.boxes,
    splits: { train: part('train'), valid: part('valid'), test: part('test') },
    positives: positives(specs),
  };
}
