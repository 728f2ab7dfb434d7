import { expect, it } from 'vitest';
import type { Library, Task } from '../../../bench/embedding/libraries.js';
import { type EmbeddingReport, reportTables, type TaskRow } from '../../../bench/embedding/report.js';

const row = (library: Library, task: Task, more: Partial<TaskRow> = {}): TaskRow => ({
  library,
  task,
  status: 'ok',
  note: '',
  lines: 7,
  programBytes: 63_400,
  dataBytes: 28e6,
  values: [0.5],
  difference: 2.4e-7,
  cold: [4000, 1000, 2000],
  warm: [1510],
  ...more,
});

it('the tables hold medians of what is right, and say what is not', () => {
  const report: EmbeddingReport = {
    date: '2026-11-28T00:00:00.000Z',
    adapter: 'none',
    browser: 'none',
    machine: 'none',
    load: [0, 0],
    side: 64,
    count: 2,
    installs: [{ library: 'tfjs', what: 'tfjs 4', packages: 9, bytes: 31_500_000 }],
    rows: [
      row('chexgpu', 'findings'),
      row('tfjs', 'findings', { status: 'wrong', note: 'differs by 1' }),
      row('onnxruntime-web', 'fineTune', { status: 'cannot', note: 'no training', cold: [], warm: [] }),
      row('transformers.js', 'findings'),
    ],
  };
  const tables = reportTables(report).split('\n\n');
  const lineOf = (title: string, start: string) =>
    tables[tables.indexOf(`**${title}**`) + 1].split('\n').find((line) => line.startsWith(`| ${start}`));
  expect(lineOf('Lines of the program', '1.')).toMatch(/\| 7 \| wrong \| {2}\| 7 \|$/);
  expect(lineOf('Lines of the program', '5.')).toMatch(/\| cannot \| {2}\|$/);
  const time = 'From the start of the navigation to the result: first visit, second visit';
  expect(lineOf(time, '1.')).toMatch(/\| 2\.0 s, 1\.5 s \| wrong \|/);
  expect(lineOf("Largest distance from chexgpu's numbers", '1.')).toMatch(/\| - \| wrong \| {2}\| 2e-7 \|$/);
  expect(lineOf('Install', 'on the disk')).toBe('| on the disk |  | 31.5 MB |  |  |');
  expect(tables.at(-1)).toMatch(/tfjs.*wrong: differs by 1\n.*onnxruntime-web.*cannot: no training$/);
});
