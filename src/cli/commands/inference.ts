/** What `predict` and `gradcam` have in common: which network, which image size. */
import type { Command } from 'commander';
import type { DenseNetName } from '../../densenet/architecture.js';
import { WeightsError } from '../../engine/errors.js';
import type { CommandContext } from '../context.js';
import { loadNetwork, type Network, type TrainedWith, trainedWith } from '../notebook/network.js';
import { option } from '../options.js';

export interface InferenceFlags {
  weights: string;
  network?: DenseNetName;
  size?: number;
  workers?: number;
}

export interface Inference {
  network: Network;
  size: number;
  /** From the history.json beside the weights. */
  trained: TrainedWith | null;
}

const USUAL_SIZE = 320;

export function addInferenceOptions(command: Command): Command {
  return command
    .requiredOption('--weights <file>', 'Keras HDF5 file with the head, or a name in weights/')
    .addOption(option.size('as trained, by the history.json beside the weights; else 320'))
    .addOption(option.network('as trained, else densenet121'))
    .addOption(option.workers());
}

/** Reads the weights and settles what the flags leave open. @throws WeightsError */
export async function prepareInference({ out }: CommandContext, flags: InferenceFlags): Promise<Inference> {
  const trained = await trainedWith(flags.weights);
  const name = flags.network ?? trained?.network ?? 'densenet121';
  const network = await loadNetwork({ network: name, weights: flags.weights, seed: 0 });
  if (!network.head) {
    throw new WeightsError(
      `${flags.weights} holds the base of ${name} without the head: there is nothing to predict with.`,
      'Train from it first (chexgpu train --weights).',
    );
  }
  const size = flags.size ?? trained?.size ?? USUAL_SIZE;
  if (trained && size !== trained.size) {
    out.warn(`These weights were trained on images of ${trained.size} px, not ${size}.`);
  }
  return { network, size, trained };
}
