/** The network that a training begins with: drawn, or from a weight file. */
import { LABELS } from '../../data/tables/labels.js';
import {
  countParameters,
  type DenseNetConfig,
  type DenseNetName,
  densenetConfig,
  HEAD_LAYER,
} from '../../densenet/architecture.js';
import { initialWeights } from '../../densenet/initialisers.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import { usualLabels } from '../prediction/outputs.js';
import type { WorkContext } from '../reporter.js';
import { readKnownWeights, type WeightOptions } from './knownWeights.node.js';

/** What a training begins with: the configuration, and every tensor by its key. */
export interface StartingNetwork {
  config: DenseNetConfig;
  weights: WeightMap;
  /** Where the weights came from, in words. */
  origin: string;
  /** Side of the images that the weights were trained on; null where nobody says. */
  size: number | null;
}

/**
 * A network to train on the 14 findings. A classifier for anything else is dropped and drawn anew.
 * @throws WeightsError naming the file and what does not fit
 */
export async function startingNetwork(
  context: Pick<WorkContext, 'out'>,
  options: Omit<WeightOptions, 'activation'> & { weights?: string; seed: number },
): Promise<StartingNetwork> {
  const { network = 'densenet121', bnEpsilon, seed } = options;
  if (options.weights === undefined) {
    const config = densenetConfig(network, bnEpsilon === undefined ? {} : { bnEpsilon });
    return {
      config,
      weights: initialWeights(config, seed),
      origin: `drawn by Keras' rules with seed ${seed}`,
      size: null,
    };
  }
  // Trained are sigmoids, whatever stood behind the outputs before.
  const { file, trained } = await readKnownWeights(context, options.weights, options, 'sigmoid');
  const { report, tensors, words, notice } = file;
  const size = file.preprocessing?.size ?? trained?.size ?? file.inputSize;
  const config = { ...file.config, classes: LABELS.length };
  const notes = [file.summary, ...(notice ? [notice] : []), ...words.training];
  if (report.head && report.activationInFile !== null && report.activationInFile !== 'sigmoid') {
    notes.push(`sigmoids in place of its ${report.activationInFile}`);
  }
  if (report.head && file.config.classes === LABELS.length && areFindings(usualLabels(file))) {
    return { config, weights: tensors, origin: notes.join('; '), size };
  }
  const drawn = `head drawn with seed ${seed}`;
  notes.push(report.head ? `its ${file.config.classes} outputs dropped, ${drawn}` : drawn);
  const base = [...tensors].filter(([key]) => !key.startsWith(`${HEAD_LAYER}/`));
  const weights = new Map([...initialWeights(config, seed), ...base]);
  return { config, weights, origin: notes.join('; '), size };
}

const areFindings = (labels: readonly string[] | null): boolean =>
  labels?.length === LABELS.length && labels.every((name, i) => name === LABELS[i]);

/** Room that a checkpoint takes on the disk. */
export function checkpointBytes(network: DenseNetName = 'densenet121'): number {
  return countParameters(densenetConfig(network)).total * 4 + 2e6;
}

/** The same network with moving averages that keep another share of the old ones per step. */
export function withMomentum(network: StartingNetwork, bnMomentum: number | undefined): StartingNetwork {
  return bnMomentum === undefined ? network : { ...network, config: { ...network.config, bnMomentum } };
}
