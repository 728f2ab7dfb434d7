/** The race against the peers: the ONNX file, the engines on a small network, what becomes of those that fail. */
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { EngineProcess, peerEnvironment, projectRoot } from '../../../bench/peers/engineProcess.js';
import { encodeOnnx, toOihw } from '../../../bench/peers/onnx.js';
import { BenchFiles, benchBatch, benchWeights } from '../../../bench/peers/peerFiles.js';
import { emptyRow } from '../../../bench/peers/peerReport.js';
import type { RaceContext } from '../../../bench/peers/raceContext.js';
import {
  type JobKind,
  type PeerRow,
  peerTable,
  racePeers,
  ratiosOf,
} from '../../../bench/peers/racePeers.js';
import { largestDifference } from '../../../bench/peers/rightNumbers.js';
import { runJob } from '../../../bench/peers/runJob.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { referenceForward, toFloat64 } from '../../support/networks/referenceNet.js';

const SMALL = densenetConfig('densenet121', {
  name: 'small',
  blocks: [2, 1],
  growthRate: 8,
  bottleneck: 2,
  stemChannels: 8,
  classes: 3,
});

let folder: string;
beforeAll(() => {
  process.env.ORT_DISABLE_TELEMETRY = '1';
  folder = mkdtempSync(join(tmpdir(), 'chexgpu-test-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the ONNX file', () => {
  it('has kernels [out, in, height, width]', () => {
    // Value: 100 h + 10 in + out.
    const hwio = Float32Array.from({ length: 2 * 1 * 3 * 2 }, (_, i) => {
      const [h, rest] = [Math.floor(i / 6), i % 6];
      return 100 * h + 10 * Math.floor(rest / 2) + (rest % 2);
    });
    expect([...toOihw(hwio, [2, 1, 3, 2])]).toEqual([0, 100, 10, 110, 20, 120, 1, 101, 11, 111, 21, 121]);
  });

  const networks = [
    SMALL,
    densenetConfig('densenet40-12', { name: 'cifar', blocks: [2, 2], growthRate: 5, stemChannels: 6 }),
  ];
  const cases = networks.flatMap((config) => [
    { config, name: config.name, statistics: 'moving' as const },
    { config, name: config.name, statistics: 'batch' as const },
  ]);
  it.each(cases)(
    'of $name with $statistics statistics gives the right numbers',
    async ({ config, statistics }) => {
      const [batch, size] = [2, 16];
      const weights = benchWeights(config, 3);
      const { x } = benchBatch(config, batch, size, 3);
      const image = {
        shape: [batch, size, size, 3] as [number, number, number, number],
        data: Float64Array.from(x),
      };
      const { probabilities } = referenceForward(config, toFloat64(weights), image, statistics === 'batch');
      const session = await InferenceSession.create(encodeOnnx(config, weights, { batch, size, statistics }));
      const nchw = new Float32Array(x.length);
      for (let b = 0; b < batch; b++) {
        for (let p = 0; p < size * size; p++) {
          for (let c = 0; c < 3; c++) nchw[(b * 3 + c) * size * size + p] = x[(b * size * size + p) * 3 + c];
        }
      }
      const output = await session.run({ image: new Tensor('float32', nchw, [batch, 3, size, size]) });
      const got = output.probabilities.data as Float32Array;
      expect(largestDifference(got, probabilities)).toBeLessThan(1e-5);
      // Else a network that does not look at its images would pass.
      const images = [got.subarray(0, config.classes), got.subarray(config.classes)];
      expect(largestDifference(images[0], images[1])).toBeGreaterThan(1e-2);
    },
  );

  it('is not written without all weights', () => {
    const weights = benchWeights(SMALL, 3);
    weights.delete('conv1/bn/beta');
    expect(() => encodeOnnx(SMALL, weights, { batch: 1, size: 32 })).toThrow(/conv1\/bn\/beta/);
  });
});

describe('a race of the real engines on a small network', () => {
  const config = densenetConfig('densenet121', { ...SMALL, blocks: [1] });

  it('finds all right and times them', async () => {
    const report = await racePeers({
      config,
      jobs: [
        { kind: 'forward', batch: 2, size: 32 },
        { kind: 'trainStep', batch: 2, size: 32 },
        { kind: 'memory', batch: 2, size: 32 },
      ],
      rounds: 1,
      timeoutMs: 120_000,
    });
    const states = report.results.map(({ rows }) => rows.map(({ engine, status }) => `${engine} ${status}`));
    const notes = JSON.stringify(report.results.flatMap(({ rows }) => rows.map(({ note }) => note)));
    const all = ['chexgpu ok', 'onnxruntime-webgpu ok', 'tfjs-webgpu ok', 'onnxruntime-cpu ok'];
    const trained = [all[0], 'onnxruntime-webgpu unsupported', all[2], 'onnxruntime-cpu unsupported'];
    expect(states, notes).toEqual([all, trained, trained]);

    const [forward, training, memory] = report.results;
    for (const { referee } of report.results) expect(referee).toBe('onnxruntime-cpu');
    for (const row of forward.rows) expect(row.ms).toBeGreaterThan(0);
    expect(forward.ratios['tfjs-webgpu']).toBe(forward.rows[2].ms! / forward.rows[0].ms!);
    expect(training.rows[2].samples.length).toBeGreaterThan(0);
    // Room for two images of 32 px, and less than tfjs takes.
    expect(memory.rows[0].bytes).toBeGreaterThan(2 * 32 * 32 * 3 * 4);
    expect(memory.rows[2].bytes).toBeGreaterThan(memory.rows[0].bytes!);
    // All on one driver: the peers tell it by name or by the library they loaded.
    const [ours, ort, tfjs, cpu] = forward.rows.map((row) => row.adapter);
    expect(ours).toBe(report.adapter);
    expect(cpu).toBe('CPU');
    for (const name of [/swiftshader/i, /lvp|llvmpipe|lavapipe/i]) {
      expect([name.test(ort), name.test(tfjs)]).toEqual([name.test(ours), name.test(ours)]);
    }
    expect(Object.keys(report.versions)).toContain('onnxruntime-node');
  });

  it('starts ours without any cache', async () => {
    const jobs = [{ kind: 'coldStart' as const, batch: 1, size: 32 }];
    const { results } = await racePeers({
      config,
      jobs,
      engines: ['chexgpu'],
      rounds: 1,
      timeoutMs: 120_000,
    });
    const [row] = results[0].rows;
    expect(row.status, row.note).toBe('ok');
    expect(row.samples).toHaveLength(1);
  });
});

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

describe('the report', () => {
  const row = (change: Partial<PeerRow>): PeerRow => ({ ...emptyRow('chexgpu'), ...change });

  it('has ratios of those that are right', () => {
    const rows = [
      row({ ms: 20 }),
      row({ engine: 'tfjs-webgpu', ms: 50 }),
      row({ engine: 'onnxruntime-webgpu', status: 'wrong', ms: 5 }),
    ];
    expect(ratiosOf(rows)).toEqual({ 'tfjs-webgpu': 2.5 });
    expect(ratiosOf([row({ status: 'failed' }), rows[1]])).toEqual({});
    expect(ratiosOf([row({ bytes: 100 }), row({ engine: 'tfjs-webgpu', bytes: 300 })])).toEqual({
      'tfjs-webgpu': 3,
    });
  });

  it('becomes a table', () => {
    const rows = [
      row({ ms: 1234.5, firstMs: 20_000, perImage: 617.25, adapter: 'A' }),
      row({ engine: 'tfjs-webgpu', status: 'failed', note: 'ended' }),
    ];
    const result = { job: { kind: 'forward' as const, batch: 2, size: 64 }, referee: '', rows, ratios: {} };
    const report = { date: '', adapter: 'A', node: '', versions: {}, results: [result] };
    expect(peerTable(report)).toEqual([
      ['forward 2x64', 'chexgpu', '1.23 s', '617 ms', '20.0 s', '', 'A', ''],
      ['forward 2x64', 'tfjs-webgpu', 'failed', '', '', '', '', 'ended'],
    ]);
  });

  it('leads the peers to a software driver alone', () => {
    const drivers = ['/usr/lib/libvulkan_intel.so', '/opt/a/libvk_swiftshader.so'];
    const { environment, swiftshader } = peerEnvironment({ adapterKind: 'swiftshader', drivers }, folder);
    expect(swiftshader).toBe('/opt/a/libvk_swiftshader.so');
    expect(environment.VK_DRIVER_FILES).toBe(join(folder, 'driver_icd.json'));
    expect(environment.LD_LIBRARY_PATH?.split(':')[0]).toBe('/opt/a');
    expect(peerEnvironment({ adapterKind: 'hardware', drivers }, folder).environment).toBe(process.env);
  });
});
