/**
 * Every function and method that the package exports and that returns a promise takes a signal and an onProgress, or
 * says below why not. The compiler keeps both lists whole: a new one belongs into one of them.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import type { WorkOptions } from '../../../src/core/work.js';
import * as chexgpu from '../../../src/node.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';
import { scratchFolder } from '../../support/programs/cli.js';
import { refused } from '../../support/refused.js';

type Exports = typeof chexgpu;
type IsAsync<F> = F extends (...given: never[]) => infer R
  ? R extends Promise<unknown>
    ? true
    : false
  : false;

/** Never, unless it is an object of options with a place for both. */
type WorkOf<P> = P extends object
  ? string extends keyof P
    ? never
    : 'signal' | 'onProgress' extends keyof P
      ? P
      : never
  : never;
type TakesWork<F> = F extends (...given: infer P) => unknown
  ? [WorkOf<Required<P>[number]>] extends [never]
    ? false
    : true
  : false;

type Members<C, Prefix extends string> = {
  [K in keyof C & string as IsAsync<C[K]> extends true ? `${Prefix}.${K}` : never]: C[K];
};
type Class = { prototype: unknown };
type All<U> = (U extends unknown ? (u: U) => void : never) extends (all: infer A) => void ? A : never;
type Methods = All<
  {
    [K in keyof Exports & string]: Exports[K] extends Class
      ? Members<Exports[K]['prototype'], K> & Members<Omit<Exports[K], 'prototype'>, `static ${K}`>
      : never;
  }[keyof Exports & string]
>;
/** By their name, or that of their class and theirs. */
type Asynchronous = {
  [K in keyof Exports as IsAsync<Exports[K]> extends true ? K : never]: Exports[K];
} & Methods;
type Name = keyof Asynchronous;

/** A DenseNet has all that a Model has. */
type With = Exclude<
  { [K in Name]: TakesWork<Asynchronous[K]> extends true ? K : never }[Name],
  `Model.${string}`
>;
type Without = { [K in Name]: TakesWork<Asynchronous[K]> extends true ? never : K }[Name];

const IMAGE = 'one image, which nothing interrupts';
const TABLE = 'one table, read or written whole';
const FILE = 'one small file';
const SUBMIT = 'one submit, or what the caller has under way';
const HOOK = 'called by fit, which has both';
const BATCH = 'one batch, which fit and predictAll give up for their signal';
const DRIVER = "the host's own start of a driver, which nothing interrupts";
const END = 'an end is not given up';

const WITHOUT: Record<Without, string> = {
  decodeBlob: IMAGE,
  decodeFile: IMAGE,
  encodePng: IMAGE,
  readXray: IMAGE,
  toPixels: IMAGE,
  writeOverlayPng: IMAGE,
  'DecodePool.inspect': IMAGE,
  'DecodePool.load': IMAGE,
  readFrame: TABLE,
  readNihTable: TABLE,
  readPredictionsCsv: TABLE,
  writePredictionsCsv: TABLE,
  clearWeightsCache: FILE,
  readNetworkFile: FILE,
  'EventFolder.flush': FILE,
  'EventFolder.write': FILE,
  'static EventFolder.open': FILE,
  'DenseNet.waitFor': SUBMIT,
  'Gpu.beginCompiling': SUBMIT,
  'Gpu.compile': SUBMIT,
  'Gpu.guarded': SUBMIT,
  'Gpu.idle': SUBMIT,
  'Gpu.read': SUBMIT,
  'Gpu.until': SUBMIT,
  'Gpu.wait': SUBMIT,
  'Model.waitFor': SUBMIT,
  'CSVLogger.onEpoch': HOOK,
  'EarlyStopping.onEpoch': HOOK,
  'EarlyStopping.onTrainEnd': HOOK,
  'ModelCheckpoint.onEpoch': HOOK,
  'ModelCheckpoint.onStep': HOOK,
  'TensorBoard.end': HOOK,
  'TensorBoard.onEpoch': HOOK,
  'TensorBoard.onTrainBegin': HOOK,
  'TensorBoard.onTrainEnd': HOOK,
  'ImageGenerator.getBatch': BATCH,
  'ImageGenerator.getItem': BATCH,
  'ImageGenerator.getPixels': BATCH,
  'ImageGenerator.next': BATCH,
  'ImageGenerator.nextPixels': BATCH,
  findAdapter: DRIVER,
  openGpu: DRIVER,
  openNodeGpu: DRIVER,
  'static Gpu.open': DRIVER,
  'DecodePool.close': END,
  'DenseNet.dispose': END,
  'EventFolder.close': END,
  'LoadedNetwork.close': END,
  'Model.dispose': END,
};

const scratch = scratchFolder();
const { SILENT: out } = chexgpu;
const frame: chexgpu.Frame = {
  file: 'train.csv',
  images: ['a.png'],
  patientIds: ['1'],
  classes: ['one', 'two'],
  labels: Uint8Array.of(0, 1),
  lines: [2],
};
const two = tinyBatch(6, 2);
const bytes = new Uint8Array(99);
let gpu: chexgpu.Gpu;
let model: chexgpu.DenseNet;
let network: chexgpu.LoadedNetwork;
let weights: chexgpu.WeightMap;
let plan: Awaited<ReturnType<chexgpu.DenseNet['planOf']>>;
let pool: chexgpu.DecodePool;

beforeAll(async () => {
  ({ gpu } = await chexgpu.openNodeGpu({ quiet: true }));
  model = await chexgpu.DenseNet.create(gpu, { config: TINY });
  await model.compile(TINY_LOSS);
  await model.trainStep(two);
  weights = await model.exportWeights();
  plan = await model.planOf('predict', 1, 16);
  pool = new chexgpu.DecodePool({ workers: 0 });
  const file = scratch.path('tiny.h5');
  await chexgpu.writeWeightFile(file, weights, TINY, { labels: ['one', 'two'] });
  network = await chexgpu.loadNetwork(gpu, file, {
    network: TINY,
    size: 16,
    workers: 0,
    labels: ['one', 'two'],
  });
});
afterAll(async () => {
  await Promise.all([network.close(), model.dispose(), pool.close()]);
  gpu.dispose();
  scratch.remove();
});

/** How each is called; what is given beside the work need not be there: nobody is to look for it. */
const CALLS: Record<With, (work: WorkOptions) => Promise<unknown>> = {
  'DenseNet.compile': (work) => model.compile({ ...TINY_LOSS, ...work }),
  'DenseNet.exportOptimizer': (work) => model.exportOptimizer(work),
  'DenseNet.exportWeights': (work) => model.exportWeights(work),
  'DenseNet.goOn': (work) => model.goOn({ ...TINY_LOSS, ...work }),
  'DenseNet.gradcam': (work) => model.gradcam(tinyBatch(1, 1), [0], work),
  'DenseNet.gradients': (work) => model.gradients(work),
  'DenseNet.importWeights': (work) => model.importWeights(weights, work),
  'DenseNet.inspect': (work) => model.inspect(two, () => {}, work),
  'DenseNet.planOf': (work) => model.planOf('predict', 1, 16, work),
  'DenseNet.predict': (work) => model.predict(two, work),
  'DenseNet.trainStep': (work) => model.trainStep(two, work),
  debugPlan: (work) => chexgpu.debugPlan(model, two, work),
  gradientCheck: (work) => chexgpu.gradientCheck(model, two, 'bn/gamma', 0, work),
  ownKernel: (work) => chexgpu.ownKernel(gpu, 'loss.sum.naive', '', work),
  'LoadedNetwork.explainFiles': (work) => network.explainFiles(['a.png'], work),
  'LoadedNetwork.predictCsv': (work) => network.predictCsv({ csv: 'a.csv' }, work),
  'LoadedNetwork.predictFiles': (work) => network.predictFiles(['a.png'], work),
  'LoadedNetwork.prepareFiles': (work) => network.prepareFiles(['a.png'], work),
  'static DenseNet.create': (work) => chexgpu.DenseNet.create(gpu, { config: TINY, ...work }),
  'static DenseNet.of': (work) => chexgpu.DenseNet.of(gpu, model.network, work),
  'static Model.of': (work) => chexgpu.Model.of(gpu, model.network, work),
  checkFolder: (work) => chexgpu.checkFolder('a', { pool, ...work }),
  enableTuning: (work) => chexgpu.enableTuning(gpu, work),
  fetchWeights: (work) =>
    chexgpu.fetchWeights({ out, ...work }, chexgpu.fetchableWeights('imagenet-densenet121')),
  fit: (work) => chexgpu.fit(model, tinySource(1), { ...TINY_LOSS, epochs: 1, ...work }),
  flowFromDataframe: (work) =>
    chexgpu.flowFromDataframe({ frame, directory: 'a', pool, batchSize: 1, ...work }),
  getTestAndValidGenerator: (work) =>
    chexgpu.getTestAndValidGenerator(
      { train: frame, valid: frame, test: frame },
      { directory: 'a', pool, ...work },
    ),
  getTrainGenerator: (work) => chexgpu.getTrainGenerator(frame, { directory: 'a', pool, ...work }),
  loadCheckpoint: (work) => chexgpu.loadCheckpoint('a', work),
  loadNetwork: (work) => chexgpu.loadNetwork(gpu, 'a', work),
  loadWeights: (work) => chexgpu.loadWeights(bytes, work),
  makeGenerators: (work) => chexgpu.makeGenerators({ out, ...work }, pool, DATASET, PREPARATION),
  predictAll: (work) => chexgpu.predictAll(model, tinySource(), work),
  profilePlan: (work) => chexgpu.profilePlan(gpu, plan, work),
  readCheckpointBytes: (work) => chexgpu.readCheckpointBytes(bytes, 'a', work),
  readDataset: (work) => chexgpu.readDataset({ out, ...work }, { data: 'a' }),
  readKerasHdf5: (work) => chexgpu.readKerasHdf5(bytes, TINY, 'a', work),
  readTorchSafetensors: (work) => chexgpu.readTorchSafetensors(bytes, TINY, 'a', work),
  readWeightFile: (work) => chexgpu.readWeightFile('a', TINY, work),
  readWeights: (work) => chexgpu.readWeights(bytes, TINY, 'a', work),
  saveCheckpoint: (work) => chexgpu.saveCheckpoint(scratch.path('c'), STORED, {}, work),
  selfTest: (work) => chexgpu.selfTest(gpu, { ops: ['blend'], ...work }),
  startingNetwork: (work) => chexgpu.startingNetwork({ out, ...work }, { network: TINY, seed: 1 }),
  writeCheckpoint: (work) => chexgpu.writeCheckpoint(scratch.path('d'), FACTS, [], work),
  writeCheckpointBytes: (work) => chexgpu.writeCheckpointBytes(STORED, {}, work),
  writeKerasHdf5: (work) => chexgpu.writeKerasHdf5(weights, TINY, work),
  writeTorchSafetensors: (work) => chexgpu.writeTorchSafetensors(weights, TINY, {}, work),
  writeWeightFile: (work) => chexgpu.writeWeightFile(scratch.path('e.h5'), weights, TINY, work),
  writeWeights: (work) => chexgpu.writeWeights('npz', weights, TINY, work),
};
// Never looked into.
const DATASET = { images: 'a', train: frame, valid: frame, test: frame } as unknown as chexgpu.Dataset;
const PREPARATION = { size: 16, batchSize: 1, seed: 1 } as chexgpu.Preparation;
const STORED = {} as chexgpu.StoredCheckpoint;
const FACTS = {} as chexgpu.TrainingFacts;

describe.each(Object.entries(CALLS))('%s', (_, call) => {
  it('ends for a signal that is aborted before, and refuses what is none', async () => {
    const mine = new Error('mine');
    await expect(call({ signal: AbortSignal.abort(mine) })).rejects.toBe(mine);
    await refused(
      () => call({ signal: 'soon' as never }),
      UsageError,
      /signal is 'soon', it must be an AbortSignal/,
    );
    await refused(() => call({ onProgress: 1 as never }), UsageError, /onProgress/);
  });
});

it('what has neither says why', () => {
  expect(Object.values(WITHOUT).every((why) => why.length > 0)).toBe(true);
});
