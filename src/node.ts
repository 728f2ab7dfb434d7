/** chexgpu in Node: Dawn, files, image decoding; and everything of 'chexgpu'. */

export { checkFolder } from './data/checks/checkFolder.node.js';
export { type FlowOptions, flowFromDataframe } from './data/generator/generator.node.js';
export { getTestAndValidGenerator, getTrainGenerator } from './data/generator/splitGenerators.node.js';
export { type DecodedImage, decodeFile } from './data/images/decode.node.js';
export { DecodePool } from './data/images/decodePool.node.js';
export { type ReadXrayOptions, readXray } from './data/images/readXray.node.js';
export { parseFrame } from './data/tables/csv.js';
export { readFrame, readNihTable } from './data/tables/csv.node.js';
export { readWeightFile, writeWeightFile } from './densenet/weights/weights.node.js';
export { type AdapterChoice, type AdapterKind, findAdapter } from './engine/device/adapter.node.js';
export { type NodeGpu, openNodeGpu } from './engine/device/gpu.node.js';
export { tuningFile, verdictFile } from './engine/tuning/adapterFiles.node.js';
export { encodePng, writeOverlayPng } from './eval/explain/overlay.node.js';
export { writeReport } from './eval/report/writeReport.node.js';
export { readPredictionsCsv, writePredictionsCsv } from './eval/scores/predictionsCsv.node.js';
export * from './index.js';
