/** Documents of the bench: written, read, merged, compared, drawn. */
import { describe, expect, it } from 'vitest';
import { compareDocuments, compareFigures, type Figure } from '../../../bench/document/compare.js';
import {
  type BenchDocument,
  documentProblem,
  documentText,
  FORMAT,
  FORMAT_VERSION,
  mergeDocuments,
  resultName,
} from '../../../bench/document/document.js';
import { torchTable } from '../../../bench/document/tables.js';
import type { KernelRow } from '../../../bench/kernels/kernelRows.js';
import type { ModelRow } from '../../../bench/model/benchModel.js';
import { benchPage } from '../../../bench/page/page.js';
import type { PeerReport } from '../../../bench/peers/peerReport.js';

const ROW: KernelRow = {
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

const TIMING = { ms: 100, noise: 0.02, samples: [98, 100, 104] };
const MODEL: ModelRow = {
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

const PEERS: PeerReport = {
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

function document(changes: Partial<BenchDocument> = {}): BenchDocument {
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

const KERNELS: BenchDocument['kernels'] = {
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

describe('a document', () => {
  it('is text that reads back, with five digits and a row a line', () => {
    const text = documentText(document({ kernels: KERNELS }));
    const back = JSON.parse(text) as BenchDocument;
    expect(back.kernels!.rows[0]).toEqual(ROW);
    expect(documentProblem(back)).toBeNull();
    expect(
      text.split('\n').filter((line) => line.includes('"subgroup"') && line.includes('"shape"')),
    ).toHaveLength(1);
    expect(documentText({ a: 1 / 3, b: [1.23456789, { c: [] }], d: Number.NaN, e: 123456789 })).toBe(
      '{\n "a": 0.33333,\n "b": [\n  1.2346,\n  {\n   "c": []\n  }\n ],\n "d": null,\n "e": 123456789\n}\n',
    );
  });

  it('of another kind is refused with the reason', () => {
    expect(documentProblem({})).toMatch(/no bench/);
    expect(documentProblem(null)).toMatch(/no JSON object/);
    expect(documentProblem({ ...document(), version: 99 })).toMatch(/version 99/);
    expect(documentProblem({ format: FORMAT, version: FORMAT_VERSION })).toMatch(/no adapter/);
  });

  it('has a file name by adapter and day', () => {
    expect(resultName(document())).toBe('lavapipe-2026-01-02');
    const adapter = { name: 'NVIDIA Some GPU 9 (driver 1.2.3)', kind: 'hardware' };
    expect(resultName({ ...document(), adapter })).toBe('nvidia-some-gpu-9-2026-01-02');
  });

  it('takes the sections of others', () => {
    const merged = mergeDocuments([
      document({ kernels: KERNELS }),
      document({ peaks: null, peers: PEERS, others: { doctor: { ok: true } } }),
      document({ model: { rows: [MODEL], pipeline: [], scaling: null } }),
    ]);
    expect([merged.kernels, merged.peers, merged.model?.rows[0]]).toEqual([KERNELS, PEERS, MODEL]);
    expect(merged.others).toEqual({ doctor: { ok: true } });
    expect(() => mergeDocuments([])).toThrow();
  });
});

describe('a comparison', () => {
  const figure = (value: number, unit: Figure['unit'] = 'ms', noise: number | null = 0): Figure => ({
    section: 'kernels',
    name: 'it',
    value,
    unit,
    noise,
  });

  it('flags what differs beyond the noise, in the right direction', () => {
    const verdict = (a: Figure, b: Figure) => compareFigures(a, b, 0.1).verdict;
    expect(verdict(figure(100), figure(105))).toBe('same');
    expect(verdict(figure(100), figure(120))).toBe('worse');
    expect(verdict(figure(100), figure(80))).toBe('better');
    expect(verdict(figure(100, 'images/s'), figure(80, 'images/s'))).toBe('worse');
    expect(verdict(figure(100, 'GB/s'), figure(120, 'GB/s'))).toBe('better');
    // Noise of either side widens what counts as the same; so does not knowing it.
    expect(verdict(figure(100, 'ms', 0.1), figure(120, 'ms', 0.1))).toBe('same');
    expect(verdict(figure(100, 'ms', null), figure(120, 'ms', null))).toBe('same');
    // Bytes do not scatter.
    expect(verdict(figure(1000, 'bytes'), figure(1002, 'bytes'))).toBe('worse');
    expect(compareFigures(figure(100), figure(120), 0.1)).toMatchObject({ ratio: 1.2, noise: 0.1 });
  });

  it('pairs figures by name, and says what is missing or measured elsewhere', () => {
    const before = document({ kernels: KERNELS, model: { rows: [MODEL], pipeline: [], scaling: null } });
    const slower = {
      ...KERNELS,
      rows: [
        { ...ROW, ms: 3 },
        { ...ROW, variant: 'fresh' },
      ],
    };
    const after = document({ kernels: slower, driver: 'llvmpipe: Mesa 26' });
    const { rows, gone, added, warnings } = compareDocuments(before, after);
    expect(rows.filter(({ verdict }) => verdict !== 'same').map(({ name, ratio }) => [name, ratio])).toEqual([
      ['conv.forward.subgroup [4,8,8,64] 1x1 -> 128', 2],
    ]);
    expect(gone).toEqual(['kernels: conv.forward.naive [4,8,8,64] 1x1 -> 128']);
    expect(added).toEqual(['kernels: conv.forward.fresh [4,8,8,64] 1x1 -> 128']);
    expect(warnings).toEqual(['Another driver: llvmpipe: Mesa 25 before, llvmpipe: Mesa 26 now.']);
  });

  it('takes the peers and the growth too', () => {
    const point = { kind: 'train' as const, batch: 1, size: 64, timing: TIMING, planBytes: 1, skipped: null };
    const fit = { line: null, power: null };
    const series = (['batch', 'size'] as const).map((along) => ({
      kind: 'train' as const,
      along,
      points: [point],
      time: fit,
      memory: fit,
    }));
    const scaling = { network: 'densenet121', budgetMs: 1, maxBytes: 1, series };
    const one = document({ peers: PEERS, model: { rows: [], pipeline: [], scaling } });
    const names = compareDocuments(one, one).rows.map(({ section, name }) => `${section}: ${name}`);
    expect(names).toEqual([
      'peaks: multiply-adds',
      'peaks: copy',
      'scaling: train 1x64',
      'peers: forward 1x224, chexgpu',
      'peers: forward 1x224, onnxruntime-webgpu',
    ]);
  });
});

describe('a PyTorch baseline', () => {
  const torch = {
    available: true,
    torch: '2.9',
    device: 'a GPU',
    size: 224,
    batch: 1,
    rows: [
      { job: 'infer', precision: 'fp32', ms: 50, images_per_second: 20 },
      { job: 'train', precision: 'amp', error: 'out of memory' },
    ],
  };

  it('stands beside our plan of the same work', () => {
    const model = { rows: [MODEL], pipeline: [], scaling: null };
    expect(torchTable({ others: { torch }, model })!.rows).toEqual([
      ['predict 1x224', 'fp32', '50.0 ms', '20.0', '100 ms', '0.50', ''],
      ['train 1x224', 'amp', 'failed', '-', '-', '-', 'out of memory'],
    ]);
  });

  it('stands beside our f16 where it has half precision', () => {
    const rows = [{ job: 'infer', precision: 'amp', ms: 50, images_per_second: 20 }];
    const half: ModelRow = { ...MODEL, precision: 'f16', plan: { ...TIMING, ms: 25 } };
    const model = { rows: [MODEL, half], pipeline: [], scaling: null };
    const table = torchTable({ others: { torch: { ...torch, rows } }, model })!;
    expect(table.rows[0].slice(4, 6)).toEqual(['25.0 ms f16', '2.00']);
  });

  it('that is absent says why', () => {
    const absent = { available: false, why: 'PyTorch finds no GPU', size: 320, batch: 32, rows: [] };
    expect(torchTable({ others: { torch: absent } })!.title).toBe(
      'PyTorch was not measured: PyTorch finds no GPU',
    );
    expect(torchTable({})).toBeNull();
  });
});

describe('the page', () => {
  it('has every section, needs nothing from outside and escapes what it is given', async () => {
    const full = document({
      kernels: KERNELS,
      peers: PEERS,
      model: { rows: [MODEL], pipeline: [], scaling: null },
    });
    const page = await benchPage(full, compareDocuments(full, full));
    for (const id of ['peers', 'step', 'variants', 'roofline', 'model', 'comparison']) {
      expect(page).toContain(`<section id="${id}">`);
    }
    expect(page.match(/<svg /g)!.length).toBe(5);
    expect(page).not.toMatch(/<script|<link|<img|@import|url\((?!#)/);
    expect(page.match(/(?:src|href)="(?!#)[^"]*"/g)).toBeNull();
    expect(page).toContain('y[3] is 1 &amp; not &lt;2&gt;');
    expect(page).toContain("default-src 'none'");
    expect(page).toContain('FAILED');
  });
});
