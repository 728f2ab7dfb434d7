/**
 * chexgpu in Node: Dawn, files, image decoding; and everything of 'chexgpu' and of its doors 'chexgpu/lab',
 * 'chexgpu/phantoms' and 'chexgpu/reading'.
 */

export { checkFolder } from './data/checks/checkFolder.node.js';
export { type FlowOptions, flowFromDataframe } from './data/generator/generator.node.js';
export { getTestAndValidGenerator, getTrainGenerator } from './data/generator/splitGenerators.node.js';
export { type DecodedImage, decodeFile } from './data/images/decode.node.js';
export { DecodePool } from './data/images/decodePool.node.js';
export { type ReadXrayOptions, readXray } from './data/images/readXray.node.js';
export { parseFrame } from './data/tables/csv.js';
export { readFrame, readNihTable } from './data/tables/csv.node.js';
export { loadCheckpoint, saveCheckpoint } from './densenet/checkpoint/checkpointFile.node.js';
export { readWeightFile, writeWeightFile } from './densenet/weights/weights.node.js';
export { type AdapterChoice, type AdapterKind, findAdapter } from './engine/device/adapter.node.js';
export { type NodeGpu, openNodeGpu } from './engine/device/gpu.node.js';
export { tuningFile, verdictFile } from './engine/tuning/adapterFiles.node.js';
export { encodePng, writeOverlayPng } from './eval/explain/overlay.node.js';
export { readPredictionsCsv, writePredictionsCsv } from './eval/scores/predictionsCsv.node.js';
export * from './index.js';
export * from './lab.js';
export * from './phantoms.js';
export * from './reading.js';
export { EventFolder, type EventFolderOptions } from './training/tensorboard/eventFolder.node.js';
export {
  type Dataset,
  type DatasetSource,
  type Generators,
  makeGenerators,
  type Preparation,
  readDataset,
} from './workflow/data/dataset.node.js';
export {
  type FilePredictions,
  LoadedNetwork,
  type LoadOptions,
  loadNetwork,
} from './workflow/prediction/loadNetwork.node.js';
export type { PredictionOptions } from './workflow/prediction/predictRows.node.js';
export type { RowsSource } from './workflow/prediction/rows.node.js';
export { type TrainingFacts, writeCheckpoint } from './workflow/weights/checkpoint.node.js';
export {
  type FetchableWeights,
  type FetchedWeights,
  type FetchOptions,
  fetchableWeights,
  fetchWeights,
} from './workflow/weights/fetchWeights.node.js';
export { type NetworkChoice, readNetworkFile } from './workflow/weights/networkFile.node.js';
export { type StartingNetwork, startingNetwork } from './workflow/weights/startingNetwork.node.js';
