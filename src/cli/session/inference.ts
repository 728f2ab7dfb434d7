/** What `predict`, `gradcam`, `inspect` and `trace` share: the weights, and how images are prepared for them. */
import type { Command } from 'commander';
import { WEIGHTS_NAMES } from '../../densenet/weights/formats.js';
import { ownWeights, PHANTOM_WEIGHTS, TOY_WEIGHTS } from '../../densenet/weights/publicFiles.js';
import {
  type Classifier,
  type ClassifierOptions,
  readClassifier,
} from '../../workflow/prediction/classifier.node.js';
import { USUAL_SIZE } from '../../workflow/prediction/imagePreparation.js';
import { addTuningOptions, addWeightOptions, names, option, type TuningFlags } from '../flags/sharedFlags.js';
import type { CommandContext } from './commandContext.js';
import type { Ahead } from './openAhead.js';

export interface InferenceFlags extends TuningFlags, ClassifierOptions {
  weights: string;
  workers?: number;
}

export function addInferenceOptions(command: Command): Command {
  command
    .option(
      '--weights <file>',
      `weight file with the head (${WEIGHTS_NAMES}), or a name in weights/; by default the package's own, taught by ` +
        `drawn X-rays: says nothing of a patient (default: "${PHANTOM_WEIGHTS}"; with --network toy "${TOY_WEIGHTS}")`,
    )
    .addOption(option.size(`as trained, by the weights or their history.json; else ${USUAL_SIZE}`))
    .addOption(option.network('as trained, else told by the layers of the weights'))
    .option('--labels <names>', 'names of the outputs in order, for weights that do not say', names)
    .addOption(option.activation())
    .addOption(option.interpolation('as trained, else nearest'))
    .addOption(option.scaling('as trained, else keras'))
    .addOption(option.workers());
  return addTuningOptions(addWeightOptions(command));
}

/** The flags as typed, with the package's own weights where none are named. */
export const withOwnWeights = <Flags extends Omit<InferenceFlags, 'weights'> & { weights?: string }>(
  flags: Flags,
): Flags & { weights: string } => ({ ...flags, weights: flags.weights ?? ownWeights(flags.network) });

/**
 * Reads the weights; meanwhile kernels may begin to compile.
 * @param count images of a batch
 * @throws as `readClassifier`
 */
export function readClassifierAhead(
  context: CommandContext,
  flags: InferenceFlags,
  ahead: Ahead,
  count: number,
): Promise<Classifier> {
  return readClassifier(context, flags.weights, flags, (config, known) => {
    const side = flags.size ?? known?.size ?? USUAL_SIZE;
    return ahead.begin(flags, config, { count, height: side, width: side });
  });
}
