/** Documents of the bench for its tests: a kernel, a model, a race against the peers. */
import { type BenchDocument, FORMAT, FORMAT_VERSION } from '../../../bench/document/document.js';
import type { KernelRow } from '../../../bench/kernels/kernelRows.js';
import type { ModelRow } from '../../../bench/model/benchModel.js';
import type { PeerReport } from '../../../bench/peers/peerReport.js';

export const ROW: KernelRow = {
  op: 'conv.forward',
  variant: 'subgroup',
  tile: '',
  shape: '[4,8,8,64] 1x1 -> 128',
  count: 2,
  ms: 1.5,
  noise: 0.01,
  flops: 1e7,
  bytes: 1e5,
  gflops: 6.6667,
  gbs: 0.066667,
  ofPeak: 0.26667,
  bound: 'compute',
  chosen: true,
  fastest: true,
};

export const TIMING = { ms: 100, noise: 0.02, samples: [98, 100, 104] };
export const MODEL: ModelRow = {
  kind: 'predict',
  batch: 1,
  size: 224,
  network: 'densenet121',
  ...TIMING,
  imagesPerSecond: 10,
  plan: TIMING,
  firstMs: 300,
  compileMs: 150,
  tuneMs: 0,
  pipelines: 9,
  dispatches: 127,
  planBytes: 7e6,
  planBytesAnImage: 7e6,
  allBytes: 6e7,
  flops: 5e9,
  gflops: 50,
  ofPeak: 0.5,
};

export const PEERS: PeerReport = {
  date: '2026-01-02T03:04:05.678Z',
  adapter: 'lavapipe',
  node: 'v20',
  versions: { 'onnxruntime-node': '1.30.0' },
  results: [
    {
      job: { kind: 'forward', batch: 1, size: 224 },
      referee: 'onnxruntime-cpu',
      rows: (['chexgpu', 'onnxruntime-webgpu', 'tfjs-webgpu'] as const).map((engine, i) => ({
        engine,
        status: i < 2 ? 'ok' : 'failed',
        ms: i < 2 ? 400 * (1 + 3 * i) : null,
        samples: i < 2 ? [400 * (1 + 3 * i)] : [],
        firstMs: null,
        perImage: null,
        bytes: null,
        error: 1e-6,
        note: i < 2 ? '' : 'its process ended',
        adapter: 'lavapipe',
      })),
      ratios: { 'onnxruntime-webgpu': 4 },
    },
  ],
};

export function document(changes: Partial<BenchDocument> = {}): BenchDocument {
  return {
    format: FORMAT,
    version: FORMAT_VERSION,
    date: '2026-01-02T03:04:05.678Z',
    commit: 'abc+',
    adapter: { name: 'lavapipe, Mesa 25', kind: 'lavapipe' },
    driver: 'llvmpipe: Mesa 25',
    versions: { chexgpu: '0.1.0', node: '20', webgpu: '0.6.2' },
    system: 'Linux',
    cpus: { count: 2, model: 'a processor' },
    commandLine: 'chexgpu bench kernels',
    peaks: { gflops: 25, gbs: 5, cacheGbs: 3, fma: [], copy: [] },
    ...changes,
  };
}

export const KERNELS: NonNullable<BenchDocument['kernels']> = {
  kind: 'train',
  batch: 4,
  size: 64,
  network: 'densenet121',
  clock: 'gpu',
  resolutionNs: 1,
  repeats: 5,
  stepMs: 3,
  dispatches: 2,
  checks: 10,
  failed: [{ op: 'conv.forward', variant: 'tiled', why: 'y[3] is 1 & not <2>' }],
  rows: [ROW, { ...ROW, variant: 'naive', ms: 3, chosen: false, fastest: false }],
  totals: [
    {
      op: 'conv.forward',
      variant: 'subgroup',
      shapes: 1,
      count: 2,
      ms: 3,
      gflops: 6,
      gbs: 1,
      ofPeak: 0.27,
      chosen: 1,
      fastest: 1,
    },
  ],
  step: [
    {
      name: 'conv.forward.subgroup',
      count: 2,
      flops: 2e7,
      bytes: 2e5,
      ns: 3e6,
      share: 1,
      gflops: 6.7,
      gbs: 0.07,
      ofPeak: 0.27,
    },
  ],
  convolutions: [],
  timeline: [
    { label: 'conv1', kernel: 'conv.forward.subgroup', begin: 0, end: 1.5 },
    { label: 'conv2', kernel: 'conv.forward.subgroup', begin: 1.6, end: 3.1 },
  ],
};
