/** `chexgpu check` over a folder: finds the CSVs, the images and what lies beside them. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { DataError } from '../core/errors.js';
import { fileProblem } from '../core/readFile.node.js';
import { type Box, type CheckReport, checkData, type Finding, type ImageFolder } from './check.js';
import type { ReferenceTable } from './checkReference.js';
import type { Traits } from './confounding.js';
import { type CsvTable, columnIndex, parseCsv, parseFrame } from './csv.js';
import { readNihTable, readTextFile } from './csv.node.js';
import type { DecodePool } from './decodePool.node.js';
import type { Frame } from './frame.js';
import { CSV_COLUMNS, IMAGE_COLUMN } from './labels.js';

export interface CheckFolderOptions {
  /** Name and path of each CSV; default every CSV of the folder with the assignment's columns. */
  readonly splits?: Readonly<Record<string, string>>;
  /** Image folder; default `images` in the folder, where there is one. */
  readonly images?: string;
  /** Decodes the images. */
  readonly pool: DecodePool;
  /** Whether to decode every image; default true. */
  readonly decode?: boolean;
  /** NIH's Data_Entry_2017 CSV to compare with; default the one in the folder or the folder above. */
  readonly reference?: string;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Checks a folder of CSVs and images. Beside the splits it reads, where present, meta.csv (traits of the
 * images), boxes.csv, and NIH's table and official test list.
 * @throws DataError when the folder cannot be read or holds no CSV to check
 */
export async function checkFolder(directory: string, options: CheckFolderOptions): Promise<CheckReport> {
  const files = await listFolder(directory);
  const paths = options.splits ?? (await findSplits(directory, files));
  const splits: Record<string, Frame> = {};
  const findings: Finding[] = [];
  for (const [name, path] of Object.entries(paths)) {
    try {
      splits[name] = parseFrame(await readTextFile(path), path);
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      findings.push({
        severity: 'error',
        kind: 'bad-csv',
        message: error.message,
        splits: [name],
        items: [path],
      });
    }
  }
  if (Object.keys(paths).length === 0) {
    throw new DataError(
      `${directory} holds no CSV with the columns ${CSV_COLUMNS.join(', ')}.`,
      'Put train.csv, valid.csv and test.csv there, or name them.',
    );
  }
  const imageFolder = options.images ?? (files.includes('images') ? join(directory, 'images') : undefined);
  const beside = (name: string) => (files.includes(name) ? join(directory, name) : undefined);
  const [meta, boxes] = [beside('meta.csv'), beside('boxes.csv')];
  return checkData({
    splits,
    findings,
    images: imageFolder === undefined ? undefined : await openFolder(imageFolder, options.pool),
    decode: options.decode,
    traits: meta === undefined ? undefined : await readSide(meta, findings, traitsOf),
    boxes: boxes === undefined ? undefined : await readSide(boxes, findings, boxesOf),
    reference: await findReference(directory, files, options.reference),
    onProgress: options.onProgress,
  });
}

async function listFolder(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (cause) {
    throw new DataError(fileProblem(directory, cause), 'Give a folder with CSVs.', { cause });
  }
}

/**
 * CSVs named for a part (train, valid, val, test), and any other with the assignment's columns that is no table
 * of predictions; train first, then valid, test and the rest.
 */
export async function findSplits(
  directory: string,
  files?: readonly string[],
): Promise<Record<string, string>> {
  const rank = (name: string) => {
    const at = [/^train/i, /^val/i, /^test/i].findIndex((pattern) => pattern.test(name));
    return at < 0 ? 3 : at;
  };
  const found: string[] = [];
  for (const file of files ?? (await listFolder(directory))) {
    if (!file.endsWith('.csv')) continue;
    if (rank(file) < 3 || (await looksLikeSplit(join(directory, file)))) found.push(file);
  }
  found.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(found.map((file) => [basename(file, '.csv'), join(directory, file)]));
}

async function looksLikeSplit(path: string): Promise<boolean> {
  const header = (await readTextFile(path))
    .split('\n', 1)[0]
    .replace(/^\uFEFF/, '')
    .trim()
    .split(',');
  return (
    CSV_COLUMNS.every((column) => header.includes(column)) && !header.some((name) => name.endsWith('_pred'))
  );
}

async function openFolder(directory: string, pool: DecodePool): Promise<ImageFolder> {
  try {
    const entries = await readdir(directory, { withFileTypes: true });
    const files = new Set(entries.filter((entry) => !entry.isDirectory()).map((entry) => entry.name));
    return { name: directory, files, inspect: (file) => pool.inspect(join(directory, file)) };
  } catch (cause) {
    throw new DataError(fileProblem(directory, cause), 'Give the folder that holds the images.', { cause });
  }
}

/** A table beside the splits; one that is broken becomes a finding. */
async function readSide<T>(
  path: string,
  findings: Finding[],
  read: (table: CsvTable) => T,
): Promise<T | undefined> {
  try {
    return read(parseCsv(await readTextFile(path), path));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    findings.push({
      severity: 'warning',
      kind: 'bad-csv',
      message: error.message,
      splits: [],
      items: [path],
    });
    return undefined;
  }
}

/** Columns of a few values each, such as view, sex or source. */
function traitsOf(table: CsvTable): Traits {
  const imageAt = columnIndex(table, IMAGE_COLUMN);
  const traits: Record<string, ReadonlyMap<string, string>> = {};
  for (const [at, name] of table.header.entries()) {
    if (at === imageAt || CSV_COLUMNS.includes(name)) continue;
    const values = new Map(table.rows.map((cells) => [cells[imageAt], cells[at]]));
    const distinct = new Set(values.values()).size;
    if (distinct > 1 && distinct <= 20) traits[name] = values;
  }
  return traits;
}

/** The rows of boxes.csv, in pixels of the image file; NaN where a cell is no number. */
export function boxesOf(table: CsvTable): Box[] {
  const [image, label, x, y, w, h] = ['Image', 'Label', 'x', 'y', 'w', 'h'].map((name) =>
    columnIndex(table, name),
  );
  return table.rows.map((cells) => ({
    image: cells[image],
    label: cells[label],
    x: Number(cells[x]),
    y: Number(cells[y]),
    width: Number(cells[w]),
    height: Number(cells[h]),
  }));
}

async function findReference(
  directory: string,
  files: readonly string[],
  given: string | undefined,
): Promise<ReferenceTable | undefined> {
  const above = join(directory, '..');
  const places: [string, readonly string[]][] = [
    [directory, files],
    [above, await listFolder(above)],
  ];
  const first = (pattern: RegExp) => {
    for (const [place, names] of places) {
      const name = names.find((candidate) => pattern.test(candidate));
      if (name !== undefined) return join(place, name);
    }
    return undefined;
  };
  const table = given ?? first(/^Data_Entry_2017.*\.csv(\.gz)?$/);
  if (table === undefined) return undefined;
  const list = first(/^test_list(_\w+)?\.txt$/);
  const { frame } = await readNihTable(table);
  if (list === undefined) return { frame };
  const names = (await readTextFile(list)).split(/\r?\n/).map((line) => line.trim());
  return { frame, officialTest: new Set(names.filter((name) => name !== '')) };
}
