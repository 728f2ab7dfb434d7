/** The three CSVs and the generators: the notebook's sections 2.1 and 2.2. */
import { stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { requireObject } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { fileProblem } from '../../core/readFile.node.js';
import type { AugmentationOptions } from '../../data/generator/augmentation.js';
import type { AugmentOn, ImageGenerator } from '../../data/generator/generator.js';
import { type FlowOptions, rowsWithImages } from '../../data/generator/generator.node.js';
import { getTestAndValidGenerator, getTrainGenerator } from '../../data/generator/splitGenerators.node.js';
import { balancedWeights } from '../../data/generator/weightedDraw.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import type { Scaling } from '../../data/images/pixelFacts.js';
import type { Interpolation } from '../../data/images/resize.js';
import { readFrame } from '../../data/tables/csv.node.js';
import { countKnown, countPositives, type Frame, selectRows } from '../../data/tables/frame.js';
import { checkLabelNames } from '../../data/tables/labels.js';
import { type CallContext, checkContext } from '../reporter.js';

/** Which data: a folder with the usual names in it, or each by itself. */
export interface DatasetSource {
  /** Folder with train.csv, valid.csv, test.csv and images/. */
  data?: string;
  trainCsv?: string;
  validCsv?: string;
  testCsv?: string;
  images?: string;
  /** Rows of each CSV to use at most, the first ones. */
  limit?: number;
  /** Leave out rows whose image is missing, as Keras does. */
  ignoreMissing?: boolean;
  /** Label columns in the order of the network's outputs. Default: the 14 findings. */
  labels?: readonly string[];
  /** What label cells that are unknown hold, '' for an empty one. Default: none is unknown. */
  unknownLabels?: readonly string[];
}

const SOURCE = [
  ...[
    'data',
    'trainCsv',
    'validCsv',
    'testCsv',
    'images',
    'limit',
    'ignoreMissing',
    'labels',
    'unknownLabels',
  ],
];

/** The rows of the three splits and where their images lie; made by `readDataset`. */
export interface Dataset {
  /** For people: the folder, or 'phantoms'. */
  source: string;
  train: Frame;
  valid: Frame;
  test: Frame;
  /** Folder of the images. */
  images: string;
  /** boxes.csv beside the CSVs; it need not exist. */
  boxes: string;
}

/** Batches of the three splits, prepared and normalised; made by `makeGenerators`. */
export interface Generators {
  train: ImageGenerator;
  /** Null where no validation image is there. */
  valid: ImageGenerator | null;
  test: ImageGenerator;
}

/** True when a source names any data. */
export function namesData({ data, trainCsv, validCsv, testCsv, images }: DatasetSource): boolean {
  return [data, trainCsv, validCsv, testCsv, images].some((path) => path !== undefined);
}

/** @throws UsageError when it names none */
export function requireData(source: DatasetSource): void {
  if (!namesData(source)) throw new UsageError('There is no data to train on.', 'Give `data: DIR`.');
}

/** @throws DataError when there is no such folder, or none that this user may look into */
export async function requireFolder(folder: string, what: string, hint: string): Promise<void> {
  const info = await stat(folder).catch((cause: unknown) => {
    throw new DataError(`The ${what} ${fileProblem(folder, cause)}`, hint, { cause });
  });
  if (!info.isDirectory()) throw new DataError(`The ${what} ${folder} is a file, not a folder.`, hint);
}

const FOLDER_HINT =
  'Give a folder with train.csv, valid.csv, test.csv and images/, or name each with its flag.';

/**
 * Reads train, valid and test: the rows to be used, so with --ignore-missing those that have an image.
 * @throws DataError naming file, line and column, or a row without an image; UsageError for missing flags
 */
export async function readDataset(
  context: CallContext,
  source: DatasetSource,
  name?: string,
): Promise<Dataset> {
  checkContext(context);
  refuseMisspelt('The data', source, SOURCE);
  const { out, signal, onProgress } = context;
  signal?.throwIfAborted();
  const { data } = source;
  if (data !== undefined) await requireFolder(data, 'data folder', FOLDER_HINT);
  const path = (flag: keyof DatasetSource, given: string | undefined, usual: string): string => {
    if (given !== undefined) return given;
    if (data !== undefined) return join(data, usual);
    throw new UsageError(`There is no \`data\` folder and no \`${flag}\`.`, 'Give one of them.');
  };
  const images = path('images', source.images, 'images');
  const trainFile = path('trainCsv', source.trainCsv, 'train.csv');
  const { limit, unknownLabels } = source;
  const classes = source.labels && checkLabelNames(source.labels);
  const read = async (file: string) => {
    signal?.throwIfAborted();
    return firstRows(await readFrame(file, { classes, unknownLabels }), limit);
  };
  const train = await read(trainFile);
  const valid = await read(path('validCsv', source.validCsv, 'valid.csv'));
  const test = await read(path('testCsv', source.testCsv, 'test.csv'));
  await requireFolder(images, 'image folder', 'Give the folder of the images with `images`.');
  const present = (frame: Frame) => {
    const options = missingImages((line) => out.warn(`${frame.file}: ${line}`), source.ignoreMissing);
    return rowsWithImages({ frame, directory: images, ...options, signal, onProgress });
  };
  const used = { train: await present(train), valid: await present(valid), test: await present(test) };
  for (const [split, frame] of Object.entries(used)) {
    if (frame.images.length > 0) continue;
    const nothing = `No image of ${frame.file} is there`;
    if (split !== 'valid') throw new DataError(`${nothing}.`, 'Look for the images in another folder.');
    out.warn(`${nothing}: there will be no validation.`);
  }
  requireLabels(used, (line) => out.warn(line));
  return {
    source: name ?? (data === undefined ? trainFile : basename(resolve(data))),
    ...used,
    images,
    boxes: join(data ?? dirname(trainFile), 'boxes.csv'),
  };
}

/**
 * What training cannot do without. Findings that it cannot learn, of whose two labels the training images have one or
 * none, are a warning.
 * @throws DataError where no label of the training or the validation images is known: their loss would be 0
 */
function requireLabels(
  { train, valid }: Record<'train' | 'valid', Frame>,
  warn: (line: string) => void,
): void {
  for (const frame of [train, valid]) {
    if (frame.labels.length === 0 || countKnown(frame).some((count) => count > 0)) continue;
    throw new DataError(`No label of ${frame.file} is known.`, 'Give a table with labels of 0 and 1.');
  }
  const known = countKnown(train);
  const positives = countPositives(train);
  const lacks = (what: string, does: (c: number) => boolean) => {
    const names = train.classes.filter((_, c) => does(c));
    return names.length > 0 ? [`no ${what} ${names.join(', ')}`] : [];
  };
  const words = [
    ...lacks('known label of', (c) => known[c] === 0),
    ...lacks('image with', (c) => known[c] > 0 && positives[c] === 0),
    ...lacks('image without', (c) => known[c] > 0 && positives[c] === known[c]),
  ];
  if (words.length > 0) warn(`${train.file} has ${words.join('; ')}: they cannot be learnt.`);
}

function firstRows(frame: Frame, limit = frame.images.length): Frame {
  if (limit >= frame.images.length) return frame;
  return selectRows(
    frame,
    Int32Array.from({ length: limit }, (_, row) => row),
  );
}

/** What is done with rows that have no image. */
export function missingImages(warn: (line: string) => void, ignore = false) {
  const invalidFiles = ignore ? ('ignore' as const) : ('error' as const);
  return { invalidFiles, howToIgnore: 'add `ignoreMissing: true`', warn };
}

/** How training images are drawn, for people. */
export const SAMPLER_WORDS = {
  balanced: 'balanced, each finding as likely as any other and as none, with replacement',
};

/** How the images of a training are prepared. */
export interface Preparation {
  size: number;
  batchSize: number;
  seed: number;
  interpolation: Interpolation;
  scaling: Scaling;
  /** Of the training images only. */
  augmentation?: AugmentationOptions;
  /** Where they are augmented; default the CPU. */
  augmentOn?: AugmentOn;
  /** How training images are drawn: `balanced` by `balancedWeights`, else each once in an epoch. */
  sampler?: 'balanced';
}

/** The notebook's three generators, with the lines that Keras prints; `inputChannels` as of `ImageGenerator`. */
export async function makeGenerators(
  context: CallContext,
  pool: DecodePool,
  dataset: Dataset,
  preparation: Preparation & Pick<FlowOptions, 'inputChannels'>,
): Promise<Generators> {
  requireObject('The preparation', preparation);
  const { size, augmentation, augmentOn, sampler, ...rest } = preparation;
  checkContext(context);
  requireObject('The data set', dataset);
  const { out, signal, onProgress } = context;
  const options = {
    signal,
    onProgress,
    directory: dataset.images,
    pool,
    targetSize: [size, size] as const,
    ...rest,
    log: (line: string) => out.say(line),
  };
  const rowWeights = sampler && balancedWeights;
  const own = { augmentation, augmentOn, rowWeights };
  const train = await getTrainGenerator(dataset.train, { ...options, ...own });
  const validates = dataset.valid.images.length > 0;
  // The statistics that validation and test share are made for the test alone then.
  const frames = validates ? dataset : { ...dataset, valid: dataset.test };
  const { valid, test } = await getTestAndValidGenerator(frames, { ...options, sampleSeed: rest.seed });
  return { train, valid: validates ? valid : null, test };
}
