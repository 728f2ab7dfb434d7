import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { BenchDocument } from '../../../bench/document/document.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();

beforeAll(ensureBuilt);
afterAll(scratch.remove);

describe('chexgpu bench', () => {
  it('alone shows what there is', async () => {
    const { code, stdout } = await chexgpu(['bench']);
    expect(code).toBe(0);
    for (const name of ['kernels', 'model', 'peers', 'peaks', 'start', 'show'])
      expect(stdout).toMatch(new RegExp(`^  ${name} `, 'm'));
  });

  it.each([
    [['bench', 'kernel'], /There is no bench "kernel"\. Choose kernels, model, peers, peaks, start, show\./],
    [['bench', 'kernels', '--op', 'nothing'], /There is no kernel "nothing"/],
    [['bench', 'kernels', '--size', '33'], /Give a multiple of 32, for example 32 or 64/],
    [['bench', 'model', '--budget', '0'], /Give a number of seconds, above 0/],
    [['bench', 'peers', '--engines', 'abacus'], /There is no "abacus"; choose from chexgpu, /],
    [['bench', 'show'], /There is nothing to show/],
    [['bench', 'show', 'a.json', '--attach', 'nothing'], /Give NAME=FILE/],
    [['profile', 'dream'], /Allowed choices are predict, train/],
  ])('refuses %j', async (args, message) => {
    const ended = await chexgpu(args);
    expect(ended.code).toBe(2);
    expect(lastLine(ended)).toMatch(message);
  });

  it('refuses an older result that is none before it wakes the GPU', async () => {
    const ended = await chexgpu(['bench', 'kernels', '--compare', 'package.json']);
    expect(ended.code).toBe(3);
    expect(ended.stdout).toBe('');
    expect(lastLine(ended)).toMatch(/package\.json is no result: no bench of chexgpu wrote it/);
  });

  it('measures what a user waits for, the first time and again', async () => {
    const ended = await chexgpu(['bench', 'start', '--size', '32', '--json']);
    expect(ended.code, ended.stderr).toBe(0);
    const { first, second, size } = JSON.parse(ended.stdout) as Record<string, number[]>;
    expect(size).toBe(32);
    expect([first.length, second.length]).toEqual([1, 1]);
    // Nothing is checked or unpacked again.
    expect(second[0]).toBeLessThan(first[0]);
    expect(second[0]).toBeGreaterThan(100);
  });

  it('measures, keeps, draws and compares', async () => {
    const first = scratch.path('first.json');
    const args = ['bench', 'kernels', '--op', 'dense', '--size', '32', '--batch', '1', '--repeats', '1'];
    const ended = await chexgpu([...args, '--out', first]);
    expect(ended.stderr + ended.stdout).not.toMatch(/FAILED/);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toMatch(/^Peaks measured here: /m);
    expect(ended.stdout).toMatch(/dense\.forward\.tiled \*/);
    const document = JSON.parse(readFileSync(first, 'utf8')) as BenchDocument;
    expect(document).toMatchObject({ format: 'chexgpu bench', version: 1 });
    expect(document.versions).toHaveProperty('webgpu');
    expect(document.cpus.count).toBeGreaterThan(0);
    expect(new Set(document.kernels!.rows.map(({ op }) => op))).toEqual(
      new Set(['dense.forward', 'dense.backwardData', 'dense.backwardWeights']),
    );

    // The same, ten times slower, and another program's words beside it.
    const slow = scratch.path('slow.json');
    const rows = document.kernels!.rows.map((row) => ({ ...row, ms: row.ms * 10 }));
    writeFileSync(slow, JSON.stringify({ ...document, kernels: { ...document.kernels, rows } }));
    writeFileSync(scratch.path('other.json'), '{"said":1}');
    const page = scratch.path('page.html');
    const show = ['bench', 'show', slow, '--compare', first, '--html', page, '--json'];
    const shown = await chexgpu([
      ...show,
      '--attach',
      `other=${scratch.path('other.json')}`,
      '--out',
      `${scratch.path('kept')}/`,
    ]);
    expect(shown.code).toBe(0);
    const printed = JSON.parse(shown.stdout);
    const worse = printed.comparison.rows.filter((row: { verdict: string }) => row.verdict === 'worse');
    expect(worse).toHaveLength(rows.length);
    expect(printed.others).toEqual({ other: { said: 1 } });
    expect(readFileSync(page, 'utf8')).toContain('<section id="comparison">');
    expect(shown.stderr).toMatch(/Wrote .*kept\/[\w-]+-\d{4}-\d{2}-\d{2}\.json/);
  });
});
