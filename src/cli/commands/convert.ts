/** `chexgpu convert` */
import { extname } from 'node:path';
import { Option } from 'commander';
import { UsageError, WeightsError } from '../../core/errors.js';
import { checkFile, type FileKind } from '../../core/outputs/singleFile.node.js';
import { LABELS } from '../../data/tables/labels.js';
import { countParameters, densenetConfig } from '../../densenet/architecture.js';
import { KERAS_FORMATS, type KerasFormat } from '../../densenet/weights/keras/kerasFormats.js';
import { type WeightFile, writeWeightFile } from '../../densenet/weights/weights.node.js';
import { isTorch, readFor, type WeightOptions } from '../../workflow/weights/network.node.js';
import { addWeightOptions, names, option, wholeNumber } from '../flags/sharedFlags.js';
import type { CommandContext } from '../session/commandContext.js';
import { inputsOf, namedHistory } from '../session/namedInputs.js';
import { define } from './define.js';

interface ConvertFlags extends WeightOptions {
  labels?: string[];
  inputChannels?: number;
  format?: KerasFormat;
  overwrite: boolean;
}

const HDF5_MAGIC = 'HDF\r\n\x1a\n';

/** HDF5, or safetensors: a header of JSON behind its length. */
const WEIGHTS: FileKind = {
  name: 'weight file',
  matches: (start) => {
    const text = String.fromCharCode(...start.subarray(0, 9));
    return text.startsWith(HDF5_MAGIC, 1) || text[8] === '{';
  },
};

const ENDINGS = ['.safetensors', '.h5', '.hdf5'];

async function convert(
  context: CommandContext,
  flags: ConvertFlags,
  [source, target]: readonly string[],
): Promise<number> {
  const { out } = context;
  const ending = extname(target).toLowerCase();
  if (!ENDINGS.includes(ending)) {
    throw new UsageError(`${target} ends in none of ${ENDINGS.join(', ')}.`, 'The ending says the format.');
  }
  const inputs = await inputsOf([namedHistory(flags)], [], source);
  await checkFile(target, { inputs, overwrite: flags.overwrite, kind: WEIGHTS });
  const file = await readSource(context, source, flags);
  if (!file.report.head) {
    throw new WeightsError(
      `${source} holds the base without the head; a file with all layers is written.`,
      'Train from it first (chexgpu train --weights).',
    );
  }
  const { config, tensors, labels, preprocessing, thresholds } = file;
  out.say(`Read ${file.summary}`);
  const { format } = flags;
  await writeWeightFile(target, tensors, config, { labels, preprocessing, thresholds, format });
  const count = countParameters(config).total.toLocaleString('en');
  const named = labels ? `${labels.length} labels` : 'no labels';
  if (ending === '.safetensors') {
    const pixels = preprocessing ? 'preprocessing' : 'no preprocessing';
    out.say(
      `Wrote ${target}: ${count} numbers under PyTorch's names, ${named} and ${pixels} in the metadata`,
    );
    if (config.bnEpsilon !== 1e-5) {
      out.say(`In PyTorch set eps of every BatchNorm2d to ${config.bnEpsilon}; its own is 1e-5`);
    }
  } else {
    out.say(`Wrote ${target}: ${count} numbers for Keras`);
    for (const line of leftBehind(file, format)) out.say(`Not in the file: ${line}`);
  }
  out.document({
    command: 'convert',
    source: file.path,
    target,
    inputChannels: config.inputChannels,
    classes: config.classes,
    bnEpsilon: config.bnEpsilon,
    labels,
    preprocessing,
  });
  return 0;
}

/** The file and what is known of it: by itself, by its history.json, by the flags. */
async function readSource(context: CommandContext, source: string, flags: ConvertFlags): Promise<WeightFile> {
  const { file, trained } = await readFor(context, source, flags);
  const { inputChannels, classes } = file.config;
  if (flags.inputChannels !== undefined && flags.inputChannels !== inputChannels) {
    throw new WeightsError(`${source} has ${inputChannels} input channels, not ${flags.inputChannels}.`);
  }
  const usual = isTorch(file) || classes !== LABELS.length ? null : LABELS;
  const labels = flags.labels ?? file.labels ?? usual;
  if (labels && labels.length !== classes) {
    throw new WeightsError(`${source} has ${classes} outputs, not ${labels.length}.`);
  }
  if (file.preprocessing || !trained) return { ...file, labels };
  const { size, interpolation, scaling, normalisation } = trained;
  return { ...file, labels, preprocessing: { size, interpolation, scaling, normalisation } };
}

/** What weights mean that a Keras file does not say; a whole model says how it is built. */
function leftBehind(
  { config, labels, preprocessing, thresholds }: WeightFile,
  format?: KerasFormat,
): string[] {
  const usual = format === 'keras2-model' ? config : densenetConfig('densenet121');
  return [
    config.bnEpsilon !== usual.bnEpsilon &&
      `batch norm epsilon ${config.bnEpsilon}; Keras' DenseNet121 has ${usual.bnEpsilon}, so set it in every layer`,
    config.inputChannels !== usual.inputChannels &&
      `${config.inputChannels} input channel: build the model with input_shape=(None, None, ${config.inputChannels})`,
    config.activation !== usual.activation &&
      `a ${config.activation} behind its outputs, not ${usual.activation}s`,
    labels && `the order of its outputs: ${labels.map((label) => label || '(never trained)').join(', ')}`,
    preprocessing && `how pixels are scaled: ${JSON.stringify(preprocessing.normalisation)}`,
    thresholds && `the operating points: ${thresholds.join(', ')}`,
  ].filter((line) => typeof line === 'string');
}

export const convertCommand = define<ConvertFlags>({
  name: 'convert',
  description:
    "Converts weights between Keras' HDF5 and PyTorch's safetensors (torchvision's names). " +
    'What the target cannot hold is said.',
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
      .argument('<in>', 'Keras HDF5 or PyTorch safetensors file, or a name in weights/')
      .argument('<out>', `file to write; its ending says the format: ${ENDINGS.join(', ')}`)
      .addOption(option.network('by the history.json of the weights, else densenet121'))
      .addOption(option.activation())
      .option('--labels <names>', 'names of the outputs in order, separated by commas', names)
      .option(
        '--input-channels <n>',
        'refuse a file with another number (default: as in the file)',
        wholeNumber(1, 64),
      )
      .addOption(
        new Option(
          '--format <name>',
          'of a Keras file (default: keras3 for .weights.h5, else keras2)',
        ).choices(KERAS_FORMATS),
      )
      .option('--overwrite', 'replace the file', false),
  action: convert,
});
