/** `chexgpu phantoms`: a cohort on disk as PNGs and the assignment's CSVs. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { OutputFolder } from '../../core/outputs/outputFolder.node.js';
import { writeError } from '../../core/writeFile.node.js';
import { frameToCsv } from '../tables/frameToCsv.js';
import { LABELS } from '../tables/labels.js';
import { makeCohort, type PhantomSpec } from './cohort.js';
import { PHANTOM_VERSION } from './drawJobs.node.js';
import { checkSize } from './drawPhantom.js';
import { type DrawPoolOptions, openDrawPool } from './drawPool.node.js';
import { SPLITS, type Split } from './splitPatients.js';

export interface WritePhantomsOptions extends DrawPoolOptions {
  /** Folder to make; it must be missing or empty unless `overwrite`. */
  out: string;
  /** At least 3. */
  images: number;
  /** Side in pixels, 64 … 1024. */
  size: number;
  seed: number;
  balanced?: boolean;
  /** Replaces the phantoms that were written there before; other files in the folder stay. */
  overwrite?: boolean;
  /** Takes drawings from the user's cache folder, and keeps them there. Default false. */
  cache?: boolean;
  /** Called as files are there; what it throws ends the drawing. `cached`: how many of those came from the cache. */
  onProgress?: (done: number, total: number, cached: number) => void;
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

/** Bytes per pixel as PNG, at most; and of the tables per row. */
const BYTES_PER_PIXEL = 1.1;
const BYTES_PER_ROW = 500;

/**
 * Draws a cohort into `out`: images/, train.csv, valid.csv, test.csv, boxes.csv and phantoms.json. All of it appears
 * together when the last X-ray is drawn, so that nothing is left half-written. All cores draw; the bytes are the same
 * for any number of workers, and from the cache.
 * @throws UsageError for a folder in use, a bad size, seed or number of images; DataError where it cannot be written
 */
export async function writePhantoms(options: WritePhantomsOptions): Promise<PhantomSummary> {
  const { out, images, size, seed, balanced = false, overwrite } = options;
  checkSize(size);
  const specs = makeCohort({ images, seed, balanced });
  const needs = images * (size * size * BYTES_PER_PIXEL + BYTES_PER_ROW);
  const folder = await OutputFolder.open(out, { overwrite, needs });
  const write = async (name: string, content: string | Uint8Array) => {
    await writeFile(join(folder.staged, name), content).catch((cause) => {
      throw writeError(join(out, name), cause);
    });
  };
  try {
    await mkdir(join(folder.staged, 'images')).catch((cause) => {
      throw writeError(out, cause);
    });
    const lines = await drawAll(specs, options, (name, png) => write(`images/${name}`, png));
    const boxes = ['Image,Label,x,y,w,h', ...lines.flat()];
    await write('boxes.csv', `${boxes.join('\n')}\n`);
    for (const split of SPLITS) await write(`${split}.csv`, toCsv(specs.filter((s) => s.split === split)));
    const summary = summarise(specs, { size, seed, balanced, boxes: boxes.length - 1 });
    await write('phantoms.json', `${JSON.stringify(summary, null, 2)}\n`);
    await folder.publish();
    return summary;
  } finally {
    await folder.close();
  }
}

/**
 * Draws every spec and hands its file to `write`.
 * @returns the rows of boxes.csv of each, in the order of the specs
 */
async function drawAll(
  specs: readonly PhantomSpec[],
  { size, cache = false, onProgress, workers, workerFile }: WritePhantomsOptions,
  write: (name: string, png: Uint8Array) => Promise<void>,
): Promise<string[][]> {
  const pool = openDrawPool(specs.length * size * size, { workers, workerFile });
  const boxes: string[][] = [];
  const failures: unknown[] = [];
  let next = 0;
  let done = 0;
  let cached = 0;
  const drawNext = async (): Promise<void> => {
    const at = next++;
    const { image } = specs[at];
    const drawn = await pool.draw({ spec: specs[at], size, cache });
    boxes[at] = drawn.boxes.map((b) => `${image},${b.label},${b.x},${b.y},${b.w},${b.h}`);
    await write(image, drawn.png);
    if (failures.length > 0) return;
    if (drawn.fromCache) cached++;
    onProgress?.(++done, specs.length, cached);
  };
  // Every line comes to its end, so that nobody still writes when the folder is cleared away.
  const line = async (): Promise<void> => {
    while (next < specs.length && failures.length === 0) {
      await drawNext().catch((error) => failures.push(error));
    }
  };
  try {
    await Promise.all(Array.from({ length: pool.atOnce }, line));
  } finally {
    await pool.close();
  }
  if (failures.length > 0) throw failures[0];
  return boxes;
}

function toCsv(specs: readonly PhantomSpec[]): string {
  return frameToCsv({
    images: specs.map(({ image }) => image),
    patientIds: specs.map(({ patientId }) => String(patientId)),
    classes: LABELS,
    labels: Uint8Array.from(specs.flatMap(({ labels }) => labels)),
  });
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
