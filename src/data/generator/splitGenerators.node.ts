/** The notebook's generators, section 2.2: samplewise for training, featurewise for validation and test. */
import { requireObject } from '../../core/arguments.js';
import { DataError } from '../../core/errors.js';
import { tell, untilAborted, type WorkOptions } from '../../core/work.js';
import type { DecodePool } from '../images/decodePool.node.js';
import type { Frame } from '../tables/frame.js';
import type { AugmentationOptions } from './augmentation.js';
import type { AugmentOn, ImageGenerator } from './generator.js';
import { type FlowOptions, flowFromDataframe } from './generator.node.js';
import { type FitMode, fitFeaturewise, SAMPLEWISE } from './standardize.js';

export interface SplitGeneratorOptions extends WorkOptions {
  readonly directory: string;
  readonly pool: DecodePool;
  /** Target size as [height, width]; default 320 x 320. */
  readonly targetSize?: readonly [height: number, width: number];
  /** As of `ImageGenerator`. */
  readonly inputChannels?: FlowOptions['inputChannels'];
  /** Default 8. */
  readonly batchSize?: number;
  /** Default 1. */
  readonly seed?: number | null;
  readonly prefetch?: number;
  readonly interpolation?: FlowOptions['interpolation'];
  readonly invalidFiles?: FlowOptions['invalidFiles'];
  readonly howToIgnore?: string;
  readonly log?: (line: string) => void;
  readonly warn?: (line: string) => void;
}

function flow(
  frame: Frame,
  options: SplitGeneratorOptions,
  rest: Partial<FlowOptions>,
): Promise<ImageGenerator> {
  return flowFromDataframe({
    ...options,
    frame,
    batchSize: options.batchSize ?? 8,
    seed: options.seed ?? null,
    // Only where it is asked for by name, however the options came together.
    augmentation: undefined,
    augmentOn: undefined,
    rowWeights: undefined,
    ...rest,
  });
}

export interface TrainGeneratorOptions extends SplitGeneratorOptions {
  /** Default true. */
  readonly shuffle?: boolean;
  /** As of `ImageGenerator`: rows drawn more or less often than they occur. The notebook draws each once. */
  readonly rowWeights?: FlowOptions['rowWeights'];
  /** The notebook has none. */
  readonly augmentation?: AugmentationOptions;
  /** As of `ImageGenerator`. */
  readonly augmentOn?: AugmentOn;
}

/** The notebook's get_train_generator: each image by its own mean and deviation, a new order each epoch. */
export async function getTrainGenerator(
  frame: Frame,
  options: TrainGeneratorOptions,
): Promise<ImageGenerator> {
  requireObject('The options of getTrainGenerator', options);
  options.log?.('getting train generator...');
  const { seed = 1, shuffle = true, augmentation, augmentOn, rowWeights } = options;
  const rest = { seed, shuffle, augmentation, augmentOn, rowWeights };
  return flow(frame, options, { ...rest, normalisation: SAMPLEWISE });
}

export interface EvaluationFrames {
  readonly train: Frame;
  readonly valid: Frame;
  readonly test: Frame;
}

export interface EvaluationOptions extends SplitGeneratorOptions {
  /** Folders of the splits, where they differ from `directory`. */
  readonly directories?: Partial<Record<keyof EvaluationFrames, string>>;
  /** Training images to take the statistics of; default 100. */
  readonly sampleSize?: number;
  /** Seed of that sample; null, as in the notebook, for another one every time. Default 1. */
  readonly sampleSeed?: number | null;
  readonly fitMode?: FitMode;
}

/**
 * The notebook's get_test_and_valid_generator: the channel means and deviations of a shuffled sample of
 * training images, applied to validation and test images in file order.
 */
export async function getTestAndValidGenerator(
  frames: EvaluationFrames,
  options: EvaluationOptions,
): Promise<{ valid: ImageGenerator; test: ImageGenerator }> {
  requireObject('The options of getTestAndValidGenerator', options);
  requireObject('The tables of getTestAndValidGenerator', frames);
  options.log?.('getting train and valid generators...');
  const directory = (split: keyof EvaluationFrames) => options.directories?.[split] ?? options.directory;
  const sampleSize = options.sampleSize ?? 100;
  const raw = await flow(frames.train, options, {
    directory: directory('train'),
    batchSize: sampleSize,
    shuffle: true,
    seed: options.sampleSeed === undefined ? 1 : options.sampleSeed,
    prefetch: 0,
  });
  const sample = await sampleImages(raw, options);
  const normalisation = fitFeaturewise(sample, options.fitMode);
  const seed = options.seed === undefined ? 1 : options.seed;
  const rest = { shuffle: false, seed, normalisation };
  const valid = await flow(frames.valid, options, { ...rest, directory: directory('valid') });
  const test = await flow(frames.test, options, { ...rest, directory: directory('test') });
  return { valid, test };
}

/** The first batch of a generator, image by image. */
async function sampleImages(generator: ImageGenerator, work: WorkOptions) {
  const total = Math.min(generator.batchSize, generator.samples);
  await tell(work, { phase: 'sample', done: 0, total, unit: 'images' });
  const batch = await untilAborted(generator.nextPixels(), work.signal);
  await tell(work, { phase: 'sample', done: total, total, unit: 'images' });
  const { count, height, width, channels, pixels } = batch;
  const each = height * width * channels;
  if (count === 0)
    throw new DataError('The sample for the statistics is empty.', 'Give more training images.');
  return Array.from({ length: count }, (_, i) => ({
    width,
    height,
    channels,
    data: pixels.subarray(i * each, (i + 1) * each),
  }));
}
