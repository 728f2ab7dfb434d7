/** The network of a command: its shape, where its weights come from, and how it was trained. */

import { WeightsError } from '../../core/errors.js';
import { SCALINGS, type Scaling } from '../../data/images/pixelFacts.js';
import { INTERPOLATIONS, type Interpolation } from '../../data/images/resize.js';
import { LABELS } from '../../data/tables/labels.js';
import {
  countParameters,
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  HEAD_LAYER,
} from '../../densenet/architecture.js';
import { initialWeights } from '../../densenet/initialisers.js';
import { signatureAt } from '../../densenet/weights/hdf5/hdf5.js';
import type { Preprocessing } from '../../densenet/weights/torch/torchFacts.js';
import { loadWeights, understandWeights, type WeightFile } from '../../densenet/weights/weights.node.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import type { WorkContext } from '../reporter.js';
import { type HistoryChoice, type TrainedWith, trainedWith } from './history.node.js';

export const WEIGHTS_FILE = 'weights.h5';

export interface Network {
  config: DenseNetConfig;
  weights: WeightMap;
  /** False where the file held the base only, and the head was drawn. */
  head: boolean;
  /** Where the weights came from, in words. */
  origin: string;
  /** Name of each output, '' for one never trained. */
  labels: readonly string[];
  /** What the file says of the pixels and the outputs; null where it does not. */
  preprocessing: (Preprocessing & { interpolation: Interpolation; scaling?: Scaling }) | null;
  thresholds: Float32Array | null;
  /** `preprocessing` in words. */
  scaling: string | null;
  /** Side of the images where the file's model takes only one. */
  inputSize: number | null;
}

/** What weights mean, where their file does not say. */
export interface WeightOptions {
  network?: DenseNetName;
  activation?: DenseNetConfig['activation'];
  bnEpsilon?: number;
  head?: string;
  history?: HistoryChoice;
}

/** A weight file with what is known of its training. */
export interface KnownWeights {
  file: WeightFile;
  trained: TrainedWith | null;
}

/** Told which network is expected, before a file is understood that takes a while. */
export type OnExpected = (config: DenseNetConfig, trained: TrainedWith | null) => Promise<void>;

/**
 * The file, read for the network that the flags or its history name.
 * @param fixed what stands behind the outputs whatever the file says
 */
export async function readFor(
  context: WorkContext,
  weights: string,
  flags: WeightOptions,
  fixed?: DenseNetConfig['activation'],
  onExpected?: OnExpected,
): Promise<KnownWeights> {
  const bytes = await loadWeights(weights);
  const trained = await trainedWith(context, bytes, flags.history);
  const { activation, bnEpsilon, head } = flags;
  const network = flags.network ?? trained?.network ?? 'densenet121';
  const known = trained && { bnEpsilon: trained.bnEpsilon, activation: trained.activation };
  const expected = densenetConfig(network, { ...known });
  if (onExpected && signatureAt(bytes.content) !== undefined) await onExpected(expected, trained);
  const file = await understandWeights(bytes, expected, {
    activation: fixed ?? activation ?? known?.activation,
    bnEpsilon: bnEpsilon ?? known?.bnEpsilon,
    head,
  });
  const { inputChannels } = file.config;
  if (trained && trained.inputChannels !== inputChannels) {
    throw new WeightsError(
      `The history of ${file.path} says that it has ${trained.inputChannels} input channels; it has ${inputChannels}.`,
      'Mend that, or take none with --no-history.',
    );
  }
  sayOverruled(context, file, flags);
  return { file, trained };
}

/** What the flags leave out of the file, or say against it. */
function sayOverruled({ out }: WorkContext, { path, report }: WeightFile, flags: WeightOptions): void {
  if (report.head && report.leftOver.length > 0) {
    out.warn(
      `${path}: ${report.leftOver.join(', ')} left out. Where they stand between the base and the head, the numbers are others.`,
    );
  }
  const { activationInFile: said } = report;
  if (report.head && flags.activation && said && said !== 'linear' && said !== flags.activation) {
    out.warn(`${path} ends in a ${said}; --activation makes it a ${flags.activation}.`);
  }
}

/** Whether the file says itself what it expects. */
export const isTorch = ({ report }: Pick<WeightFile, 'report'>): boolean => 'dtypes' in report;

/** The course's labels, and pixels as its notebook scales them. */
const OF_THE_COURSE = {
  labels: LABELS,
  preprocessing: null,
  thresholds: null,
  scaling: null,
  inputSize: null,
};

/**
 * A network to train on the 14 findings. A classifier for anything else is dropped and drawn anew.
 * @throws WeightsError naming the file and what does not fit
 */
export async function loadNetwork(
  context: WorkContext,
  flags: Omit<WeightOptions, 'activation'> & { weights?: string; seed: number },
): Promise<Network> {
  const { network = 'densenet121', seed } = flags;
  if (flags.weights === undefined) {
    const config = densenetConfig(
      network,
      flags.bnEpsilon === undefined ? {} : { bnEpsilon: flags.bnEpsilon },
    );
    const origin = `drawn by Keras' rules with seed ${seed}`;
    return { ...OF_THE_COURSE, config, weights: initialWeights(config, seed), head: false, origin };
  }
  // Trained are sigmoids, whatever stood behind the outputs before.
  const { file } = await readFor(context, flags.weights, flags, 'sigmoid');
  const { report, tensors } = file;
  const config = { ...file.config, classes: LABELS.length };
  const notes = [file.summary];
  if (isTorch(file) && report.layout !== 'chexgpu') {
    notes.push(
      `batch norm momentum ${config.bnMomentum} as in PyTorch, unless --bn-momentum says otherwise`,
      'pixels scaled as in the notebook, not as these weights had them',
    );
  } else if (!isTorch(file) && file.preprocessing) {
    notes.push('pixels scaled as in the notebook, not as its model did');
  }
  if ('idle' in report && report.idle.length > 0) notes.push(`trained without ${report.idle.join(', ')}`);
  if (report.head && report.activationInFile !== null && report.activationInFile !== 'sigmoid') {
    notes.push(`sigmoids in place of its ${report.activationInFile}`);
  }
  if (
    report.head &&
    (!isTorch(file) ? file.config.classes === LABELS.length : sameNames(file.labels, LABELS))
  ) {
    return { ...OF_THE_COURSE, config, weights: tensors, head: true, origin: notes.join('; ') };
  }
  const drawn = `head drawn with seed ${seed}`;
  notes.push(report.head ? `its ${file.config.classes} outputs dropped, ${drawn}` : drawn);
  const base = [...tensors].filter(([key]) => !key.startsWith(`${HEAD_LAYER}/`));
  const weights = new Map([...initialWeights(config, seed), ...base]);
  return { ...OF_THE_COURSE, config, weights, head: false, origin: notes.join('; ') };
}

function withFilter(preprocessing: Preprocessing | null, file: string): Network['preprocessing'] {
  if (!preprocessing) return null;
  const interpolation = INTERPOLATIONS.find((filter) => filter === preprocessing.interpolation);
  const scaling = SCALINGS.find((kind) => kind === preprocessing.scaling);
  if (preprocessing.scaling !== undefined && scaling === undefined) {
    throw new WeightsError(
      `${file} wants pixels scaled by "${preprocessing.scaling}", which is not known.`,
      `Known are ${SCALINGS.join(', ')}.`,
    );
  }
  if (interpolation) return { ...preprocessing, interpolation, scaling };
  throw new WeightsError(
    `${file} wants images resized with "${preprocessing.interpolation}", which is not known.`,
    `Known are ${INTERPOLATIONS.join(', ')}.`,
  );
}

const sameNames = (a: readonly string[] | null, b: readonly string[]): boolean =>
  a?.length === b.length && a.every((name, i) => name === b[i]);

const SCALING_WORDS = {
  torchvision: "x / 255, then ImageNet's mean and deviation, as torchvision",
  torchxrayvision: '-1024 to 1024, as torchxrayvision',
  chexgpu: 'as the metadata of the weights say',
};

/** How pixels are scaled, in words; null where the weights do not say. */
function scalingOf({ preprocessing, report }: WeightFile): string | null {
  if (!preprocessing) return null;
  return 'dtypes' in report
    ? SCALING_WORDS[report.layout]
    : 'as the model of the weights rescales them itself';
}

/**
 * A network to predict with, and the names of its outputs: `labels`, else the file's, else for a Keras file the
 * course's.
 * @throws WeightsError when there is no head, or nobody says what its outputs are
 */
export async function loadClassifier(
  context: WorkContext,
  flags: WeightOptions & { weights: string; labels?: readonly string[] },
  onExpected?: OnExpected,
): Promise<{ network: Network; trained: TrainedWith | null }> {
  const { weights } = flags;
  const { file, trained } = await readFor(context, weights, flags, undefined, onExpected);
  const { config, tensors, preprocessing, thresholds, report } = file;
  if (!report.head) {
    throw new WeightsError(
      `${weights} holds the base of ${config.name} without the head: there is nothing to predict with.`,
      'Train from it first (chexgpu train --weights).',
    );
  }
  const labels = flags.labels ?? file.labels ?? (isTorch(file) ? null : LABELS);
  if (labels?.length !== config.classes) {
    const imagenet = config.classes === 1000 ? ", ImageNet's probably" : '';
    throw new WeightsError(
      labels === null
        ? `${weights} does not say what its ${config.classes} outputs are${imagenet}.`
        : `${weights} has ${config.classes} outputs, not ${labels.length}.`,
      'Name them in order with --labels, separated by commas, or train from it first.',
    );
  }
  const twice = labels.find((label, i) => label !== '' && labels.indexOf(label) !== i);
  if (twice !== undefined) {
    throw new WeightsError(
      `${weights} has two outputs called ${twice}.`,
      'Name them in order with --labels.',
    );
  }
  const network: Network = {
    labels,
    preprocessing: withFilter(preprocessing, weights),
    thresholds,
    scaling: scalingOf(file),
    inputSize: 'inputSize' in report ? report.inputSize : null,
    config,
    weights: tensors,
    head: true,
    origin: file.summary,
  };
  return { network, trained };
}

/** Room that a checkpoint takes on the disk. */
export function checkpointBytes(network: DenseNetName = 'densenet121'): number {
  return countParameters(densenetConfig(network)).total * 4 + 2e6;
}

/** The same network with moving averages that keep another share of the old ones a step. */
export function withMomentum(network: Network, bnMomentum: number | undefined): Network {
  return bnMomentum === undefined ? network : { ...network, config: { ...network.config, bnMomentum } };
}
