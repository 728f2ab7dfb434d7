/** The network that a training begins with: drawn, or from a weight file. */
import { stat } from 'node:fs/promises';
import { UsageError } from '../../core/errors.js';
import { firstFew } from '../../core/formatting.js';
import { refuseMisspelt } from '../../core/nearNames.js';
import { checkLabelNames, LABELS } from '../../data/tables/labels.js';
import { countParameters, type DenseNetConfig } from '../../densenet/architecture.js';
import { initialWeights, replaceHead } from '../../densenet/initialisers.js';
import { resolveWeights } from '../../densenet/weights/weights.node.js';
import type { WeightMap } from '../../training/parameterSpec.js';
import { usualLabels } from '../prediction/outputs.js';
import { type CallContext, checkContext } from '../reporter.js';
import { readKnownWeights, type WeightOptions } from './knownWeights.node.js';
import { configOf } from './networkFile.node.js';

/** What a training begins with: the configuration, and every tensor by its key. */
export interface StartingNetwork {
  config: DenseNetConfig;
  weights: WeightMap;
  /** Where the weights came from, in words. */
  origin: string;
  /** Side of the images that the weights were trained on; null where nobody says. */
  size: number | null;
}

const OPTIONS = ['network', 'bnEpsilon', 'head', 'history', 'weights', 'seed', 'labels'];

/**
 * A network to train on labels, by default the 14 findings. A head whose outputs are others, or in another order, is
 * dropped and drawn anew.
 * @throws WeightsError naming the file and what does not fit; UsageError for labels that cannot be, and for a head or a
 *   history of weights that nobody gives
 */
export async function startingNetwork(
  context: CallContext,
  options: Omit<WeightOptions, 'activation'> & { weights?: string; seed: number; labels?: readonly string[] },
): Promise<StartingNetwork> {
  checkContext(context);
  refuseMisspelt('The options of startingNetwork', options, OPTIONS);
  context.signal?.throwIfAborted();
  const { network = 'densenet121', bnEpsilon, seed } = options;
  const labels = options.labels ? checkLabelNames(options.labels) : LABELS;
  if (options.weights === undefined) {
    const idle = [options.head !== undefined && 'head', typeof options.history === 'string' && 'history'];
    const named = idle.filter(Boolean).join(' and ');
    if (named !== '') {
      throw new UsageError(
        `There are no weights to begin with, and ${named} would be of them.`,
        'Give weights, too, or leave it out.',
      );
    }
    const config = configOf(network, { bnEpsilon, classes: labels.length });
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
  const notes = [file.summary, ...(notice ? [notice] : []), ...words.training];
  if (report.head && report.activationInFile !== null && report.activationInFile !== 'sigmoid') {
    notes.push(`sigmoids in place of its ${report.activationInFile}`);
  }
  if (report.head && file.config.classes === labels.length && areThese(labels, usualLabels(file))) {
    return { config: file.config, weights: tensors, origin: notes.join('; '), size };
  }
  const drawn = labels === LABELS ? `head drawn with seed ${seed}` : newHead(labels, seed);
  notes.push(report.head ? `its ${file.config.classes} outputs dropped, ${drawn}` : drawn);
  const { config, weights } = replaceHead({ config: file.config, weights: tensors }, { labels, seed });
  return { config, weights, origin: notes.join('; '), size };
}

const newHead = (labels: readonly string[], seed: number): string =>
  `head for ${firstFew(labels)} drawn with seed ${seed}`;

const areThese = (labels: readonly string[], others: readonly string[] | null): boolean =>
  others?.length === labels.length && labels.every((name, i) => name === others[i]);

/**
 * Room that a checkpoint takes on the disk; of a network that only its weights tell, twice what they do: they may be
 * in half precision.
 */
export async function checkpointBytes({
  network,
  weights,
}: Pick<WeightOptions, 'network'> & { weights?: string }): Promise<number> {
  const bytes = countParameters(configOf(network ?? 'densenet121')).total * 4 + 2e6;
  if (network !== undefined || weights === undefined) return bytes;
  return Math.max(bytes, 2 * (await stat(await resolveWeights(weights))).size);
}

/** The same network with moving averages that keep another share of the old ones per step. */
export function withMomentum(network: StartingNetwork, bnMomentum: number | undefined): StartingNetwork {
  return bnMomentum === undefined ? network : { ...network, config: { ...network.config, bnMomentum } };
}
