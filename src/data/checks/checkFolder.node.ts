/** `chexgpu check` over a folder: finds the CSVs, the images and what lies beside them. */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { requireObject, requirePath } from '../../core/arguments.js';
import { DataError } from '../../core/errors.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { fileProblem } from '../../core/readFile.node.js';
import { checkWork, WORK, type WorkOptions } from '../../core/work.js';
import type { DecodePool } from '../images/decodePool.node.js';
import { type CsvTable, columnIndex, columnIndexes, csvHeader, parseFrame } from '../tables/csv.js';
import { readNihTable, readTable, readTextFile } from '../tables/csv.node.js';
import { cellNumber } from '../tables/csvCells.js';
import type { Frame } from '../tables/frame.js';
import { ImageFiles, imagePath } from '../tables/imageFiles.node.js';
import {
  CSV_COLUMNS,
  checkLabelNames,
  IMAGE_COLUMN,
  PATIENT_COLUMN,
  PREDICTION_SUFFIX,
} from '../tables/labels.js';
import { type CheckReport, checkData } from './checkData.js';
import type { ReferenceTable } from './checkReference.js';
import type { Traits } from './confounding.js';
import type { Box, Finding } from './findings.js';

export interface CheckFolderOptions extends WorkOptions {
  /** Name and path of each CSV; default every CSV of the folder with the columns. */
  readonly splits?: Readonly<Record<string, string>>;
  /** Image folder; default `images` in the folder, where there is one. */
  readonly images?: string;
  /** Decodes the images. */
  readonly pool: DecodePool;
  /** Whether to decode every image; default true. */
  readonly decode?: boolean;
  /** Rows without an image will be left out: a warning then, no error. */
  readonly ignoreMissing?: boolean;
  /** Label columns; default the 14 findings. */
  readonly labels?: readonly string[];
  /** As `FrameOptions.unknownLabels`. */
  readonly unknownLabels?: readonly string[];
  /** NIH's Data_Entry_2017 CSV to compare with; default the one in the folder or the folder above. */
  readonly reference?: string;
}

const OPTIONS = [
  ...['splits', 'images', 'pool', 'decode', 'ignoreMissing', 'labels', 'unknownLabels', 'reference', ...WORK],
];

/**
 * Checks a folder of CSVs and images. Beside the splits it reads, where present, meta.csv (traits of the
 * images), boxes.csv, and NIH's table and official test list. `onProgress` hears of `check` with images.
 * @throws DataError when the folder cannot be read or holds no CSV to check; UsageError for options that make no sense;
 *   the signal's reason, within one file
 */
export async function checkFolder(directory: string, options: CheckFolderOptions): Promise<CheckReport> {
  refuseMisspelt('The options of checkFolder', options, OPTIONS);
  requirePath('The folder to check', directory);
  requireObject('pool', options.pool);
  checkWork(options);
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const files = await listFolder(directory);
  const { unknownLabels } = options;
  const classes = options.labels && checkLabelNames(options.labels);
  const columns = classes ? [IMAGE_COLUMN, PATIENT_COLUMN, ...classes] : CSV_COLUMNS;
  const paths = options.splits ?? (await findSplits(directory, files, columns));
  const splits: Record<string, Frame> = {};
  const findings: Finding[] = [];
  for (const [name, path] of Object.entries(paths)) {
    signal?.throwIfAborted();
    try {
      splits[name] = parseFrame(await readTextFile(path), path, { classes, unknownLabels });
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      findings.push(badCsv('error', error, path, [name]));
    }
  }
  if (Object.keys(paths).length === 0) {
    throw new DataError(
      `${directory} holds no CSV with the columns ${columns.join(', ')}.`,
      'Put train.csv, valid.csv and test.csv there, or name them.',
    );
  }
  const imageFolder = options.images ?? (files.includes('images') ? join(directory, 'images') : undefined);
  const images = imageFolder === undefined ? undefined : await ImageFiles.open(imageFolder);
  if (images === undefined) {
    const message = `${directory} has no folder "images": a training on it would stop there.`;
    findings.push({ severity: 'warning', kind: 'no-image-folder', message, splits: [], items: [] });
  }
  const name = (image: string) => images?.canonicalName(image) ?? image;
  const side = <T>(file: string, read: (table: CsvTable) => T) =>
    files.includes(file) ? readSide(join(directory, file), findings, read) : undefined;
  const boxes = await side('boxes.csv', boxesOf);
  return checkData({
    splits: Object.fromEntries(
      Object.entries(splits).map(([split, frame]) => [split, { ...frame, images: frame.images.map(name) }]),
    ),
    findings,
    images: images && {
      name: images.directory,
      files: await images.all(),
      problem: (image) => images.problem(image),
      hint: (image) => images.hint(image),
      inspect: (image) => options.pool.inspect(imagePath(images.directory, image)),
    },
    decode: options.decode,
    ignoreMissing: options.ignoreMissing,
    traits: await side('meta.csv', (table) => traitsOf(table, name)),
    boxes: boxes?.map((box) => ({ ...box, image: name(box.image) })),
    reference: await findReference(directory, files, findings, options.reference),
    signal,
    onProgress,
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
 * CSVs named for a part (train, valid, val, test), and any other with the columns of a split that is no table
 * of predictions; train first, then valid, test and the rest.
 */
async function findSplits(
  directory: string,
  files: readonly string[],
  columns: readonly string[],
): Promise<Record<string, string>> {
  const rank = (name: string) => {
    const at = [/^train/i, /^val/i, /^test/i].findIndex((pattern) => pattern.test(name));
    return at < 0 ? 3 : at;
  };
  const found: string[] = [];
  for (const file of files) {
    if (!file.endsWith('.csv')) continue;
    if (rank(file) < 3 || (await looksLikeSplit(join(directory, file), columns))) found.push(file);
  }
  found.sort((a, b) => rank(a) - rank(b) || (a < b ? -1 : 1));
  return Object.fromEntries(found.map((file) => [basename(file, '.csv'), join(directory, file)]));
}

/** False also for a file that cannot be read: it may have nothing to do with the images. */
async function looksLikeSplit(path: string, columns: readonly string[]): Promise<boolean> {
  try {
    const header = csvHeader(await readTextFile(path), path);
    return (
      columns.every((column) => header.includes(column)) &&
      !header.some((name) => name.endsWith(PREDICTION_SUFFIX))
    );
  } catch (error) {
    if (error instanceof DataError) return false;
    throw error;
  }
}

/** A table beside the splits; one that is broken becomes a finding. */
async function readSide<T>(
  path: string,
  findings: Finding[],
  read: (table: CsvTable) => T,
): Promise<T | undefined> {
  try {
    return read(await readTable(path));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    findings.push(badCsv('warning', error, path));
    return undefined;
  }
}

/** Columns of a few values each, such as view, sex or source. */
function traitsOf(table: CsvTable, nameOf: (image: string) => string): Traits {
  const imageAt = columnIndex(table, IMAGE_COLUMN);
  const traits: Record<string, ReadonlyMap<string, string>> = {};
  for (const [at, name] of table.header.entries()) {
    if (at === imageAt || CSV_COLUMNS.includes(name) || /^(Unnamed: \d+)?$/.test(name)) continue;
    const values = new Map(table.rows.map((cells) => [nameOf(cells[imageAt]), cells[at]]));
    const distinct = new Set(values.values()).size;
    if (distinct > 1 && distinct <= 20) traits[name] = values;
  }
  return traits;
}

/** The rows of boxes.csv, in pixels of the image file; NaN where a cell is no number. */
export function boxesOf(table: CsvTable): Box[] {
  const [image, label, x, y, w, h] = columnIndexes(table, ['Image', 'Label', 'x', 'y', 'w', 'h']);
  return table.rows.map((cells) => ({
    image: cells[image],
    label: cells[label],
    x: cellNumber(cells[x]),
    y: cellNumber(cells[y]),
    width: cellNumber(cells[w]),
    height: cellNumber(cells[h]),
  }));
}

/** NIH's table and its test list: those named, else those that lie near; one of these that is broken is a finding. */
async function findReference(
  directory: string,
  files: readonly string[],
  findings: Finding[],
  given: string | undefined,
): Promise<ReferenceTable | undefined> {
  const above = join(directory, '..');
  const places: [string, readonly string[]][] = [
    [directory, files],
    // The folder above is nobody's business where it may not be read.
    [above, await readdir(above).catch(() => [])],
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
  try {
    const { frame } = await readNihTable(table);
    if (list === undefined) return { frame };
    const names = (await readTextFile(list))
      .replace(/^\uFEFF/, '')
      .split(/\r\n|\n|\r/)
      .map((line) => line.trim());
    return { frame, officialTest: new Set(names.filter((name) => name !== '')) };
  } catch (error) {
    if (given !== undefined || !(error instanceof DataError)) throw error;
    findings.push(badCsv('warning', error, table));
    return undefined;
  }
}

function badCsv(
  severity: Finding['severity'],
  error: DataError,
  path: string,
  splits: string[] = [],
): Finding {
  return { severity, kind: 'bad-csv', message: error.message, splits, items: [path] };
}
