/** What `predict` and `gradcam` have in common: which network, which image size. */
import type { Command } from 'commander';
import type { Scaling } from '../../data/images/pixelFacts.js';
import type { Interpolation } from '../../data/images/resize.js';
import { type ScalingChoice, settleScaling } from '../../workflow/prediction/scaling.node.js';
import type { TrainedWith } from '../../workflow/weights/history.node.js';
import { loadClassifier, type Network, type WeightOptions } from '../../workflow/weights/network.node.js';
import { addTuningOptions, addWeightOptions, names, option, type TuningFlags } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import type { Ahead } from '../session/openAhead.js';

export interface InferenceFlags extends TuningFlags, WeightOptions {
  weights: string;
  labels?: string[];
  size?: number;
  interpolation?: Interpolation;
  scaling?: Scaling;
  workers?: number;
}

export interface Inference {
  network: Network;
  size: number;
  interpolation: Interpolation;
  /** From the history of the weights; null where these say themselves what they expect. */
  trained: TrainedWith | null;
  pixels: ScalingChoice;
}

const USUAL_SIZE = 320;

export function addInferenceOptions(command: Command): Command {
  command
    .requiredOption(
      '--weights <file>',
      'Keras HDF5 or PyTorch safetensors file with the head, or a name in weights/',
    )
    .addOption(option.size('as trained, by the weights or their history.json; else 320'))
    .addOption(option.network('as trained, else densenet121'))
    .option('--labels <names>', 'names of the outputs in order, for weights that do not say', names)
    .addOption(option.activation())
    .addOption(option.interpolation('as trained, else nearest'))
    .addOption(option.scaling('as trained, else keras'))
    .addOption(option.workers());
  return addTuningOptions(addWeightOptions(command));
}

/**
 * Reads the weights and settles what the flags leave open.
 * @param count images of a batch
 * @throws WeightsError
 */
export async function prepareInference(
  context: CommandContext,
  flags: InferenceFlags,
  ahead: Ahead,
  count: number,
): Promise<Inference> {
  const { out } = context;
  const { network, trained: history } = await loadClassifier(context, flags, (config, known) => {
    const side = flags.size ?? known?.size ?? USUAL_SIZE;
    return ahead.begin(flags, config, { count, height: side, width: side });
  });
  const trained = network.preprocessing ? null : history;
  const native = (network.preprocessing ?? trained)?.size ?? network.inputSize;
  const size = flags.size ?? native ?? USUAL_SIZE;
  if (native && size !== native) {
    out.warn(`These weights were trained on images of ${native} px, not ${size}.`);
  }
  const interpolation = flags.interpolation ?? (network.preprocessing ?? trained)?.interpolation ?? 'nearest';
  const pixels = settleScaling(context, flags.scaling, network, trained);
  return { network, size, interpolation, trained, pixels };
}
