/** `chexgpu predict` */
import { join } from 'node:path';
import { DataError, UsageError } from '../../core/errors.js';
import { plural } from '../../core/formatting.js';
import { checkFile, textKind, writeChecked } from '../../core/outputs/singleFile.node.js';
import { ImageGenerator } from '../../data/generator/generator.js';
import { flowFromDataframe } from '../../data/generator/generator.node.js';
import { getTestAndValidGenerator } from '../../data/generator/splitGenerators.node.js';
import { SAMPLEWISE } from '../../data/generator/standardize.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import { type CsvTable, frameFromTable } from '../../data/tables/csv.js';
import { readFrame, readTable } from '../../data/tables/csv.node.js';
import type { Frame } from '../../data/tables/frame.js';
import { LABELS } from '../../data/tables/labels.js';
import {
  type PredictionTable,
  predictionsToCsv,
  probabilitiesToCsv,
} from '../../eval/scores/predictionsCsv.js';
import type { Normalisation } from '../../training/batch.js';
import { createModel } from '../../workflow/createModel.js';
import { missingImages, requireFolder } from '../../workflow/data/dataset.node.js';
import { inspectImages } from '../../workflow/data/inspectImages.node.js';
import { roomFor } from '../../workflow/memoryCheck.node.js';
import {
  frameForOutputs,
  labelsForCsv,
  sayMeaning,
  tableOfOutputs,
  trainedLabels,
} from '../../workflow/prediction/outputs.js';
import { predictSplit } from '../../workflow/results/evaluation.js';
import type { Network } from '../../workflow/weights/network.node.js';
import { option } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { withSession } from '../session/gpuSession.js';
import { inputsOf, namedHistory } from '../session/namedInputs.js';
import { type Ahead, withAhead } from '../session/openAhead.js';
import { textTable } from '../terminal/output.js';
import { define } from './define.js';
import { addInferenceOptions, type Inference, type InferenceFlags, prepareInference } from './inference.js';

interface PredictFlags extends InferenceFlags {
  data?: string;
  csv?: string;
  images?: string;
  trainCsv?: string;
  samplewise: boolean;
  ignoreMissing: boolean;
  batchSize?: number;
  out: string;
  overwrite: boolean;
}

/** What to predict. */
interface Rows {
  frame: Frame;
  /** Labels to predict. */
  wanted: readonly string[];
  /** Folder of the images; null where the frame holds paths of files, and no labels. */
  images: string | null;
  /** Where featurewise statistics can be taken from. */
  trainCsv?: string;
}

const BATCH_SIZE = 8;

/** What is known before the network is: the table, or nothing with image files. */
type Given = Omit<Rows, 'frame' | 'wanted'> & { table: CsvTable | null };

async function readRows(flags: PredictFlags, files: readonly string[]): Promise<Given> {
  const { data, csv } = flags;
  if (files.length > 0) {
    if (data ?? csv ?? flags.images ?? flags.trainCsv) {
      throw new UsageError('Image files and CSVs were both given.', 'Give files, or --data, or --csv.');
    }
    return { table: null, images: null };
  }
  if (data === undefined && csv === undefined) {
    throw new UsageError('There is nothing to predict.', 'Give image files, or --data DIR, or --csv FILE.');
  }
  if (data !== undefined)
    await requireFolder(data, 'data folder', 'Give a folder with test.csv and images/.');
  const images = flags.images ?? (data === undefined ? undefined : join(data, 'images'));
  if (images === undefined) throw new UsageError('--csv needs --images.', 'Give the folder of the images.');
  await requireFolder(images, 'image folder', 'Give the folder of the images with --images.');
  const trainCsv = flags.trainCsv ?? (data === undefined ? undefined : join(data, 'train.csv'));
  return { table: await readTable(csv ?? join(data ?? '', 'test.csv')), images, trainCsv };
}

function rowsFor({ table, ...rest }: Given, network: Network, files: readonly string[]): Rows {
  if (table === null) return { ...rest, frame: frameOfFiles(files), wanted: trainedLabels(network) };
  const wanted = labelsForCsv(network, table.header);
  return { ...rest, frame: frameFromTable(table, { classes: wanted }), wanted };
}

/** Rows for files that nothing is known about. */
function frameOfFiles(files: readonly string[]): Frame {
  return {
    file: 'the command line',
    images: files,
    patientIds: files.map(() => ''),
    classes: LABELS,
    labels: new Uint8Array(files.length * LABELS.length),
    lines: files.map((_, i) => i + 1),
  };
}

/** As the weights were trained; else by training images, as the notebook does; else each image by itself. */
async function chooseNormalisation(
  context: CommandContext,
  flags: PredictFlags,
  pool: DecodePool,
  { frame, images, trainCsv }: Rows,
  { trained, size, interpolation, network }: Inference,
): Promise<Normalisation> {
  const { out } = context;
  if (network.preprocessing) return network.preprocessing.normalisation;
  if (trained) {
    out.say('Normalisation: statistics of the training images, from the history.json of the weights');
    return trained.normalisation;
  }
  if (images !== null && trainCsv !== undefined) {
    out.say(`Normalisation: statistics of 100 images of ${trainCsv}`);
    const train = await readFrame(trainCsv, { classes: frame.classes });
    const frames = { train, valid: frame, test: frame };
    const missing = missingImages((line) => out.warn(line), flags.ignoreMissing);
    const options = { directory: images, pool, targetSize: [size, size] as const, interpolation, ...missing };
    return (await getTestAndValidGenerator(frames, options)).test.normalisation;
  }
  out.say('Normalisation: each image by itself, as nothing is known of the training images');
  return SAMPLEWISE;
}

const PREDICTIONS = textKind('table of predictions', /^[^\r\n]*_pred(,|\r|\n|$)/);

/** What is read, and whether the table can be written: before any computing. */
async function checkOut(
  { data, csv, trainCsv, images, weights, history, out, overwrite }: PredictFlags,
  files: readonly string[],
) {
  const tables =
    data === undefined ? [] : ['test.csv', 'train.csv', 'valid.csv'].map((name) => join(data, name));
  const folder = images ?? (data && join(data, 'images'));
  const inputs = await inputsOf(
    [data, csv, trainCsv, ...tables, ...files, namedHistory({ history })],
    [folder],
    weights,
  );
  await checkFile(out, { inputs, overwrite, kind: PREDICTIONS });
}

const predict = (context: CommandContext, flags: PredictFlags, files: readonly string[]) =>
  withAhead((ahead) => predictWith(context, flags, files, ahead));

async function predictWith(
  context: CommandContext,
  flags: PredictFlags,
  files: readonly string[],
  ahead: Ahead,
) {
  const { out } = context;
  await checkOut(flags, files);
  const given = await readRows(flags, files);
  const { batchSize = BATCH_SIZE } = flags;
  const expected = Math.min(batchSize, given.table?.rows.length ?? files.length);
  const inference = await prepareInference(context, flags, ahead, expected);
  const { size, network, interpolation, pixels } = inference;
  const rows = rowsFor(given, network, files);
  if (flags.samplewise && network.preprocessing) {
    throw new UsageError(
      'With --samplewise pixels would not be scaled as these weights expect.',
      'Leave it out: they say themselves how.',
    );
  }
  const count = Math.min(batchSize, rows.frame.images.length);
  const admit = roomFor(network.config, 'predict', { count, height: size, width: size });
  const table = await withSession(context, { ...flags, pixels, admit, node: ahead.node }, async (session) => {
    const { pool } = session;
    out.say(`Network: ${network.config.name}, weights ${network.origin}`);
    sayMeaning(context, network, inference);
    const normalisation = flags.samplewise
      ? SAMPLEWISE
      : await chooseNormalisation(context, flags, pool, rows, inference);
    const options = {
      frame: frameForOutputs(rows.frame, network.labels),
      batchSize,
      shuffle: false,
      normalisation,
    };
    const log = (line: string) => out.say(line);
    const generator =
      rows.images === null
        ? new ImageGenerator({
            ...options,
            load: (file) => pool.load(file, size, size, interpolation),
            height: size,
            width: size,
          })
        : await flowFromDataframe({
            ...options,
            directory: rows.images,
            pool,
            targetSize: [size, size],
            interpolation,
            ...missingImages((line) => out.warn(line), flags.ignoreMissing),
            log,
          });
    const model = await createModel(context, session.node.gpu, network);
    const table = await predictSplit(context, model, generator).catch(async (error) => {
      // One damaged file ends it, so that nobody takes a part for the whole; but all of them are named.
      if (error instanceof DataError) await inspectImages(context, pool, rows.frame.images, rows.images);
      throw error;
    });
    return tableOfOutputs(table, network, rows.wanted);
  });
  const known = rows.images !== null;
  const text = known ? predictionsToCsv(table) : probabilitiesToCsv(table);
  const file = await writeChecked(flags.out, text, flags.overwrite);
  if (file !== flags.out) out.warn(`${flags.out} has turned up meanwhile and stays; see ${file}.`);
  if (!known) out.say(probabilityTable(table));
  out.say(`Wrote ${plural(table.images.length, 'prediction')} to ${file}`);
  if (known) out.say(`Score them with: chexgpu evaluate ${file}`);
  out.document({
    command: 'predict',
    out: file,
    size,
    predictions: table.images.map((image, row) => ({ image, probabilities: byLabel(table, row) })),
  });
  return 0;
}

function byLabel({ labels, predictions }: PredictionTable, row: number): Record<string, number> {
  return Object.fromEntries(labels.map((label, c) => [label, predictions[row * labels.length + c]]));
}

/** One column an image, at most five. */
function probabilityTable(table: PredictionTable): string {
  const shown = table.images.slice(0, 5);
  const { labels, predictions } = table;
  const rows = labels.map((label, c) => [
    label,
    ...shown.map((_, row) => predictions[row * labels.length + c].toFixed(3)),
  ]);
  return textTable(['class', ...shown], rows);
}

export const predictCommand = define<PredictFlags>({
  name: 'predict',
  description: 'Writes the probabilities of every image to a CSV.',
  examples: [
    ['chexgpu predict --weights runs/first/weights.h5 --data DIR', 'the images of DIR/test.csv'],
    ['chexgpu predict --weights pretrained_model.h5 --csv valid.csv --images DIR', 'those of any CSV'],
    ['chexgpu predict --weights runs/first/weights.h5 a.png b.jpg', 'image files'],
    ['chexgpu predict --weights xrv.safetensors a.png', 'with the 18 outputs of torchxrayvision'],
  ],
  flags: (command) =>
    addInferenceOptions(command.argument('[images...]', 'PNG or JPEG files'))
      .option('--data <dir>', 'folder with test.csv, train.csv for the statistics, and images/')
      .option('--csv <file>', 'CSV of the images (default: test.csv in the --data folder)')
      .addOption(option.images())
      .addOption(option.ignoreMissing())
      .option(
        '--train-csv <file>',
        'training images, for the statistics (default: train.csv in the --data folder)',
      )
      .option('--samplewise', 'normalise each image by itself', false)
      .addOption(option.batchSize(String(BATCH_SIZE)))
      .option('--out <file>', 'CSV to write', 'predictions.csv')
      .addOption(option.overwrite('an earlier table of predictions')),
  action: predict,
});
