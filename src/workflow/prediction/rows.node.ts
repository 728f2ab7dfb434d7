/** Which images are predicted, and which labels of them: files, or the rows of a CSV. */
import { join } from 'node:path';
import { UsageError } from '../../core/errors.js';
import { type CsvTable, frameFromTable } from '../../data/tables/csv.js';
import { readTable } from '../../data/tables/csv.node.js';
import type { Frame } from '../../data/tables/frame.js';
import { requireFolder } from '../data/dataset.node.js';
import { labelsForCsv, type Outputs, trainedLabels } from './outputs.js';

/** Where the rows of a CSV come from. */
export interface RowsSource {
  /** Folder with test.csv, train.csv and images/. */
  data?: string;
  /** Default: test.csv in the folder. */
  csv?: string;
  /** Default: images in the folder. */
  images?: string;
  /** What label cells that are unknown hold, '' for an empty one. Default: none is unknown. */
  unknownLabels?: readonly string[];
  /** Training images, for statistics. Default: train.csv in the folder. */
  trainCsv?: string;
}

/** What is known before the network is: the table, or nothing with image files. */
export interface GivenRows {
  table: CsvTable | null;
  /** Folder of the images; null where the rows are paths of files, and no labels are known. */
  images: string | null;
  trainCsv?: string;
  unknownLabels?: readonly string[];
}

/** What to predict. */
export interface RowsToPredict extends Omit<GivenRows, 'table'> {
  frame: Frame;
  /** Labels to predict. */
  wanted: readonly string[];
}

/** @throws UsageError for sources that contradict each other; DataError for folders and tables that cannot be read */
export async function readRows(source: RowsSource, files: readonly string[]): Promise<GivenRows> {
  const { data, csv } = source;
  if (files.length > 0) {
    if (data ?? csv ?? source.images ?? source.trainCsv) {
      throw new UsageError('Image files and CSVs were both given.', 'Give files, or `data`, or `csv`.');
    }
    return { table: null, images: null };
  }
  if (data === undefined && csv === undefined) {
    throw new UsageError('There is nothing to predict.', 'Give image files, or `data: DIR`, or `csv: FILE`.');
  }
  if (data !== undefined)
    await requireFolder(data, 'data folder', 'Give a folder with test.csv and images/.');
  const images = source.images ?? (data === undefined ? undefined : join(data, 'images'));
  if (images === undefined) throw new UsageError('`csv` needs `images`.', 'Give the folder of the images.');
  await requireFolder(images, 'image folder', 'Give the folder of the images with `images`.');
  const trainCsv = source.trainCsv ?? (data === undefined ? undefined : join(data, 'train.csv'));
  const table = await readTable(csv ?? join(data ?? '', 'test.csv'));
  return { table, images, trainCsv, unknownLabels: source.unknownLabels };
}

/** @throws WeightsError when a CSV asks for labels that the network does not have */
export function rowsFor(
  { table, ...rest }: GivenRows,
  outputs: Outputs,
  files: readonly string[],
): RowsToPredict {
  if (table === null) return { ...rest, frame: frameOfFiles(files), wanted: trainedLabels(outputs) };
  const wanted = labelsForCsv(outputs, table.header);
  const frame = frameFromTable(table, { classes: wanted, unknownLabels: rest.unknownLabels });
  return { ...rest, frame, wanted };
}

/** Rows for files that nothing is known about. */
function frameOfFiles(files: readonly string[]): Frame {
  return {
    file: 'the command line',
    images: files,
    patientIds: files.map(() => ''),
    classes: [],
    labels: new Uint8Array(0),
    lines: files.map((_, i) => i + 1),
  };
}
