/** Files that are not quite the network: their heads, and what else a network of others has or lacks. */
import { describe, expect, it } from 'vitest';
import { WeightsError } from '../../../../src/core/errors.js';
import { densenetConfig } from '../../../../src/densenet/architecture.js';
import { readSafetensors, type StoredArray } from '../../../../src/densenet/weights/torch/safetensors.js';
import { readTorchSafetensors } from '../../../../src/densenet/weights/torch/torch.js';
import { torchTable } from '../../../../src/densenet/weights/torch/torchNames.js';
import { writeTorchSafetensors } from '../../../../src/densenet/weights/torch/torchWrite.js';
import { asPyTorch, packSafetensors, renamed, storedArray } from '../../../support/files/safetensors.js';
import { randomWeights, TINY } from '../keras/h5Fixtures.js';

const file = writeTorchSafetensors(randomWeights(TINY), TINY);
const { tensors: stored } = readSafetensors(file);

describe('a head', () => {
  const features = stored.get('classifier.weight')!.shape[1];
  const linear = (name: string, outputs: number, inputs = features): [string, StoredArray][] => [
    [
      `${name}.weight`,
      storedArray('F32', [outputs, inputs], new Float32Array(outputs * inputs).fill(outputs)),
    ],
    [`${name}.bias`, storedArray('F32', [outputs], new Float32Array(outputs))],
  ];
  const withHeads = (...heads: [string, StoredArray][]) =>
    asPyTorch(file, (all) => {
      all.delete('classifier.weight');
      all.delete('classifier.bias');
      for (const [name, tensor] of heads) all.set(name, tensor);
    });

  it('of several layers is named tensor by tensor, and can be left out', () => {
    const bytes = withHeads(...linear('classifier.0', 32), ...linear('classifier.3', 2, 32));
    expect(() => readTorchSafetensors(bytes, TINY, 'x')).toThrow(
      new RegExp(
        `x holds the base of tiny and behind it classifier\\.0\\.weight \\[32, ${features}\\], ` +
          '.*classifier\\.3\\.bias \\[2\\].*`head`',
      ),
    );
    const { report } = readTorchSafetensors(bytes, TINY, 'x', { head: 'none' });
    expect(report.head).toBe(false);
    expect(report.leftOver).toHaveLength(4);
    expect(() => readTorchSafetensors(bytes, TINY, 'x', { head: 'classifier.3' })).toThrow(
      /dense_1, kernel \(classifier\.weight\): the file has shape \[2, 32\]/,
    );
  });

  it('is chosen by name where there are two, or tensors of a loss', () => {
    const loss: [string, StoredArray] = [
      'criterion.pos_weight',
      storedArray('F32', [5], new Float32Array(5)),
    ];
    const bytes = withHeads(...linear('view', 2), ...linear('findings', 5), loss);
    expect(() => readTorchSafetensors(bytes, TINY, 'x')).toThrow(
      /view\.weight .*criterion\.pos_weight \[5\]/,
    );
    const { report, config, tensors } = readTorchSafetensors(bytes, TINY, 'x', { head: 'findings' });
    expect(config.classes).toBe(5);
    expect(report.leftOver).toEqual(['view.weight', 'view.bias', 'criterion.pos_weight']);
    expect(tensors.get('dense_1/kernel')?.every((v) => v === 5)).toBe(true);
    expect(() => readTorchSafetensors(bytes, TINY, 'x', { head: 'nothing' })).toThrow(
      /x has no nothing\.weight behind the base of tiny, but view\.weight/,
    );
  });
});

describe('a file of another network', () => {
  const without = (name: string) => asPyTorch(file, (all) => all.delete(name));
  const replaced = (name: string, value: StoredArray) => asPyTorch(file, (all) => all.set(name, value));
  const one = storedArray('F32', [1], new Float32Array(1));
  const norm5 = new Float32Array(stored.get('features.norm5.bias')!.shape[0]);
  const cases: [string, Uint8Array, RegExp][] = [
    [
      'a tensor missing',
      without('features.denseblock2.denselayer1.norm2.running_var'),
      /lacks features\S*denselayer1\.norm2\.running_var \(layer conv3_block1_1_bn, moving_variance\) of tiny\./,
    ],
    [
      'half a classifier',
      without('classifier.bias'),
      /lacks classifier\.bias \(layer dense_1, bias\) of tiny/,
    ],
    ['a tensor too many', replaced('features.extra', one), /holds features\.extra, which tiny does not have/],
    [
      'the same tensor twice',
      replaced('features.denseblock1.denselayer1.norm.1.weight', one),
      /denselayer1\.norm1\.weight twice, once as .*norm\.1\.weight/,
    ],
    [
      'a shape of its own',
      replaced('features.transition1.norm.weight', one),
      /layer pool2_bn, gamma \(features\.transition1\.norm\.weight\): the file has shape \[1\], tiny wants \[12\]/,
    ],
    [
      'numbers of another kind',
      replaced('features.norm5.bias', storedArray('I8', [norm5.length], new Int8Array(norm5.length))),
      /layer bn, beta \(features\.norm5\.bias\) holds I8 numbers/,
    ],
    [
      'a number that is none',
      replaced('features.norm5.bias', storedArray('F32', [norm5.length], norm5.fill(Number.NaN, 3, 4))),
      /layer bn, beta \(features\.norm5\.bias\) holds NaN at position 3/,
    ],
    [
      'no DenseNet',
      packSafetensors(new Map([['conv1.weight', one]])),
      /no DenseNet of PyTorch.* conv1\.weight/,
    ],
    ['no input', replaced('features.conv0.weight', one), /features\.conv0\.weight has shape \[1\]/],
    ['nothing', packSafetensors(new Map()), /no DenseNet of PyTorch: .* but nothing/],
    [
      'two networks',
      packSafetensors(
        new Map([...renamed(stored, (n) => `model.${n}`), ...renamed(stored, (n) => `ema.${n}`)]),
      ),
      /holds 2 networks: model\.features\.conv0\.weight, ema\.features\.conv0\.weight/,
    ],
  ];
  it.each(cases)('with %s is refused', (_, bytes, message) => {
    expect(() => readTorchSafetensors(bytes, TINY, 'x.safetensors')).toThrow(message);
    expect(() => readTorchSafetensors(bytes, TINY, 'x.safetensors')).toThrow(WeightsError);
  });

  it('is called by its name where it is a known one', () => {
    const names = torchTable(densenetConfig('densenet169')).map(
      ({ name }) => [name, storedArray('F32', [1, 1, 1, 1], new Float32Array(1))] as const,
    );
    const bytes = packSafetensors(new Map(names));
    expect(() => readTorchSafetensors(bytes, densenetConfig('densenet121'))).toThrow(
      /holds features\S*denselayer25\.norm1\.weight and \d+ more .* densenet121 .* the layers of densenet169\./,
    );
  });
});
