/** The network of a command: its shape, where its weights come from, and how it was trained. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { WeightsError } from '../../core/errors.js';
import { LABELS } from '../../data/labels.js';
import { INTERPOLATIONS, type Interpolation } from '../../data/resize.js';
import {
  countParameters,
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  HEAD_LAYER,
  type WeightMap,
} from '../../densenet/architecture.js';
import type { Normalisation } from '../../densenet/batch.js';
import { initialWeights } from '../../densenet/initialisers.js';
import { DenseNet } from '../../densenet/model.js';
import type { Preprocessing } from '../../densenet/weights/torchFacts.js';
import { readWeightFile, type WeightFile } from '../../densenet/weights/weights.node.js';
import type { CommandContext } from '../context.js';
import type { Progress } from '../progress.js';
import type { Session } from '../session.js';

export const HISTORY_FILE = 'history.json';
export const WEIGHTS_FILE = 'weights.h5';

/** What `history.json` beside a weight file says about the training. */
export interface TrainedWith {
  network: DenseNetName;
  size: number;
  /** How the images were resized. */
  interpolation: Interpolation;
  /** The featurewise statistics of the training images. */
  normalisation: Normalisation;
  /** Where training began from PyTorch's weights: what its batch norms and its stem have from there. */
  bnEpsilon?: number;
  inputChannels?: number;
}

export interface Network {
  config: DenseNetConfig;
  weights: WeightMap;
  /** False where the file held the base only, and the head was drawn. */
  head: boolean;
  /** Where the weights came from, in words. */
  origin: string;
  /** Name of each output, '' for one never trained. */
  labels: readonly string[];
  /** What safetensors say of the pixels and the outputs; null with Keras' files. */
  preprocessing: (Preprocessing & { interpolation: Interpolation }) | null;
  thresholds: Float32Array | null;
  /** `preprocessing` in words. */
  scaling: string | null;
}

interface NetworkFlags {
  network?: DenseNetName;
  weights?: string;
}

/** The file, read for the network that the flags and the history beside it name. */
export async function readFor(weights: string, network: DenseNetName): Promise<WeightFile> {
  const { bnEpsilon, inputChannels } = (await trainedWith(weights)) ?? {};
  const changes = { ...(bnEpsilon && { bnEpsilon }), ...(inputChannels && { inputChannels }) };
  return readWeightFile(weights, densenetConfig(network, changes));
}

/** Whether the file says itself what it expects. */
export const isTorch = ({ report }: Pick<WeightFile, 'report'>): boolean => 'dtypes' in report;

/** The course's labels, and pixels as its notebook scales them. */
const OF_THE_COURSE = { labels: LABELS, preprocessing: null, thresholds: null, scaling: null };

/**
 * A network to train on the 14 findings. A classifier for anything else is dropped and drawn anew.
 * @throws WeightsError naming the file and what does not fit
 */
export async function loadNetwork(flags: NetworkFlags & { seed: number }): Promise<Network> {
  const { network = 'densenet121', seed } = flags;
  if (flags.weights === undefined) {
    const config = densenetConfig(network);
    const origin = `drawn by Keras' rules with seed ${seed}`;
    return { ...OF_THE_COURSE, config, weights: initialWeights(config, seed), head: false, origin };
  }
  const file = await readFor(flags.weights, network);
  const { report, tensors } = file;
  const config = { ...file.config, classes: LABELS.length, activation: 'sigmoid' as const };
  const notes = [file.summary];
  if (isTorch(file) && report.layout !== 'chexgpu') {
    notes.push(
      `batch norm momentum ${config.bnMomentum} as in PyTorch, unless --bn-momentum says otherwise`,
      'pixels scaled as in the notebook, not as these weights had them',
    );
  }
  if (report.head && (!isTorch(file) || sameNames(file.labels, LABELS))) {
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
  if (interpolation) return { ...preprocessing, interpolation };
  throw new WeightsError(
    `${file} wants images resized with "${preprocessing.interpolation}", which is not known.`,
    `Known are ${INTERPOLATIONS.join(', ')}.`,
  );
}

const sameNames = (a: readonly string[] | null, b: readonly string[]): boolean =>
  a?.length === b.length && a.every((name, i) => name === b[i]);

const SCALINGS = {
  torchvision: "x / 255, then ImageNet's mean and deviation, as torchvision",
  torchxrayvision: '-1024 to 1024, as torchxrayvision',
  chexgpu: 'as the metadata of the weights say',
};

/**
 * A network to predict with, and the names of its outputs: `labels`, else the file's, else for a Keras file the
 * course's.
 * @throws WeightsError when there is no head, or nobody says what its outputs are
 */
export async function loadClassifier(
  flags: NetworkFlags & { weights: string; labels?: readonly string[] },
): Promise<Network> {
  const { network = 'densenet121', weights } = flags;
  const file = await readFor(weights, network);
  const { config, tensors, preprocessing, thresholds, report } = file;
  if (!report.head) {
    throw new WeightsError(
      `${weights} holds the base of ${network} without the head: there is nothing to predict with.`,
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
  const scaling = preprocessing && 'dtypes' in report ? SCALINGS[report.layout] : null;
  const meaning = { labels, preprocessing: withFilter(preprocessing, weights), thresholds, scaling };
  return { ...meaning, config, weights: tensors, head: true, origin: file.summary };
}

/** Room that a checkpoint takes on the disk. */
export function checkpointBytes(network: DenseNetName = 'densenet121'): number {
  return countParameters(densenetConfig(network)).total * 4 + 2e6;
}

/** The same network with moving averages that keep another share of the old ones a step. */
export function withMomentum(network: Network, bnMomentum: number | undefined): Network {
  return bnMomentum === undefined ? network : { ...network, config: { ...network.config, bnMomentum } };
}

/** Compilation is shown when it takes longer; what is compiled already takes no time. */
const SHOW_AFTER_MS = 300;

/** Puts the network on the GPU, with progress while its kernels compile. */
export function createModel(context: CommandContext, session: Session, network: Network): Promise<DenseNet> {
  const { out } = context;
  let plan = '';
  let started = 0;
  let bar: Progress | null = null;
  return DenseNet.create(session.node.gpu, {
    config: network.config,
    weights: network.weights,
    onCompile: (label, done, total) => {
      if (label !== plan) {
        plan = label;
        started = performance.now();
        bar = null;
      }
      if (performance.now() - started > SHOW_AFTER_MS) {
        bar ??= out.progress(`Compiling for ${label}`, total, 'kernels');
      }
      bar?.update(done, '', total);
      if (done === total) {
        if (bar) out.endProgress();
        plan = '';
      }
    },
  });
}

/** How the weights in a file of ours were trained; null beside any other file. */
export async function trainedWith(weights: string): Promise<TrainedWith | null> {
  try {
    const text = await readFile(join(dirname(weights), HISTORY_FILE), 'utf8');
    const history = JSON.parse(text) as Partial<TrainedWith>;
    const { network, size, interpolation, normalisation, bnEpsilon, inputChannels } = history;
    if (!network || !Number.isInteger(size) || !normalisation) return null;
    // Older files do not say; they were all resized so.
    const filter = interpolation ?? 'nearest';
    if (!INTERPOLATIONS.includes(filter)) return null;
    const facts = { network, size: size as number, interpolation: filter, normalisation };
    return { ...facts, bnEpsilon, inputChannels };
  } catch {
    return null;
  }
}
