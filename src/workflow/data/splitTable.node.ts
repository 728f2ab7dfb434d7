/** NIH's own table as the three CSVs of a training, no patient in two. */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { DataError, UsageError } from '../../core/errors.js';
import { plural, whole } from '../../core/formatting.js';
import { OutputFolder } from '../../core/outputs/outputFolder.node.js';
import type { Inputs } from '../../core/outputs/protectInputs.node.js';
import { writeError } from '../../core/writeFile.node.js';
import { readTextFile } from '../../data/tables/csv.node.js';
import { countPositives, type Frame, selectRows } from '../../data/tables/frame.js';
import { frameToCsv } from '../../data/tables/frameToCsv.js';
import { ImageFiles } from '../../data/tables/imageFiles.node.js';
import { parseNihTable } from '../../data/tables/nih.js';
import { type ImageList, parseImageList, type SplitChoice, splitFrame } from '../../data/tables/nihSplit.js';
import type { WorkContext } from '../reporter.js';
import { requireFolder } from './dataset.node.js';

/** The share of the listed training images that is for validation, where nobody says. */
export const USUAL_VALID_SHARE = 0.1;

/** What is divided, how, and where it goes. */
export interface SplitRequest {
  /** Data_Entry_2017(_v2020).csv, plain or .gz. */
  table: string;
  /** Folder to make. */
  out: string;
  /** NIH's train_val_list.txt and test_list.txt: both, or `shares`. */
  trainList?: string;
  testList?: string;
  /** Of the images of `trainList`; default 0.1. */
  validShare?: number;
  /** Of the images: training, validation, test. */
  shares?: readonly number[];
  seed: number;
  /** Where the images lie, also in sub-folders: the CSVs name them as seen from there. Default: as the table does. */
  images?: string;
  /** Leaves out rows whose image is not below `images`. */
  ignoreMissing?: boolean;
  overwrite?: boolean;
  /** What is read, and never written to. */
  inputs?: Inputs;
}

interface SplitCounts {
  images: number;
  patients: number;
  positives: Record<string, number>;
}

export interface SplitSummary {
  /** Name and sha256 of the table's text. */
  table: string;
  sha256: string;
  /** In words. */
  how: string;
  seed: number;
  splits: Record<'train' | 'valid' | 'test', SplitCounts>;
}

/**
 * Writes train.csv, valid.csv, test.csv and split.json into `out`, all of them together.
 * @throws UsageError for a folder in use, or shares that make no sense; DataError for a table or list that does not
 *   fit, an image that is missing or there twice, and where it cannot be written
 */
export async function splitTable(
  { out }: Pick<WorkContext, 'out'>,
  request: SplitRequest,
): Promise<SplitSummary> {
  const { table, seed, overwrite, inputs } = request;
  const { choice, how } = await choiceOf(request);
  const text = await readTextFile(table);
  const { frame } = parseNihTable(text, table);
  out.say(
    `${basename(table)}: ${whole(frame.images.length)} images of ${plural(patientsOf(frame), 'patient')}`,
  );
  if ('test' in choice) {
    const [listed, tested] = [choice.trainVal, choice.test].map(({ images }) => whole(images.length));
    out.say(`The lists name ${listed} images to train and validate with and ${tested} to test with`);
  }
  const { present, missing, pathOf } = await located(out, frame, request);
  const { unlisted, ...frames } = splitFrame(present, without(choice, missing), seed);
  for (const line of absentIn(present, frames)) out.warn(line);
  if (unlisted > 0) out.warn(`${plural(unlisted, 'row')} of ${table} are in neither list, and in no split.`);
  const summary: SplitSummary = {
    table: basename(table),
    sha256: createHash('sha256').update(text).digest('hex'),
    how,
    seed,
    splits: { train: countsOf(frames.train), valid: countsOf(frames.valid), test: countsOf(frames.test) },
  };
  const folder = await OutputFolder.open(request.out, { overwrite, inputs, needs: 2 * text.length });
  try {
    const write = (name: string, content: string) =>
      writeFile(join(folder.staged, name), content).catch((cause) => {
        throw writeError(join(request.out, name), cause);
      });
    for (const [split, rows] of Object.entries(frames)) {
      await write(`${split}.csv`, frameToCsv({ ...rows, images: rows.images.map(pathOf) }));
    }
    await write('split.json', `${JSON.stringify(summary, null, 2)}\n`);
    await folder.publish();
  } finally {
    await folder.close();
  }
  return summary;
}

/** The lists or shares that are asked for, and in words. */
async function choiceOf(request: SplitRequest): Promise<{ choice: SplitChoice; how: string }> {
  const { trainList, testList, validShare, shares } = request;
  if (shares !== undefined) {
    if (trainList !== undefined || testList !== undefined || validShare !== undefined) {
      throw new UsageError(
        'Shares of all images and lists of them do not go together.',
        'Give one of the two.',
      );
    }
    const [train, valid, test] = shares;
    return {
      choice: { shares: [train, valid, test] },
      how: `shares ${shares.join(', ')} of the images, by patient, stratified by label`,
    };
  }
  if (trainList === undefined || testList === undefined) {
    throw new UsageError(
      'Nothing says how the table is to be divided.',
      "Give NIH's `trainList` and `testList`, or `shares: 0.7,0.1,0.2`.",
    );
  }
  const read = async (file: string) => parseImageList(await readTextFile(file), file);
  const choice = {
    trainVal: await read(trainList),
    test: await read(testList),
    validShare: validShare ?? USUAL_VALID_SHARE,
  };
  const how =
    `test by ${basename(testList)}; of ${basename(trainList)} a share of ${choice.validShare} for ` +
    'validation, by patient, stratified by label';
  return { choice, how };
}

/** The rows whose image is there, and where, as seen from the folder. */
async function located(
  out: WorkContext['out'],
  frame: Frame,
  { images: folder, ignoreMissing = false }: SplitRequest,
) {
  const missing = new Set<string>();
  if (folder === undefined) return { present: frame, missing, pathOf: (image: string) => image };
  await requireFolder(folder, 'image folder', 'Give the folder that the images lie below.');
  const paths = await (await ImageFiles.open(folder)).findBelow(frame.images);
  const pathOf = new Map<string, string>();
  frame.images.forEach((image, row) => {
    const path = paths[row];
    if (path === undefined) missing.add(image);
    else pathOf.set(image, path);
  });
  const first = frame.images.findIndex((image) => missing.has(image));
  const words = `${whole(pathOf.size)} of ${whole(frame.images.length)} images`;
  if (missing.size > 0 && (!ignoreMissing || pathOf.size === 0)) {
    throw new DataError(
      `${frame.file}, line ${frame.lines[first]}: ${frame.images[first]} is not below ${folder} (${words} are).`,
      'Give the folder that holds all of them, or leave such rows out: add `ignoreMissing: true`.',
    );
  }
  const folders = new Set([...pathOf.values()].map((path) => dirname(path)));
  out.say(`Found ${words} below ${folder}, in ${plural(folders.size, 'folder')}`);
  const rows = [...frame.images.keys()].filter((row) => paths[row] !== undefined);
  const present = missing.size > 0 ? selectRows(frame, rows) : frame;
  return { present, missing, pathOf: (image: string) => pathOf.get(image) ?? image };
}

/** The lists without images that are left out. */
function without(choice: SplitChoice, missing: ReadonlySet<string>): SplitChoice {
  if ('shares' in choice || missing.size === 0) return choice;
  const rest = ({ file, images }: ImageList) => ({
    file,
    images: images.filter((image) => !missing.has(image)),
  });
  return { ...choice, trainVal: rest(choice.trainVal), test: rest(choice.test) };
}

/** Findings of the table that a split has no image with: nothing can be learned, or said, of them there. */
function absentIn(table: Frame, splits: Readonly<Record<string, Frame>>): string[] {
  const all = countPositives(table);
  return Object.entries(splits).flatMap(([split, frame]) => {
    const counts = countPositives(frame);
    const absent = table.classes.filter((_, c) => all[c] > 0 && counts[c] === 0);
    return absent.length > 0 ? [`${split}.csv has no image with ${absent.join(', ')}.`] : [];
  });
}

const patientsOf = ({ patientIds }: Frame): number => new Set(patientIds).size;

function countsOf(frame: Frame): SplitCounts {
  const counts = countPositives(frame);
  return {
    images: frame.images.length,
    patients: patientsOf(frame),
    positives: Object.fromEntries(frame.classes.map((name, c) => [name, counts[c]])),
  };
}
