/** Probabilities of images: prepared as the weights want them, shown as their makers show them. */
import { requireObject, trueOrFalse } from '../../core/arguments.js';
import { DataError, UsageError } from '../../core/errors.js';
import { ImageGenerator } from '../../data/generator/generator.js';
import { flowFromDataframe } from '../../data/generator/generator.node.js';
import { getTestAndValidGenerator } from '../../data/generator/splitGenerators.node.js';
import { SAMPLEWISE } from '../../data/generator/standardize.js';
import type { DecodePool } from '../../data/images/decodePool.node.js';
import { readFrame } from '../../data/tables/csv.node.js';
import type { DenseNet } from '../../densenet/densenet.js';
import type { PredictionTable } from '../../eval/scores/predictionsCsv.js';
import type { Normalisation } from '../../training/batch.js';
import { missingImages } from '../data/dataset.node.js';
import { inspectImages } from '../data/inspectImages.node.js';
import type { WorkContext } from '../reporter.js';
import { predictSplit } from '../results/evaluation.js';
import type { Classifier } from './classifier.node.js';
import { frameForOutputs, tableOfOutputs } from './outputTable.js';
import type { RowsToPredict } from './rows.node.js';

/** Images per batch where nobody says. */
export const PREDICT_BATCH = 8;

/** What the work is done with. */
export interface PredictionTools {
  model: DenseNet;
  pool: DecodePool;
  classifier: Pick<Classifier, 'outputs' | 'preparation'>;
}

export interface PredictionOptions {
  /** Default: 8. */
  batchSize?: number;
  /** Normalise each image by itself, whatever is known. Default: false. */
  samplewise?: boolean;
  /** Leave out rows whose image is missing. Default: false. */
  ignoreMissing?: boolean;
}

/** @throws UsageError where weights that say themselves how pixels are scaled would get others */
export function refuseSamplewise({ preparation }: Pick<Classifier, 'preparation'>, samplewise = false): void {
  trueOrFalse('samplewise', samplewise);
  if (samplewise && preparation.normalisedBy === 'weights') {
    throw new UsageError(
      'With `samplewise: true` pixels would not be scaled as these weights expect.',
      'Leave it out: they say themselves how.',
    );
  }
}

/**
 * Every row's image in the rows' order, prepared as the weights want it.
 * @throws DataError for a row without an image; UsageError as `refuseSamplewise`
 */
export async function rowsGenerator(
  context: WorkContext,
  tools: Pick<PredictionTools, 'pool' | 'classifier'>,
  rows: RowsToPredict,
  options: PredictionOptions = {},
): Promise<ImageGenerator> {
  requireObject('The options of a prediction', options);
  const { pool, classifier } = tools;
  const { size, interpolation } = classifier.preparation;
  const { batchSize = PREDICT_BATCH } = options;
  const normalisation = await chooseNormalisation(context, tools, rows, options);
  const frame = frameForOutputs(rows.frame, classifier.outputs.labels);
  const flow = { frame, batchSize, shuffle: false, normalisation };
  if (rows.images === null) {
    const load = (file: string) => pool.load(file, size, size, interpolation);
    return new ImageGenerator({ ...flow, load, height: size, width: size });
  }
  return flowFromDataframe({
    ...flow,
    directory: rows.images,
    pool,
    targetSize: [size, size],
    interpolation,
    ...missingImages((line) => context.out.warn(line), options.ignoreMissing),
    log: (line) => context.out.say(line),
  });
}

/**
 * The wanted labels' probabilities of every row, in the rows' order.
 * @throws DataError naming all images that cannot be read: nobody shall take a part for the whole; as `rowsGenerator`
 */
export async function predictRows(
  context: WorkContext,
  tools: PredictionTools,
  rows: RowsToPredict,
  options: PredictionOptions = {},
): Promise<PredictionTable> {
  const generator = await rowsGenerator(context, tools, rows, options);
  const table = await predictSplit(context, tools.model, generator).catch(async (error) => {
    // One damaged file ends it; but all of them are named.
    if (error instanceof DataError) await inspectImages(context, tools.pool, rows.frame.images, rows.images);
    throw error;
  });
  return tableOfOutputs(table, tools.classifier.outputs, rows.wanted);
}

/** As the weights were trained; else by training images, as the notebook does; else each image by itself. */
async function chooseNormalisation(
  { out }: WorkContext,
  { pool, classifier }: Pick<PredictionTools, 'pool' | 'classifier'>,
  { frame, images, trainCsv, unknownLabels }: RowsToPredict,
  { samplewise, ignoreMissing }: PredictionOptions,
): Promise<Normalisation> {
  refuseSamplewise(classifier, samplewise);
  if (samplewise) return SAMPLEWISE;
  const { normalisation, normalisedBy, size, interpolation } = classifier.preparation;
  if (normalisedBy === 'history') {
    out.say('Normalisation: statistics of the training images, from the history.json of the weights');
  }
  if (normalisation) return normalisation;
  if (images !== null && trainCsv !== undefined) {
    out.say(`Normalisation: statistics of 100 images of ${trainCsv}`);
    const train = await readFrame(trainCsv, { classes: frame.classes, unknownLabels });
    const frames = { train, valid: frame, test: frame };
    const missing = missingImages((line) => out.warn(line), ignoreMissing);
    const options = { directory: images, pool, targetSize: [size, size] as const, interpolation, ...missing };
    return (await getTestAndValidGenerator(frames, options)).test.normalisation;
  }
  out.say('Normalisation: each image by itself, as nothing is known of the training images');
  return SAMPLEWISE;
}
