/**
 * PyTorch's names and layouts of a DenseNet's tensors (torchvision `models.densenet`; torchxrayvision and timm
 * name them alike). Convolutions are [out, in, height, width] there and [height, width, in, out] here, the
 * classifier [out, in] there and [in, out] here.
 */
import { UsageError } from '../../../core/errors.js';
import type { ParameterSpec } from '../../../training/parameterSpec.js';
import { type DenseNetConfig, HEAD_LAYER, parameterTable } from '../../architecture.js';

export interface TorchTensor {
  /** Name in the state_dict. */
  name: string;
  shape: number[];
  spec: ParameterSpec;
}

/** Counter beside each batch norm's averages, of no use with a fixed momentum. */
export const COUNTER = 'num_batches_tracked';

/** torchxrayvision's buffer of operating points. */
export const THRESHOLDS = 'op_threshs';

const TENSOR_NAMES: Record<ParameterSpec['tensor'], string> = {
  kernel: 'weight',
  bias: 'bias',
  gamma: 'weight',
  beta: 'bias',
  moving_mean: 'running_mean',
  moving_variance: 'running_var',
};

/**
 * Every tensor as a state_dict has it, in its order. Throws UsageError for a network that torchvision's class
 * cannot be: other than a 7x7 stem, and a 1x1 and a 3x3 convolution in each dense layer.
 */
export function torchTable(config: DenseNetConfig): TorchTensor[] {
  return parameterTable(config).map((spec) => {
    const module = torchModule(spec.layer);
    const [side, wanted] = [spec.shape[0], kernelSide(module)];
    if (module === null || (spec.shape.length === 4 && side !== wanted)) {
      throw new UsageError(
        `PyTorch's DenseNet has no layer like ${spec.layer} [${spec.shape.join(', ')}] of ${config.name}.`,
        'Use a Keras file for this network.',
      );
    }
    return { name: `${module}.${TENSOR_NAMES[spec.tensor]}`, shape: torchShape(spec.shape), spec };
  });
}

/** Where a Keras layer stands in torchvision's and torchxrayvision's module tree; null where there is no such place. */
function torchModule(layer: string): string | null {
  switch (layer) {
    case 'conv1/conv':
      return 'features.conv0';
    case 'conv1/bn':
      return 'features.norm0';
    case 'bn':
      return 'features.norm5'; // whatever the number of blocks
    case HEAD_LAYER:
      return 'classifier';
  }
  const dense = /^conv(\d+)_block(\d+)_(0_bn|1_conv|1_bn|2_conv)$/.exec(layer);
  if (dense) {
    const member = { '0_bn': 'norm1', '1_conv': 'conv1', '1_bn': 'norm2', '2_conv': 'conv2' }[dense[3]];
    return `features.denseblock${Number(dense[1]) - 1}.denselayer${dense[2]}.${member}`;
  }
  const transition = /^pool(\d+)_(bn|conv)$/.exec(layer);
  if (!transition) return null;
  return `features.transition${Number(transition[1]) - 1}.${transition[2] === 'bn' ? 'norm' : 'conv'}`;
}

function kernelSide(module: string | null): number {
  if (module === 'features.conv0') return 7;
  return module?.endsWith('conv2') ? 3 : 1;
}

function torchShape(shape: readonly number[]): number[] {
  if (shape.length === 4) return [shape[3], shape[2], shape[0], shape[1]];
  return [...shape].reverse();
}

/** [out, in, positions] and [positions, in, out] of a tensor; vectors have one position and one input. */
function extents({ shape }: ParameterSpec): { out: number; inputs: number; positions: number } {
  const out = shape[shape.length - 1];
  const inputs = shape.length > 1 ? shape[shape.length - 2] : 1;
  return { out, inputs, positions: shape.length === 4 ? shape[0] * shape[1] : 1 };
}

/** Numbers in PyTorch's order put into ours. */
export function fromTorch(values: Float32Array, spec: ParameterSpec): Float32Array {
  const { out, inputs, positions } = extents(spec);
  const result = new Float32Array(values.length);
  let from = 0;
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let p = 0; p < positions; p++) result[(p * inputs + i) * out + o] = values[from++];
    }
  }
  return result;
}

/** Numbers in our order put into PyTorch's. */
export function toTorch(values: Float32Array, spec: ParameterSpec): Float32Array {
  const { out, inputs, positions } = extents(spec);
  const result = new Float32Array(values.length);
  let to = 0;
  for (let o = 0; o < out; o++) {
    for (let i = 0; i < inputs; i++) {
      for (let p = 0; p < positions; p++) result[to++] = values[(p * inputs + i) * out + o];
    }
  }
  return result;
}

/**
 * A name as today's torchvision writes it: its first checkpoints said norm.1 where modules are now called norm1.
 */
export function modernName(name: string): string {
  return name.replace(/(denselayer\d+\.(?:norm|conv))\.([12])\./, '$1$2.');
}
