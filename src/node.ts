/** chexgpu in Node: Dawn, files, image decoding; and everything of 'chexgpu'. */

export { checkFolder } from './data/check.node.js';
export { parseFrame } from './data/csv.js';
export { readFrame, readNihTable } from './data/csv.node.js';
export { type DecodedImage, decodeFile } from './data/decode.node.js';
export { DecodePool } from './data/decodePool.node.js';
export { type FlowOptions, flowFromDataframe } from './data/generator.node.js';
export { getTestAndValidGenerator, getTrainGenerator } from './data/notebook.node.js';
export { type ReadXrayOptions, readXray } from './data/xray.node.js';
export { readWeightFile, writeWeightFile } from './densenet/weights/weights.node.js';
export { type AdapterChoice, type AdapterKind, findAdapter } from './engine/adapter.node.js';
export { type NodeGpu, openNodeGpu } from './engine/gpu.node.js';
export { tuningFile, verdictFile } from './engine/tuner.node.js';
export { encodePng, writeOverlayPng } from './eval/overlay.node.js';
export { readPredictionsCsv, writePredictionsCsv } from './eval/predictionsCsv.node.js';
export { writeReport } from './eval/report.node.js';
export * from './index.js';
