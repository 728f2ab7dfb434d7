/** The race of the real engines, ours and the peers, on a small network. */
import { describe, expect, it } from 'vitest';
import { racePeers } from '../../../bench/peers/racePeers.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { SMALL } from './small.js';

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
