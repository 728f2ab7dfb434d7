import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess, projectRoot } from '../../../bench/peers/engineProcess.js';
import { BenchFiles } from '../../../bench/peers/peerFiles.js';
import type { RaceContext } from '../../../bench/peers/raceContext.js';
import type { JobKind } from '../../../bench/peers/racePeers.js';
import { runJob } from '../../../bench/peers/runJob.js';
import { SMALL } from './small.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chexgpu-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Engines that behave as their case wants; the referee is always right. */
const FAKE = `
  const engine = process.argv[2];
  const right = [0.25, 0.5, 0.75, 0.25, 0.5, 0.75];
  let runs = 0;
  const acts = {
    'onnxruntime-webgpu': {
      off: () => right.map((p) => p + 0.002),
      nan: () => right.map(() => NaN),
      crash: () => { console.error('the driver is broken'); process.exit(7); },
      hang: () => new Promise(() => {}),
      late: () => { if (runs > 2) throw new Error('lost the device\\nat once'); return right; },
    }[process.env.CASE],
  };
  process.on('message', async ({ id, op, job }) => {
    if (op === 'open') {
      if (engine === 'onnxruntime-cpu' && process.env.CASE === 'no referee') return process.send({ id, error: 'gone' });
      process.send({ id, result: { adapter: 'fake', versions: {}, drivers: [] } });
    } else {
      runs++;
      try {
        const values = await (acts[engine] ?? (() => right))();
        const ms = { chexgpu: 10, 'tfjs-webgpu': 40 }[engine] ?? 20;
        process.send({ id, result: { ms, values: Float32Array.from(values), adapter: 'fake', drivers: [] } });
      } catch (error) {
        process.send({ id, error: error.message });
      }
    }
  });
  process.on('disconnect', () => process.exit());
`;

describe('an engine', () => {
  const race = async (name: string, kind: JobKind = 'forward', options: Partial<RaceContext> = {}) => {
    const program = join(folder, 'fake.mjs');
    writeFileSync(program, FAKE);
    const files = new BenchFiles(folder, SMALL);
    const context: RaceContext = {
      files,
      engines: ['chexgpu', 'onnxruntime-webgpu', 'tfjs-webgpu'],
      rounds: 2,
      timeoutMs: 1500,
      budgetMs: 10_000,
      environment: () => ({ ...process.env, CASE: name }),
      onProgress: () => {},
      versions: {},
      program,
      ...options,
    };
    return runJob(context, { kind, batch: 2, size: 32 });
  };

  it.each([
    ['off', 'wrong', /differs from onnxruntime-cpu by 0\.002/],
    ['nan', 'wrong', /differs from onnxruntime-cpu by Infinity/],
    ['crash', 'failed', /ended with exit code 7: the driver is broken/],
    ['hang', 'failed', /no answer within 2 s/],
    ['late', 'failed', /^lost the device$/],
  ])('that is %s has a row that says so, and no time', async (name, status, note) => {
    const { rows, ratios } = await race(name);
    expect(rows.map((row) => row.status)).toEqual(['ok', status, 'ok']);
    expect(rows[1].note).toMatch(note);
    expect(rows[1].ms).toBeNull();
    expect(ratios).toEqual({ 'tfjs-webgpu': 4 });
  });

  it('that is wrong at a cold start has a row that says so', async () => {
    const { rows } = await race('off', 'coldStart');
    expect(rows.map(({ status, samples }) => [status, samples.length])).toEqual([
      ['ok', 2],
      ['wrong', 0],
      ['ok', 2],
    ]);
  });

  it('that ours is compared with stands in for a referee that fails', async () => {
    const { referee, rows } = await race('no referee');
    expect(referee).toMatch(/^none, as onnxruntime-cpu failed: gone/);
    expect(rows.map((row) => row.error)).toEqual([null, 0, 0]);
    expect(rows[0].note).toMatch(/not checked/);
  });

  it('whose package is not installed has failed', async () => {
    const bare = join(folder, 'bare');
    mkdirSync(bare);
    cpSync(join(projectRoot(), 'bench/peers'), bare, { recursive: true });
    const process = new EngineProcess('onnxruntime-webgpu', globalThis.process.env, {
      program: join(bare, 'child.mjs'),
    });
    const job = { kind: 'forward' as const, folder, batch: 1, size: 32 };
    await expect(process.ask('open', 20_000, job)).rejects.toThrow(/^Cannot find module 'onnxruntime-node'$/);
    await process.stop();
  });

  it('is killed when the race is aborted', async () => {
    const controller = new AbortController();
    const running = race('hang', 'forward', { timeoutMs: 60_000, signal: controller.signal });
    setTimeout(() => controller.abort(new Error('no more')), 700);
    await expect(running).rejects.toThrow('no more');
  });
});
