/** The network of a command: its shape, where its weights come from, and how it was trained. */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import {
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  type WeightMap,
} from '../../densenet/architecture.js';
import type { Normalisation } from '../../densenet/batch.js';
import { initialWeights } from '../../densenet/initialisers.js';
import { DenseNet } from '../../densenet/model.js';
import { readWeightFile } from '../../densenet/weights/weights.node.js';
import type { CommandContext } from '../context.js';
import type { Progress } from '../progress.js';
import type { Session } from '../session.js';

export const HISTORY_FILE = 'history.json';
export const WEIGHTS_FILE = 'weights.h5';

/** What `history.json` beside a weight file says about the training. */
export interface TrainedWith {
  network: DenseNetName;
  size: number;
  /** The featurewise statistics of the training images. */
  normalisation: Normalisation;
}

export interface Network {
  config: DenseNetConfig;
  weights: WeightMap;
  /** False where the file held the base only, and the head was drawn. */
  head: boolean;
  /** Where the weights came from, in words. */
  origin: string;
}

/** @throws WeightsError naming the file and what does not fit */
export async function loadNetwork(flags: {
  network?: DenseNetName;
  weights?: string;
  seed: number;
}): Promise<Network> {
  const { network = 'densenet121', seed } = flags;
  const config = densenetConfig(network);
  if (flags.weights === undefined) {
    const origin = `drawn by Keras' rules with seed ${seed}`;
    return { config, weights: initialWeights(config, seed), head: false, origin };
  }
  const { tensors, report, summary } = await readWeightFile(flags.weights, config);
  if (report.head) return { config, weights: tensors, head: true, origin: summary };
  const weights = new Map([...initialWeights(config, seed), ...tensors]);
  return { config, weights, head: false, origin: `${summary}; head drawn with seed ${seed}` };
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
    const { network, size, normalisation } = JSON.parse(text) as Partial<TrainedWith>;
    if (!network || !Number.isInteger(size) || !normalisation) return null;
    return { network, size: size as number, normalisation };
  } catch {
    return null;
  }
}
