import { describe, expect, it } from 'vitest';
import { Lab } from '../../src/lab/checkUserKernel.js';
import { geometriesOf } from '../../src/lab/geometry.js';
import { builtIn, labTemplate } from '../../src/lab/operations.js';
import { compareBest, type LabRaceRow, raceOn } from '../../src/lab/raceUserKernel.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { CONV, caseOf, runnerOf } from './labCases.js';

const gpu = await testGpu();
const lab = new Lab(gpu);

describe('a race', () => {
  it('has a row for everybody, and leaves out the time of who is wrong', async () => {
    const check = caseOf(CONV, '1x1 no prologue');
    const right = runnerOf(gpu, CONV, check, labTemplate(CONV, 'naive'));
    const wrong = runnerOf(
      gpu,
      CONV,
      check,
      labTemplate(CONV, 'naive').replace('] = sum;', '] = sum + 1.0;'),
    );
    const [geometry] = geometriesOf(gpu, check, { kernel: builtIn(CONV, 'tiled'), tile: {} });
    const tiled = { name: 'tiled', replaces: builtIn(CONV, 'tiled'), geometry };
    const rows = await raceOn(lab, check, [right, { ...wrong, name: 'bad' }, tiled], {
      peaks: { gflops: 1e9, gbs: 1e9 },
    });
    expect(rows.map(({ name, own }) => [name, own])).toEqual([
      ['mine.wgsl', true],
      ['bad', true],
      ['tiled', false],
    ]);
    expect(rows[1]).toMatchObject({ ms: 0, samples: [], wrong: { ok: false } });
    for (const row of [rows[0], rows[2]]) {
      expect(row.ms).toBeGreaterThan(0);
      expect(row.samples.length).toBeGreaterThan(1);
      // 2 FLOPs for each of [1,7,3] pixels, 20 channels in and 12 out.
      expect(row.gflops * row.ms * 1e6).toBeCloseTo(2 * 21 * 20 * 12, 3);
      expect(row.ofPeak).toBeCloseTo(Math.max(row.gflops, row.gbs) / 1e9, 12);
    }
  });

  it('ends when it is told to', async () => {
    const check = caseOf(CONV, '1x1 no prologue');
    const controller = new AbortController();
    const race = raceOn(lab, check, [runnerOf(gpu, CONV, check, labTemplate(CONV, 'naive'))], {
      signal: controller.signal,
      onStep: (what) => what.startsWith('round') && controller.abort(new Error('enough')),
    });
    await expect(race).rejects.toThrow('enough');
  });

  it('is decided round by round', () => {
    const row = (name: string, own: boolean, samples: number[]) =>
      ({
        name,
        own,
        samples,
        ms: [...samples].sort((a, b) => a - b)[samples.length >> 1],
      }) as unknown as LabRaceRow;
    // The machine slows down by ten half-way; the ratio stays.
    const mine = row('mine', true, [1, 1, 1, 10, 10, 10, 10]);
    const rows = [
      mine,
      row('tiled', false, [2, 2, 2, 20, 20, 20, 30]),
      row('naive', false, [9, 9, 9, 90, 90, 90, 90]),
    ];
    expect(compareBest(rows)).toEqual({ rival: 'tiled', speedup: 2, low: 2, high: 2 });
    expect(compareBest([mine])).toBeNull();
    expect(compareBest(rows.slice(1))).toBeNull();
  });
});
