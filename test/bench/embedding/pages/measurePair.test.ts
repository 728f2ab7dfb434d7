import { expect, it } from 'vitest';
import { differs, lackOf } from '../../../../bench/embedding/pages/measurePair.js';
import type { Visit } from '../../../../bench/embedding/pages/runPage.js';
import type { TaskRow } from '../../../../bench/embedding/report.js';

const row = (more: Partial<TaskRow>): TaskRow => ({
  library: 'tfjs',
  task: 'findings',
  status: 'ok',
  note: '',
  lines: 1,
  programBytes: 1,
  dataBytes: 1,
  values: null,
  difference: null,
  cold: [],
  warm: [],
  ...more,
});

it('numbers are compared by their names, and must all be there', () => {
  const ours = row({ library: 'chexgpu', values: { Mass: 0.25, Edema: 0.75 } });
  const near = row({ values: { Edema: 0.75, Mass: 0.25 + 5e-4 } });
  expect(differs(near, ours)).toBeUndefined();
  expect(near.difference).toBeCloseTo(5e-4, 8);
  expect(differs(row({ values: { Edema: 0.25, Mass: 0.75 } }), ours)).toMatch(/by 0\.50; 0\.001 is allowed/);
  expect(differs(row({ values: [0.25, 0.75] }), ours)).toMatch(/Infinity/);
  expect(differs(row({ values: { Mass: 0.25 } }), ours)).toMatch(/Infinity/);
  expect(differs(row({ values: { Mass: 0.25, Edema: Number.NaN } }), ours)).toMatch(/Infinity/);
  expect(differs(row({ values: [] }), row({ library: 'chexgpu', values: [] }))).toMatch(/Infinity/);
  expect(differs(ours, ours)).toBeUndefined();
});

it('loading must tell its progress, and fetch once', () => {
  const visit = (progress: number[], files: string[]): Visit => ({
    ms: 1,
    values: [],
    progress,
    programBytes: 1,
    dataBytes: 1,
    files,
  });
  const load = row({ task: 'load', library: 'onnxruntime-web' });
  const cold = visit([0.2, 0.6, 1], ['/models/densenet121/onnx/model.onnx']);
  expect(lackOf(load, cold, visit([], ['/page.js']))).toBeUndefined();
  expect(lackOf(load, visit([0, 1], []), visit([], []))).toMatch(/no progress/);
  expect(lackOf(load, visit([0.1, 0.2, 0.3], []), visit([], []))).toMatch(/no progress/);
  expect(lackOf(load, cold, cold)).toMatch(/fetches model\.onnx again/);
});
