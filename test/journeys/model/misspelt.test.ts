/** What a caller in JavaScript may get wrong without a compiler: no option is passed over, no error comes untyped. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DataError, UsageError, WeightsError } from '../../../src/core/errors.js';
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
const TABLE = { truth: [0, 1], predictions: [0, 1] };
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
    [
      'predict',
      async () => model.predict(await tinySource(1).getBatch(0), any({ onprogress: () => {} })),
      /have no 'onprogress'/,
    ],
    ['gradcam', () => model.gradcam(any({}), [0], any({ scor: 'logit' })), /have no 'scor'/],
    ['trainStep', () => model.trainStep(any({}), any({ endGroup: true })), /have no 'endGroup'/],
    ['exportWeights', () => model.exportWeights(any({ sgnal: 1 })), /have no 'sgnal'/],
    ['importWeights', () => model.importWeights(weights, any({ sgnal: 1 })), /have no 'sgnal'/],
    ['gradients', () => model.gradients(any({ sgnal: 1 })), /have no 'sgnal'/],
    ['exportOptimizer', () => model.exportOptimizer(any({ sgnal: 1 })), /have no 'sgnal'/],
    ['planOf', () => model.planOf('predict', 1, 32, any({ sgnal: 1 })), /have no 'sgnal'/],
    ['predictAll', () => chexgpu.predictAll(model, tinySource(1), any({ class: [0] })), /have no 'class'/],
    ['readWeights', () => chexgpu.readWeights(bytes, TINY, 'a', any({ recognize: true })), /no 'recognize'/],
    ['readKerasHdf5', () => chexgpu.readKerasHdf5(bytes, TINY, 'a', any({ optimiser: 1 })), /no 'optimiser'/],
    [
      'readTorchSafetensors',
      () => chexgpu.readTorchSafetensors(bytes, TINY, 'a', any({ haed: 'x' })),
      /no 'haed'/,
    ],
    ['readWeightFile', () => chexgpu.readWeightFile('a.h5', TINY, any({ foldr: 'x' })), /no 'foldr'.*folder/],
    ['writeWeights', () => chexgpu.writeWeights('npz', weights, TINY, any({ lables: [] })), /no 'lables'/],
    ['writeKerasHdf5', () => chexgpu.writeKerasHdf5(weights, TINY, any({ kind: 'keras3' })), /no 'kind'/],
    [
      'writeTorchSafetensors',
      () => chexgpu.writeTorchSafetensors(weights, TINY, {}, any({ fp16: true })),
      /no 'fp16'/,
    ],
    [
      'writeTorchSafetensors, of what they mean',
      () => chexgpu.writeTorchSafetensors(weights, TINY, any({ names: [] })),
      /no 'names'/,
    ],
    [
      'writeWeightFile',
      () => chexgpu.writeWeightFile('a.h5', weights, TINY, any({ fromat: 1 })),
      /no 'fromat'/,
    ],
    ['replaceHead', () => chexgpu.replaceHead({ config: TINY, weights }, any({ sed: 1 })), /have no 'sed'/],
    [
      'LearningRateSchedule',
      () => new chexgpu.LearningRateSchedule(() => 1, any({ pre: 'step' })),
      /no 'pre'/,
    ],
    ['bootstrapMeanAuc', () => chexgpu.bootstrapMeanAuc(TABLE, ['a'], any({ draws: 9 })), /no 'draws'/],
    ['rocCurve', () => chexgpu.rocCurve([0, 1], [0, 1], any({ drop: false })), /have no 'drop'/],
    ['rocAuc', () => chexgpu.rocAuc([0, 1], [0, 1], any({ weights: [1, 1] })), /have no 'weights'/],
    ['averagePrecision', () => chexgpu.averagePrecision([0, 1], [0, 1], any({ nam: 'a' })), /have no 'nam'/],
    ['rocAucScore', () => chexgpu.rocAucScore([0, 1], [0, 1], 1, any({ avarage: 'micro' })), /no 'avarage'/],
    [
      'averagePrecisionScore',
      () => chexgpu.averagePrecisionScore([0, 1], [0, 1], 1, any({ avg: 1 })),
      /have no 'avg'/,
    ],
    ['evaluate', () => chexgpu.evaluate([0, 1], [0, 1], ['a'], any({ unknown: true })), /have no 'unknown'/],
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
    ['Gpu.open', () => chexgpu.Gpu.open(any({})), /adapter is an Object, it must be a GPUAdapter/],
    ['Gpu.borrow', () => chexgpu.Gpu.borrow(any(undefined)), /device is undefined, it must be a GPUDevice/],
    ['saveCheckpoint', () => chexgpu.saveCheckpoint('a.ckpt', any({})), /checkpoint is undefined/],
    [
      'saveCheckpoint, of an optimizer without slots',
      () =>
        chexgpu.saveCheckpoint(
          'a.ckpt',
          any({ checkpoint: { training: {}, weights, optimizer: {} }, config: TINY, about: null }),
        ),
      /slots is undefined/,
    ],
    ['checkForLeakage', () => chexgpu.checkForLeakage(any({}), any({})), /patientIds is undefined/],
    ['checkForLeakage of none', () => chexgpu.checkForLeakage(any(null), any({})), /table is null/],
    [
      'patientLeakage',
      () => chexgpu.patientLeakage(any({ train: { patientIds: 1 } })),
      /train: patientIds is 1/,
    ],
    ['patientLeakage of none', () => chexgpu.patientLeakage(any(null)), /splits is null/],
    ['operatingPoints', () => chexgpu.operatingPoints(any({}), 'a'), /labels is undefined/],
    ['operatingPoints of none', () => chexgpu.operatingPoints(any(null), 'a'), /table is null/],
    [
      'operatingPoints of numbers that are none',
      () => chexgpu.operatingPoints(any({ ...TABLE, truth: 'no', labels: ['a'] }), 'a'),
      /labels is 'no'/,
    ],
    ['bootstrapMeanAuc', () => chexgpu.bootstrapMeanAuc(any(null), ['a']), /table is null/],
    ['bootstrapMeanAuc of classes', () => chexgpu.bootstrapMeanAuc(TABLE, any('a')), /names is 'a'/],
    [
      'bootstrapMeanAuc of groups',
      () => chexgpu.bootstrapMeanAuc(TABLE, ['a'], any({ groups: 1 })),
      /groups is 1/,
    ],
    [
      'bootstrapMeanAuc of two',
      () => chexgpu.bootstrapMeanAuc(TABLE, ['a'], any({ other: 1 })),
      /other is 1/,
    ],
    ['replaceHead', () => chexgpu.replaceHead(any(null)), /network is null/],
    [
      'replaceHead without',
      () => chexgpu.replaceHead(any({ config: TINY })),
      /weights are undefined/,
      WeightsError,
    ],
    ['outputsOf', () => chexgpu.outputsOf(any(null)), /weights is null/],
    ['outputsOf of half', () => chexgpu.outputsOf(any({ config: TINY })), /report is undefined/],
    ['chooseLabels', () => chexgpu.chooseLabels(['a'], any(null)), /outputs is null/],
    ['chooseLabels of half', () => chexgpu.chooseLabels(['a'], any({})), /labels is undefined/],
    ['trainedLabels', () => chexgpu.trainedLabels(any({})), /labels is undefined/],
    [
      'shownProbabilities',
      () => chexgpu.shownProbabilities(any(null), new Float32Array(1)),
      /outputs is null/,
    ],
    ['imagePreparation', () => chexgpu.imagePreparation(any(null), null), /weights is null/],
    ['selectLayers', () => chexgpu.selectLayers('freeze', any(null), 'conv1'), /network is null/],
    [
      'selectLayers of half',
      () => chexgpu.selectLayers('freeze', any({}), 'conv1'),
      /parameters is undefined/,
    ],
    ['selectLayers by what', () => chexgpu.selectLayers('freeze', model.network, any(1)), /freeze is 1/],
    ['pixelFindings', () => chexgpu.pixelFindings(any({})), /images is an Object, it must be a Map/],
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
