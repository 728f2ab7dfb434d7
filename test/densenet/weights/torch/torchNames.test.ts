import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../../src/core/errors.js';
import { densenetConfig, parameterTable } from '../../../../src/densenet/architecture.js';
import {
  fromTorch,
  modernName,
  torchTable,
  toTorch,
} from '../../../../src/densenet/weights/torch/torchNames.js';
import type { ParameterSpec } from '../../../../src/training/parameterSpec.js';

const table = torchTable(densenetConfig('densenet121'));
const spec = (shape: number[]) => ({ shape }) as unknown as ParameterSpec;

describe('names in a state_dict', () => {
  it.each([
    ['conv1/conv/kernel', 'features.conv0.weight', [64, 3, 7, 7]],
    ['conv1/bn/moving_variance', 'features.norm0.running_var', [64]],
    ['conv2_block1_0_bn/gamma', 'features.denseblock1.denselayer1.norm1.weight', [64]],
    ['conv5_block16_2_conv/kernel', 'features.denseblock4.denselayer16.conv2.weight', [32, 128, 3, 3]],
    ['pool2_conv/kernel', 'features.transition1.conv.weight', [128, 256, 1, 1]],
    ['bn/beta', 'features.norm5.bias', [1024]],
    ['dense_1/kernel', 'classifier.weight', [14, 1024]],
    ['dense_1/bias', 'classifier.bias', [14]],
  ])('%s', (key, name, shape) => {
    expect(table.find((tensor) => tensor.spec.key === key)).toMatchObject({ name, shape });
  });

  it('are one for each tensor', () => {
    expect(new Set(table.map(({ name }) => name)).size).toBe(
      parameterTable(densenetConfig('densenet121')).length,
    );
  });

  it('are none where torchvision has no such layer', () => {
    expect(() => torchTable(densenetConfig('densenet40-12'))).toThrow(UsageError);
    expect(() => torchTable(densenetConfig('densenet40-12'))).toThrow(
      /no layer like conv1\/conv \[3, 3, 3, 16\]/,
    );
  });

  it('of the first checkpoints are written as today', () => {
    const rest = 'features.denseblock1.denselayer2';
    expect(modernName(`${rest}.norm.1.weight`)).toBe(`${rest}.norm1.weight`);
    expect(modernName(`${rest}.conv2.weight`)).toBe(`${rest}.conv2.weight`);
  });
});

describe('numbers', () => {
  it('of a convolution change from [height, width, in, out] to [out, in, height, width]', () => {
    const ours = Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7);
    const theirs = Float32Array.of(0, 4, 2, 6, 1, 5, 3, 7);
    expect(toTorch(ours, spec([1, 2, 2, 2]))).toEqual(theirs);
    expect(fromTorch(theirs, spec([1, 2, 2, 2]))).toEqual(ours);
  });

  it('of a classifier are transposed, and those of a vector stay', () => {
    expect(toTorch(Float32Array.of(1, 2, 3, 4, 5, 6), spec([3, 2]))).toEqual(
      Float32Array.of(1, 3, 5, 2, 4, 6),
    );
    expect(toTorch(Float32Array.of(1, 2, 3), spec([3]))).toEqual(Float32Array.of(1, 2, 3));
  });
});
