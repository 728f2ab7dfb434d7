/** `chexgpu convert`: weights from one format to another; the formats stand in src/densenet/weights. */

import { Option } from 'commander';
import { WeightsError } from '../../core/errors.js';
import { plural, whole } from '../../core/formatting.js';
import { checkFile, type FileKind } from '../../core/outputs/singleFile.node.js';
import { SAMPLEWISE } from '../../data/generator/standardize.js';
import { countParameters, parameterTable } from '../../densenet/architecture.js';
import {
  kindFor,
  leftOut,
  sniffWeights,
  WEIGHTS_ENDINGS,
  WEIGHTS_KINDS,
  WEIGHTS_NAMES,
} from '../../densenet/weights/formats.js';
import { lostInHalf } from '../../densenet/weights/inHalf.js';
import { type WeightFile, writeWeightFile } from '../../densenet/weights/weights.node.js';
import type { Preprocessing } from '../../densenet/weights/weightsMeaning.js';
import { usualLabels } from '../../workflow/prediction/outputs.js';
import { readKnownWeights, type WeightOptions } from '../../workflow/weights/knownWeights.node.js';
import { define } from '../defineCommand.js';
import { addWeightOptions, names, option, wholeNumber } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { inputsOf, namedHistory } from '../session/namedInputs.js';

interface ConvertFlags extends WeightOptions {
  labels?: string[];
  inputChannels?: number;
  format?: string;
  half: boolean;
  samplewise: boolean;
  notice?: string;
  overwrite: boolean;
}

const WEIGHTS: FileKind = { name: 'weight file', matches: (start) => sniffWeights(start) !== undefined };

async function convert(
  context: CommandContext,
  flags: ConvertFlags,
  [source, target]: readonly string[],
): Promise<number> {
  const { out } = context;
  const kind = kindFor(target, flags.format);
  const inputs = await inputsOf([namedHistory(flags)], [], source);
  await checkFile(target, { inputs, overwrite: flags.overwrite, kind: WEIGHTS });
  const file = await readSource(context, source, flags);
  if (!file.report.head) {
    throw new WeightsError(
      `${source} holds the base without the head; a file with all layers is written.`,
      'Train from it first (chexgpu train --weights).',
    );
  }
  const { config, tensors, labels, thresholds } = file;
  const preprocessing = flags.samplewise ? byItself(file) : file.preprocessing;
  const notice = flags.notice ?? file.notice;
  out.say(`Read ${file.summary}`);
  await writeWeightFile(target, tensors, config, {
    labels,
    preprocessing,
    thresholds,
    notice,
    half: flags.half,
    format: kind,
  });
  const precision = flags.half ? ', kernels in half precision' : '';
  const count = whole(countParameters(config).total);
  out.say(`Wrote ${target}: ${count} numbers, format ${kind}${precision}`);
  const lost = flags.half ? lostInHalf(tensors, parameterTable(config)) : 0;
  if (lost > 0) out.warn(`${plural(lost, 'number')} of the kernels are too small for float16 and became 0.`);
  for (const line of await leftOut(kind, { ...file, preprocessing })) out.say(`Not in the file: ${line}`);
  out.document({
    command: 'convert',
    source: file.path,
    target,
    inputChannels: config.inputChannels,
    classes: config.classes,
    bnEpsilon: config.bnEpsilon,
    labels,
    preprocessing,
    notice,
  });
  return 0;
}

/** The weights' preprocessing, but each image normalised by itself, as in training. */
function byItself({ path, preprocessing }: WeightFile): Preprocessing {
  if (preprocessing) return { ...preprocessing, normalisation: SAMPLEWISE };
  throw new WeightsError(
    `Nobody says how large the images of ${path} are and how they are resized.`,
    'Leave out --samplewise, or give the --history of its training.',
  );
}

/** The file and what is known of it: by itself, by its history.json, by the flags. */
async function readSource(context: CommandContext, source: string, flags: ConvertFlags): Promise<WeightFile> {
  const { file, trained } = await readKnownWeights(context, source, flags);
  const { inputChannels, classes } = file.config;
  if (flags.inputChannels !== undefined && flags.inputChannels !== inputChannels) {
    throw new WeightsError(`${source} has ${inputChannels} input channels, not ${flags.inputChannels}.`);
  }
  const usual = usualLabels(file);
  // The course's names are a guess, which only as many outputs make a good one.
  const labels = flags.labels ?? file.labels ?? (usual?.length === classes ? usual : null);
  if (labels && labels.length !== classes) {
    throw new WeightsError(`${source} has ${classes} outputs, not ${labels.length}.`);
  }
  if (file.preprocessing || !trained) return { ...file, labels };
  const { size, interpolation, scaling, normalisation } = trained;
  return { ...file, labels, preprocessing: { size, interpolation, scaling, normalisation } };
}

export const convertCommand = define<ConvertFlags>({
  name: 'convert',
  description: `Converts weights between formats (${WEIGHTS_NAMES}) and says what the target cannot hold.`,
  examples: [
    ['chexgpu convert runs/first/weights.h5 first.safetensors', 'for model.load_state_dict in PyTorch'],
    ['chexgpu convert xrv.safetensors xrv.h5', 'for model.load_weights in Keras'],
    [
      'chexgpu convert --labels Mass,Edema two.h5 two.safetensors',
      'a Keras file of two outputs; the names go into the metadata',
    ],
  ],
  flags: (command) =>
    addWeightOptions(command)
      .argument('<in>', 'weight file of any format, or a name in weights/')
      .argument('<out>', `file to write; its ending says the format: ${WEIGHTS_ENDINGS.join(', ')}`)
      .addOption(option.network('by the history.json of the weights, else told by their layers'))
      .addOption(option.activation())
      .option('--labels <names>', 'names of the outputs in order, separated by commas', names)
      .option(
        '--input-channels <n>',
        'refuse a file with another number (default: as in the file)',
        wholeNumber(1, 64),
      )
      .addOption(
        new Option('--format <name>', 'to write (default: by the ending; keras2 for .h5)').choices(
          WEIGHTS_KINDS,
        ),
      )
      .option(
        '--samplewise',
        'say in the file that each image is normalised by itself, as in training',
        false,
      )
      .option('--half', 'kernels in float16 (Keras files and safetensors)', false)
      .option('--notice <text>', 'what whoever predicts with the weights is to be told; kept in the file')
      .option('--overwrite', 'replace the file', false),
  action: convert,
});
