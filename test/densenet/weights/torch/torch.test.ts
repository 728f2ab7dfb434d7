import { describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../../src/densenet/architecture.js';
import { floatsOf, readSafetensors } from '../../../../src/densenet/weights/torch/safetensors.js';
import { readTorchSafetensors } from '../../../../src/densenet/weights/torch/torch.js';
import {
  IMAGENET_PREPROCESSING,
  XRV_LABELS,
  XRV_PREPROCESSING,
} from '../../../../src/densenet/weights/torch/torchFacts.js';
import { writeTorchSafetensors } from '../../../../src/densenet/weights/torch/torchWrite.js';
import { asPyTorch, packSafetensors, renamed, storedArray } from '../../../support/files/safetensors.js';
import { differences, randomWeights, TINY } from '../keras/h5Fixtures.js';

const XRV = densenetConfig('densenet121', { ...TINY, name: 'xrv', inputChannels: 1, classes: 18 });
const weights = randomWeights(TINY);
const file = writeTorchSafetensors(weights, TINY);
const { tensors: stored } = readSafetensors(file);

describe('a file written here', () => {
  it('comes back bit by bit, with all that came along', () => {
    const meaning = {
      labels: ['Mass', 'Edema', ''],
      preprocessing: {
        size: 64,
        interpolation: 'nearest',
        normalisation: { kind: 'samplewise', epsilon: 1e-6 } as const,
      },
      thresholds: Float32Array.from([0.25, 0.5, Number.NaN]),
    };
    const config = { ...TINY, bnMomentum: 0.95, activation: 'softmax' as const };
    const read = readTorchSafetensors(writeTorchSafetensors(weights, config, meaning), TINY);
    expect(differences(read.tensors, weights)).toEqual([]);
    expect(read.config).toEqual(config);
    expect(read).toMatchObject(meaning);
    expect(read.report).toEqual({
      layout: 'chexgpu',
      tensorCount: weights.size,
      head: true,
      prefix: '',
      dtypes: ['F32'],
      leftOver: [],
      activationBy: 'file',
      bnEpsilonBy: 'file',
      activationInFile: 'softmax',
      notes: [],
    });
  });

  it('says nothing where nothing is known', () => {
    const read = readTorchSafetensors(file, TINY);
    expect(read).toMatchObject({ config: TINY, labels: null, preprocessing: null, thresholds: null });
    expect(readSafetensors(file).metadata).toEqual({
      format: 'pt',
      written_by: 'chexgpu',
      network: 'tiny',
      bn_epsilon: '0.00001001',
      bn_momentum: '0.99',
      activation: 'sigmoid',
    });
  });

  it('holds kernels as [out, in, height, width], the classifier as [out, in], a counter per batch norm', () => {
    const kernel = floatsOf(stored.get('features.conv0.weight')!, 'kernel');
    const [o, i, y, x] = [5, 2, 3, 6];
    expect(stored.get('features.conv0.weight')!.shape).toEqual([8, 3, 7, 7]);
    expect(kernel[((o * 3 + i) * 7 + y) * 7 + x]).toBe(
      weights.get('conv1/conv/kernel')![((y * 7 + x) * 3 + i) * 8 + o],
    );
    const head = stored.get('classifier.weight')!;
    const [classes, features] = head.shape;
    expect(classes).toBe(3);
    expect(floatsOf(head, 'head')[2 * features + 4]).toBe(weights.get('dense_1/kernel')![4 * 3 + 2]);
    const counters = [...stored].filter(([key]) => key.endsWith('num_batches_tracked'));
    expect(counters.length).toBe([...weights.keys()].filter((key) => key.endsWith('gamma')).length);
    expect(counters.every(([, { dtype, shape }]) => dtype === 'I64' && shape.length === 0)).toBe(true);
  });

  it('is not made of weights that are not the network, nor of lists of another length', () => {
    const holed = new Map(weights).set(
      'bn/beta',
      weights.get('bn/beta')!.map(() => Number.NaN),
    );
    expect(() => writeTorchSafetensors(holed, TINY)).toThrow(/layer bn, beta holds NaN/);
    expect(() => writeTorchSafetensors(weights, TINY, { labels: ['Mass'] })).toThrow(/1 labels do not fit 3/);
    const thresholds = new Float32Array(4);
    expect(() => writeTorchSafetensors(weights, TINY, { thresholds })).toThrow(/4 thresholds do not fit 3/);
  });
});

describe('a state_dict of torchvision', () => {
  it('comes with PyTorch settings of batch norm and ImageNet pixels', () => {
    const read = readTorchSafetensors(asPyTorch(file), TINY);
    expect(differences(read.tensors, weights)).toEqual([]);
    expect(read.config).toEqual({ ...TINY, bnEpsilon: 1e-5, bnMomentum: 0.9 });
    expect(read).toMatchObject({ labels: null, preprocessing: IMAGENET_PREPROCESSING, thresholds: null });
    expect(read.report.layout).toBe('torchvision');
  });

  it('brings its own number of classes', () => {
    const wide = { ...TINY, classes: 1000 };
    const read = readTorchSafetensors(asPyTorch(writeTorchSafetensors(randomWeights(wide), wide)), TINY);
    expect(read.config).toMatchObject({ classes: 1000, activation: 'softmax' });
    expect(read.tensors.get('dense_1/bias')!.length).toBe(1000);
  });

  it.each([
    ['module.', (name: string) => `module.${name}`],
    ['model.', (name: string) => `model.${name}`],
    ['module.densenet121.', (name: string) => `module.densenet121.${name}`],
    ['', (name: string) => name.replace('classifier.', 'classifier.0.')],
    ['', (name: string) => name.replace('classifier.', 'classifier.1.0.')],
    ['', (name: string) => name.replace('classifier.', 'head.fc.')],
    ['', (name: string) => name.replace('classifier.', 'fc.')],
    ['model.', (name: string) => `model.${name.replace('classifier.', 'classifier.4.')}`],
    [
      'net.',
      (name: string) => (name.startsWith('classifier.') ? name.replace('classifier', 'out') : `net.${name}`),
    ],
    ['backbone.', (name: string) => (name.startsWith('classifier.') ? name : `backbone.${name}`)],
    ['encoder.', (name: string) => name.replace('features.', 'encoder.').replace('classifier.', 'linear.')],
    ['0.', (name: string) => name.replace('features.', '0.').replace('classifier.', '2.')],
    ['', (name: string) => name.replace('features.', '')],
    [`${'a'.repeat(40)}.`, (name: string) => `${'a'.repeat(40)}.${name}`],
    ['', (name: string) => name.replace(/(denselayer\d+\.(?:norm|conv))([12])/, '$1.$2')],
    ['', (name: string) => (name.endsWith('tracked') ? `${name}.num_batches_tracked` : name)],
  ])('is read with names that begin with "%s"', (prefix, name) => {
    const read = readTorchSafetensors(packSafetensors(renamed(stored, name)), TINY);
    expect(differences(read.tensors, weights)).toEqual([]);
    expect(read.report.prefix).toBe(prefix);
  });

  it('is read from F16, BF16 and F64', () => {
    const { shape } = stored.get('classifier.bias')!;
    const halves = Uint16Array.from([0x3c00, 0xc000, 0x3555]);
    const brains = Uint16Array.from([0x3f80, 0xc000, 0x3eab]);
    const doubles = Float64Array.from([1, -2, 1 / 3]);
    const cases: [string, ArrayBufferView, number][] = [
      ['F16', halves, 1365 / 4096],
      ['BF16', brains, 171 / 512],
      ['F64', doubles, Math.fround(1 / 3)],
    ];
    for (const [dtype, values, third] of cases) {
      const bytes = asPyTorch(file, (all) => all.set('classifier.bias', storedArray(dtype, shape, values)));
      const read = readTorchSafetensors(bytes, TINY);
      expect([...read.tensors.get('dense_1/bias')!], dtype).toEqual([1, -2, third]);
      expect(read.report.dtypes).toEqual([dtype, 'F32'].sort());
    }
  });

  it('may come without its classifier', () => {
    const bytes = asPyTorch(file, (all) => {
      all.delete('classifier.weight');
      all.delete('classifier.bias');
    });
    const { report, tensors, config } = readTorchSafetensors(bytes, TINY);
    expect(report).toMatchObject({ head: false, tensorCount: weights.size - 2 });
    expect(config.classes).toBe(3);
    expect([...tensors.keys()].some((key) => key.startsWith('dense_1'))).toBe(false);
  });
});

describe('a state_dict of torchxrayvision', () => {
  const xrvFile = (thresholds: Float32Array | null) =>
    asPyTorch(writeTorchSafetensors(randomWeights(XRV), XRV, { thresholds }));

  it('is told by its one input channel, and names its 18 outputs', () => {
    const read = readTorchSafetensors(xrvFile(null), TINY);
    expect(read.report.layout).toBe('torchxrayvision');
    expect(read.config).toMatchObject({ inputChannels: 1, classes: 18, bnEpsilon: 1e-5 });
    expect(read).toMatchObject({
      labels: [...XRV_LABELS],
      preprocessing: XRV_PREPROCESSING,
      thresholds: null,
    });
  });

  it('does not name outputs that it has no operating point for', () => {
    const thresholds = new Float32Array(18).fill(0.1);
    thresholds[2] = Number.NaN;
    const read = readTorchSafetensors(xrvFile(thresholds), TINY);
    expect(read.labels?.map((label) => label || '-').slice(0, 4)).toEqual([
      'Atelectasis',
      'Consolidation',
      '-',
      'Pneumothorax',
    ]);
    expect(read.thresholds).toEqual(thresholds);
  });

  it('has no names for another number of outputs', () => {
    const config = { ...XRV, classes: 14 };
    const read = readTorchSafetensors(asPyTorch(writeTorchSafetensors(randomWeights(config), config)), TINY);
    expect(read).toMatchObject({ labels: null, preprocessing: XRV_PREPROCESSING });
  });

  it.each([
    [new Float32Array(18), /op_threshs holds the number 0/],
    [new Float32Array(18).fill(1), /op_threshs holds the number 1/],
    [new Float32Array(3).fill(0.5), /op_threshs holds 3 numbers for 18 outputs/],
  ])('is refused with operating points that are none', (points, message) => {
    const bytes = asPyTorch(xrvFile(null), (all) =>
      all.set('op_threshs', storedArray('F32', [points.length], points)),
    );
    expect(() => readTorchSafetensors(bytes, TINY)).toThrow(message);
  });
});

describe('metadata of others', () => {
  it.each([
    ['labels', 'Normal vs. Pneumonia, see the paper'],
    ['labels', '["one"]'],
    ['labels', '{"0": "a"}'],
    ['preprocessing', 'resize to 224, normalise'],
    ['activation', 'none'],
    ['bn_epsilon', 'default'],
  ])('may hold any text in %s', (key, text) => {
    const bytes = packSafetensors(stored, { format: 'pt', [key]: text });
    const read = readTorchSafetensors(bytes, TINY, 'x');
    expect(read).toMatchObject({ labels: null, preprocessing: IMAGENET_PREPROCESSING });
    expect(differences(read.tensors, weights)).toEqual([]);
    expect(read.report.notes.join()).toMatch(new RegExp(`^not used: x: .*${key} in its metadata`));
    expect(read.report).toMatchObject({ activationBy: 'nobody', bnEpsilonBy: 'nobody' });
  });

  it('may say the activation and the epsilon as ours do', () => {
    const bytes = packSafetensors(stored, { activation: 'softmax', bn_epsilon: '0.001', bn_momentum: '0.1' });
    const { config, report } = readTorchSafetensors(bytes, TINY);
    expect(config).toMatchObject({ activation: 'softmax', bnEpsilon: 0.001, bnMomentum: 0.9 });
    expect(report).toMatchObject({ activationBy: 'file', bnEpsilonBy: 'file', activationInFile: 'softmax' });
  });

  it('may name the outputs as ours do', () => {
    const bytes = packSafetensors(stored, { labels: '["a","b","c"]' });
    expect(readTorchSafetensors(bytes, TINY)).toMatchObject({ labels: ['a', 'b', 'c'] });
  });

  it('and settings that are not in the file can be said', () => {
    const told = { activation: 'softmax', bnEpsilon: 0.001 } as const;
    const { config, report } = readTorchSafetensors(asPyTorch(file), TINY, 'x', told);
    expect(config).toMatchObject(told);
    expect(report).toMatchObject({ activationBy: 'caller', bnEpsilonBy: 'caller', activationInFile: null });
    const ours = readTorchSafetensors(file, TINY, 'x', told);
    expect(ours.config).toMatchObject(told);
    expect(ours.report.activationInFile).toBe('sigmoid');
  });

  it.each([
    ['labels', '["Mass"]', /the labels in its metadata are no list of 3 names/],
    ['labels', 'Mass', /the labels in its metadata is no JSON/],
    ['bn_epsilon', 'small', /bn_epsilon in its metadata is small/],
    ['activation', 'relu', /the activation in its metadata is relu/],
    ['bn_momentum', '', /bn_momentum in its metadata is/],
    ['preprocessing', '{"size":64}', /the preprocessing in its metadata is no preprocessing/],
    [
      'preprocessing',
      '{"size":64,"interpolation":"nearest","normalisation":{"kind":"featurewise","mean":[1],"std":[1],"epsilon":0}}',
      /no prep/,
    ],
  ])('with %s that cannot be are refused', (key, value, message) => {
    const { tensors, metadata } = readSafetensors(file);
    const bytes = packSafetensors(tensors, { ...metadata, [key]: value });
    expect(() => readTorchSafetensors(bytes, TINY)).toThrow(message);
  });
});
