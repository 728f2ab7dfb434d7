/** What is done with PyTorch's DenseNet in safetensors as one of the formats. */
import { UsageError, WeightsError } from '../../../core/errors.js';
import { plural } from '../../../core/formatting.js';
import type { FormatFiles, ReadWeights } from '../format.js';
import { unsaidLayout } from '../layout.js';
import type { TorchReport, TorchWeights } from './torch.js';
import { TORCH_BN_EPSILON } from './torchFacts.js';
import { readTorchSafetensors, writeTorchSafetensors } from './torchLazy.js';
import { recogniseTorch } from './torchRecognise.js';

const epsilonWords = (epsilon: number) =>
  `batch norm epsilon, but for its metadata: in PyTorch set eps of every BatchNorm2d to ${epsilon}; ` +
  `its own is ${TORCH_BN_EPSILON}`;

export const TORCH_FILES: FormatFiles<TorchReport> = {
  async read(bytes, config, name, options) {
    if (options.optimizer) throw new WeightsError(`${name} is safetensors, which hold no optimizer's state.`);
    const network = options.recognise ? recogniseTorch(bytes, name, config) : config;
    return understood(await readTorchSafetensors(bytes, network, name, options));
  },
  async write(_, tensors, config, { head = true, optimizer, half, ...meaning }) {
    if (!head || optimizer) {
      const what = head ? "an optimizer's state" : 'a base without its head';
      throw new UsageError(`A file of format 'safetensors' has no place for ${what}.`, 'Write a Keras file.');
    }
    return writeTorchSafetensors(tensors, config, meaning, { half });
  },
  leavesOut: (_, config) => [
    ...unsaidLayout(config),
    ...(config.bnEpsilon === TORCH_BN_EPSILON ? [] : [epsilonWords(config.bnEpsilon)]),
  ],
};

const PIXEL_WORDS = {
  torchvision: "x / 255, then ImageNet's mean and deviation, as torchvision",
  torchxrayvision: '-1024 to 1024, as torchxrayvision',
  chexgpu: 'as the metadata of the weights say',
};

function understood(weights: TorchWeights): ReadWeights<TorchReport> {
  const { report, config, preprocessing } = weights;
  const { layout, dtypes, notes, tensorCount } = report;
  const origin = layout === 'chexgpu' ? 'safetensors by chexgpu' : `safetensors of ${layout}`;
  const from = dtypes.some((dtype) => dtype !== 'F32') ? `, from ${dtypes.join(' and ')}` : '';
  const channels = plural(config.inputChannels, 'input channel');
  const head = report.head ? `${config.classes} outputs` : 'base only';
  const training = [
    `batch norm momentum ${config.bnMomentum} as in PyTorch, unless \`bnMomentum\` says otherwise`,
    'pixels scaled as in the notebook, not as these weights had them',
  ];
  return {
    ...weights,
    namesOutputs: true,
    inputSize: null,
    words: {
      contents: `${origin}, ${tensorCount} tensors${from}, ${channels}, ${head}`,
      pixels: preprocessing && PIXEL_WORDS[layout],
      notes,
      training: layout === 'chexgpu' ? [] : training,
    },
  };
}
