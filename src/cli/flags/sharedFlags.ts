/** Flags: how their text becomes a value, and those that several commands share. */
import { type Command, InvalidArgumentError, Option } from 'commander';
import { SCALINGS } from '../../data/images/pixelFacts.js';
import { INTERPOLATIONS } from '../../data/images/resize.js';
import { cellNumber, unknownCells } from '../../data/tables/csvCells.js';
import { densenetConfig, sizeMultiple, XRAY_NETWORKS } from '../../densenet/architecture.js';
import { WEIGHTS_NAMES } from '../../densenet/weights/formats.js';
import type { CamScore } from '../../training/inspection/explainer.js';
import type { TrainingChoices } from '../../workflow/training/presets.js';
import type { WeightOptions } from '../../workflow/weights/knownWeights.node.js';
import { type AugmentationFlags, addAugmentationOptions } from './augmentationFlags.js';
import { addCallbackOptions, type CallbackFlags } from './callbackFlags.js';
import { parser } from './flagText.js';
import { addLabelOptions, type LabelFlags } from './labelFlags.js';
import { addLayerOptions, type LayerFlags } from './layerFlags.js';
import { addLossOptions, type LossFlags } from './lossFlags.js';
import { addNetworkOptions, type NetworkFlags, networkOption } from './networkFlags.js';
import { addOptimizerOptions, type OptimizerFlags } from './optimizerFlags.js';
import { addScheduleOptions, type ScheduleFlags } from './scheduleFlags.js';
import { addTensorBoardOptions, type TensorBoardFlags } from './tensorBoardFlags.js';
import { addUpdateOptions, type UpdateFlags } from './updateFlags.js';

/** A parser for whole numbers from `least` to `most`. */
export function wholeNumber(least: number, most = 1_000_000): (text: string) => number {
  return (text) => {
    const value = /^\d+$/.test(text) ? Number(text) : Number.NaN;
    if (value >= least && value <= most) return value;
    throw new InvalidArgumentError(`Give a whole number from ${least} to ${most}.`);
  };
}

function between(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = cellNumber(text.trim());
    if (value > low && value < high) return value;
    throw new InvalidArgumentError(`Give a number above ${low} and below ${high}.`);
  };
}

/** What every network's sizes are multiples of; the network that is read says of what else, `checkImageSize`. */
const LEAST_MULTIPLE = Math.min(...XRAY_NETWORKS.map((name) => sizeMultiple(densenetConfig(name))));

function imageSize(text: string): number {
  const value = wholeNumber(1, 16384)(text);
  if (value % LEAST_MULTIPLE === 0) return value;
  const below = Math.floor(value / 32) * 32;
  const near = [below, below + 32].filter((n) => n > 0);
  throw new InvalidArgumentError(
    `Give a multiple of 32, for example ${near.join(' or ')}; for the toy a multiple of ${LEAST_MULTIPLE}.`,
  );
}

/** Any names separated by commas. */
export function names(text: string): string[] {
  return text.split(',').map((part) => part.trim());
}

export const option = {
  overwrite: (what: string) => new Option('--overwrite', `replace ${what}`).default(false, 'false'),
  json: () => new Option('--json', 'print one JSON document on stdout, everything else on stderr'),
  size: (fallback: string) =>
    new Option(
      '--size <px>',
      `side of the images for the network, a multiple of 32, for the toy of 4 (default: ${fallback})`,
    ).argParser(imageSize),
  batchSize: (fallback: string) =>
    new Option('--batch-size <n>', `images in a batch (default: ${fallback})`).argParser(
      wholeNumber(1, 4096),
    ),
  epochs: (fallback: string) =>
    new Option('--epochs <n>', `epochs to train (default: ${fallback})`).argParser(wholeNumber(1)),
  steps: (fallback: string) =>
    new Option('--steps-per-epoch <n>', `training steps in an epoch (default: ${fallback})`).argParser(
      wholeNumber(1),
    ),
  bnMomentum: (fallback: string) =>
    new Option(
      '--bn-momentum <m>',
      `share of the old moving averages that a training step keeps (default: ${fallback})`,
    ).argParser(between(0, 1)),
  seed: () =>
    new Option('--seed <n>', 'start of all random numbers').argParser(wholeNumber(0, 0xffffffff)).default(1),
  network: networkOption,
  interpolation: (fallback: string) =>
    new Option('--interpolation <filter>', `how images are resized (default: ${fallback})`).choices(
      INTERPOLATIONS,
    ),
  scaling: (fallback: string) =>
    new Option(
      '--scaling <kind>',
      'how stored values become 0 to 255: as Keras, which clips 16-bit gray at 255; by depth, the highest 8 bits; ' +
        `or by range, each image from its darkest to its brightest pixel (default: ${fallback})`,
    ).choices(SCALINGS),
  workers: () =>
    new Option('--workers <n>', 'threads that decode images; 0 for none (default: by the cores)').argParser(
      wholeNumber(0, 64),
    ),
  score: () =>
    new Option('--score <kind>', "what Grad-CAM differentiates: the course's sigmoid, or the logit").choices([
      'sigmoid',
      'logit',
    ]),
  imageCache: () =>
    new Option(
      '--image-cache <gib>',
      "GiB that resized images may take in the user's cache folder, so that large films are decoded once; 0 for none",
    )
      .argParser(wholeNumber(0, 4096))
      .default(16),
  activation: () =>
    new Option(
      '--activation <name>',
      "what makes probabilities of the outputs (default: the file's, else sigmoid)",
    ).choices(['sigmoid', 'softmax']),
  images: () => new Option('--images <dir>', 'folder of the images (default: images in the --data folder)'),
  unknownLabels: () =>
    new Option(
      '--unknown-labels <cells>',
      "what label cells that are unknown hold: 'empty', -1, nan, or several with commas; such a label takes no " +
        'part in loss, frequencies and scores (otherwise: an error)',
    ).argParser(
      parser((text) => {
        const cells = names(text).map((cell) => (cell === 'empty' ? '' : cell));
        unknownCells(cells, '--unknown-labels');
        return cells;
      }),
    ),
  ignoreMissing: () =>
    new Option(
      '--ignore-missing',
      'leave out rows whose image is missing, as Keras does (otherwise: an error)',
    ).default(false),
};

/** Flags of every command that runs the network. */
export interface TuningFlags {
  /** False with --no-tune. */
  tune: boolean;
  retune?: boolean;
  /** Hidden: adds what was measured to this file. */
  writeTable?: string;
}

/** Flags of a training. */
export interface TrainingFlags
  extends TuningFlags,
    AugmentationFlags,
    LabelFlags,
    LossFlags,
    NetworkFlags,
    OptimizerFlags,
    ScheduleFlags,
    UpdateFlags,
    LayerFlags,
    CallbackFlags,
    TensorBoardFlags,
    Omit<
      TrainingChoices,
      'augmentation' | 'classWeights' | 'loss' | 'optimizer' | 'schedule' | 'updates' | 'layers' | 'callbacks'
    >,
    Omit<WeightOptions, 'activation'> {
  bnMomentum?: number;
  weights?: string;
  workers?: number;
  imageCache: number;
}

export interface ScoreFlag {
  score: CamScore;
}

export function addDataOptions(command: Command): Command {
  return command
    .option('--data <dir>', 'folder with train.csv, valid.csv, test.csv and images/')
    .option('--train-csv <file>', 'training CSV (default: train.csv in the --data folder)')
    .option('--valid-csv <file>', 'validation CSV (default: valid.csv there)')
    .option('--test-csv <file>', 'test CSV (default: test.csv there)')
    .addOption(option.images())
    .addOption(option.ignoreMissing())
    .addOption(option.unknownLabels())
    .option('--limit <n>', 'use only the first rows of each CSV, for a try', wholeNumber(1))
    .option('--refuse-leakage', 'stop if a patient occurs in two splits (otherwise: a warning)', false);
}

export function addTuningOptions(command: Command): Command {
  return command
    .option(
      '--no-tune',
      'use each kernel as it is by default: measure nothing, use no kept or shipped timings',
    )
    .addOption(
      new Option(
        '--retune',
        'measure anew which kernels are fastest here (default: on a GPU, what is not known yet)',
      ).conflicts('tune'),
    )
    .addOption(new Option('--write-table <file>', 'add what was measured to this file').hideHelp());
}

export function addTrainingOptions(
  command: Command,
  fallback: Readonly<Record<'size' | 'batch' | 'epochs' | 'steps' | 'momentum' | 'weights', string>>,
): Command {
  command
    .addOption(option.size(fallback.size))
    .addOption(option.batchSize(fallback.batch))
    .addOption(option.epochs(fallback.epochs))
    .addOption(option.steps(fallback.steps))
    .addOption(option.bnMomentum(fallback.momentum))
    .option(
      '--weights <file>',
      `start from a weight file (${WEIGHTS_NAMES}), or a name in weights/ (default: ${fallback.weights})`,
    )
    .addOption(option.seed())
    .addOption(option.workers())
    .addOption(option.imageCache())
    .addOption(option.interpolation('nearest, as Keras'))
    .addOption(option.scaling('keras'))
    .option(
      '--no-check',
      'begin without decoding every image first (one that is cut short ends the training)',
    );
  const groups = [
    addNetworkOptions,
    addWeightOptions,
    addLabelOptions,
    addLossOptions,
    addOptimizerOptions,
    addScheduleOptions,
    addUpdateOptions,
    addLayerOptions,
    addCallbackOptions,
    addTensorBoardOptions,
    addAugmentationOptions,
    addTuningOptions,
  ];
  return groups.reduce((all, add) => add(all), command);
}

/** What a file of weights alone does not say. */
export function addWeightOptions(command: Command): Command {
  return command
    .option(
      '--bn-epsilon <x>',
      "epsilon of the batch norms (default: the file's, else 1.001e-5 for Keras, 1e-5 for PyTorch)",
      between(0, 1),
    )
    .option(
      '--head <name>',
      'of several layers behind the base, the one that gives the outputs; none takes the base alone',
    )
    .option('--history <file>', 'how the weights were trained (default: the history.json that names them)')
    .option('--no-history', 'use no history.json');
}

export function addFolderOptions(command: Command): Command {
  return command
    .option('--name <name>', 'write to runs/<name> (default: date and time)')
    .option('--out <dir>', 'write to any other folder')
    .option('--overwrite', 'replace the files of an earlier run there; others stay', false);
}

/** Examples under a command's help. */
export function examples(lines: readonly (readonly [command: string, what: string])[]): string {
  return `\nExamples:\n${lines.map(([command, what]) => `  ${command}\n      ${what}`).join('\n')}`;
}
