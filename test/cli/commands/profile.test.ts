import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();

beforeAll(ensureBuilt);
afterAll(scratch.remove);

describe('chexgpu profile', () => {
  it('says where the time goes, and writes a trace', async () => {
    const trace = scratch.path('trace.json');
    const args = [
      'profile',
      'predict',
      '--size',
      '32',
      '--batch',
      '1',
      '--repeats',
      '1',
      '--no-peaks',
      '--trace',
      trace,
    ];
    const ended = await chexgpu([...args, '--json']);
    expect(ended.code).toBe(0);
    const { kernels, layers, profile } = JSON.parse(ended.stdout);
    const share = (rows: { share: number }[]) => rows.reduce((sum, row) => sum + row.share, 0);
    expect(share(kernels)).toBeCloseTo(1, 6);
    expect(share(layers)).toBeCloseTo(1, 6);
    expect(layers.map((row: { name: string }) => row.name)).toContain('conv2_block1_1_conv');
    const { traceEvents } = JSON.parse(readFileSync(trace, 'utf8'));
    const events = traceEvents.filter((event: { ph: string }) => event.ph === 'X');
    expect(events).toHaveLength(2 * profile.dispatches.length);
    expect(ended.stderr).toMatch(/^By kernel:$/m);
  });
});
