/** What a caller in JavaScript may get wrong without a compiler: no option is passed over, no error comes untyped. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import * as chexgpu from '../../../src/node.js';
import { TINY, TINY_LOSS, tinySource } from '../../support/networks/tinyNet.js';
import { type ErrorKind, refused } from '../../support/refused.js';

let gpu: chexgpu.Gpu;
let model: chexgpu.DenseNet;
let weights: chexgpu.WeightMap;
let bytes: Uint8Array;
beforeAll(async () => {
  ({ gpu } = await chexgpu.openNodeGpu({ quiet: true }));
  model = await chexgpu.DenseNet.create(gpu, { config: TINY });
  await model.compile(TINY_LOSS);
  weights = await model.exportWeights();
  bytes = await chexgpu.writeWeights('safetensors', weights, TINY);
});
afterAll(async () => {
  await model.dispose();
  expect(gpu.allocatedBytes).toBe(0);
  gpu.dispose();
});

const image = { width: 16, height: 16, channels: 1 as const, data: new Uint8Array(256) };
const { SILENT: out } = chexgpu;
const any = (value: unknown) => value as never;
type Case = [what: string, call: () => unknown, message: RegExp, kind?: ErrorKind];

describe('an option that is misspelt is refused, with those that there are', () => {
  const arrays = { pixels: new Uint8Array(512), height: 16, width: 16 };
  it.each<Case>([
    [
      'DenseNet.create',
      () => chexgpu.DenseNet.create(gpu, any({ config: TINY, weight: weights })),
      /have no 'weight'/,
    ],
    ['Model.of', () => chexgpu.Model.of(gpu, model.network, any({ sed: 1 })), /have no 'sed'/],
    ['compile', () => model.compile(any({ ...TINY_LOSS, learningrate: 1 })), /have no 'learningrate'/],
    ['goOn', () => model.goOn(any({ ...TINY_LOSS, clip_norm: 1 })), /have no 'clip_norm'/],
    [
      'fit',
      () => chexgpu.fit(model, tinySource(1), any({ ...TINY_LOSS, epochs: 1, stepPerEpoch: 1 })),
      /have no 'stepPerEpoch'/,
    ],
    [
      'fit, of compile',
      () => chexgpu.fit(model, tinySource(1), any({ ...TINY_LOSS, epochs: 1, freez: [] })),
      /no 'freez'/,
    ],
    ['arraySource', () => chexgpu.arraySource(any({ ...arrays, batchsize: 1 })), /have no 'batchsize'/],
    [
      'flowFromDataframe',
      () => chexgpu.flowFromDataframe(any({ normalization: null })),
      /spelt normalisation/,
    ],
    [
      'xrayBatch',
      () => chexgpu.xrayBatch(image, 16, 'a', any({ interpolaton: 'x' })),
      /have no 'interpolaton'/,
    ],
    ['DecodePool', () => new chexgpu.DecodePool(any({ worker: 0 })), /spelt workers/],
    ['loadWeights', () => chexgpu.loadWeights(bytes, any({ sha: 'a' })), /have no 'sha'.*sha256/],
    ['openNodeGpu', () => chexgpu.openNodeGpu(any({ adapter: 'swiftshader' })), /have no 'adapter'.*force/],
    ['loadNetwork', () => chexgpu.loadNetwork(gpu, 'a.h5', any({ netwrk: TINY })), /spelt network/],
    [
      'startingNetwork',
      () => chexgpu.startingNetwork({ out }, any({ seed: 1, weight: 'a.h5' })),
      /spelt weights/,
    ],
    ['readDataset', () => chexgpu.readDataset({ out }, any({ dat: 'a' })), /spelt data/],
    ['checkFolder', () => chexgpu.checkFolder('a', any({ pol: 1 })), /spelt pool/],
    ['checkKernels', () => chexgpu.checkKernels(gpu, any({ wen: 'later' })), /have no 'wen'/],
    ['enableTuning', () => chexgpu.enableTuning(gpu, any({ stor: {} })), /have no 'stor'/],
    ['selfTest', () => chexgpu.selfTest(gpu, any({ op: ['blend'] })), /have no 'op'/],
  ])('%s', async (_, call, message, kind = UsageError) => {
    await refused(call, kind, message);
  });

  it('and what comes along with loaded weights is not', async () => {
    const loaded = await chexgpu.loadWeights(bytes);
    const again = await chexgpu.DenseNet.create(gpu, loaded);
    expect(await again.exportWeights()).toEqual(weights);
    await again.dispose();
    const read = await chexgpu.readWeights(bytes, TINY);
    // Without the word the weights would be drawn.
    await refused(
      () => chexgpu.DenseNet.create(gpu, any(read)),
      UsageError,
      /no 'tensors'\. There is weights/,
    );
  });
});

describe('what would be passed over is refused', () => {
  it.each<Case>([
    [
      'a label of two outputs',
      () => chexgpu.DenseNet.create(gpu, { config: TINY, labels: ['a', 'a'] }),
      /'a' twice/,
    ],
    ['an operation', () => chexgpu.selfTest(gpu, { ops: ['blnd'] }), /no operation 'blnd'/],
    ['a time to check', () => chexgpu.checkKernels(gpu, any({ when: 'latr' })), /when is 'latr'/],
    [
      'probabilities without an image',
      () =>
        chexgpu.probabilitiesToCsv({ labels: ['a'], images: ['x', 'y'], predictions: Float32Array.of(1) }),
      /1 predictions do not fit 2 images of 1 classes/,
      DataError,
    ],
  ])('%s', async (_, call, message, kind = UsageError) => {
    await refused(call, kind, message);
  });
});

describe('what is no such thing is named', () => {
  const transferred = (length: number) => {
    const array = new Uint8Array(length);
    structuredClone(array.buffer, { transfer: [array.buffer] });
    return array;
  };
  it.each<Case>([
    [
      'bytes that were transferred',
      () => chexgpu.readWeights(transferred(9), TINY),
      /bytes were transferred/,
    ],
    ['the same to be loaded', () => chexgpu.loadWeights(transferred(9)), /bytes were transferred/],
    ['a buffer that was', () => chexgpu.loadWeights(transferred(9).buffer), /bytes were transferred/],
    ['checkKernels', () => chexgpu.checkKernels(any(null)), /checkKernels is null, it must be a Gpu/],
    ['enableTuning', () => chexgpu.enableTuning(any(null)), /enableTuning is null/],
    ['selfTest', () => chexgpu.selfTest(any(null)), /selfTest is null/],
    ['profilePlan', () => chexgpu.profilePlan(gpu, any(null)), /The plan is null/],
    ['tuningFile', () => chexgpu.tuningFile(any(null)), /tuningFile is null/],
    ['parseFrame', () => chexgpu.parseFrame(any(null), 'a.csv'), /The table is null/],
    ['getTrainGenerator', () => chexgpu.getTrainGenerator(any({}), any(undefined)), /options .* undefined/],
    [
      'makeGenerators',
      () => chexgpu.makeGenerators({ out }, any({}), any(null), any(null)),
      /preparation is null/,
    ],
    ['readWeightFile', () => chexgpu.readWeightFile(any(1), TINY), /weight file is 1, it must be a path/],
    ['writeWeightFile', () => chexgpu.writeWeightFile(any(1), weights, TINY), /weight file is 1/],
    ['fetchWeights', () => chexgpu.fetchWeights({ out }, any(null)), /file to fetch is null/],
    ['drawPhantom', () => chexgpu.drawPhantom(any(null), 64), /phantom to draw is null/],
    ['readingsPage', () => chexgpu.readingsPage(any(null)), /readings is null/],
    ['writePredictionsCsv', () => chexgpu.writePredictionsCsv('a.csv', any(null)), /table is null/],
    ['EventFolder.open', () => chexgpu.EventFolder.open(any({})), /folder for TensorBoard is an Object/],
    ['writeOverlayPng', () => chexgpu.writeOverlayPng('a.png', any(image), any(null)), /map is null/],
  ])('%s', async (_, call, message, kind = UsageError) => {
    await refused(call, kind, message);
  });
});
