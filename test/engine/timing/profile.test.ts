import { afterAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { type DispatchTime, timeDispatches } from '../../../src/engine/timing/dispatchTimes.js';
import { boundOf, idealNs, roof } from '../../../src/engine/timing/peaks.js';
import { assemble, profilePlan, timelineOf, timesEach } from '../../../src/engine/timing/profile.js';
import { byKernel, byLayer } from '../../../src/engine/timing/profileTables.js';
import { chromeTrace, devtoolsTracks } from '../../../src/engine/timing/profileTrace.js';
import { quantile, spreadOf } from '../../../src/engine/timing/statistics.js';
import { fakeProfile, fakeTable } from '../../bench/fakeProfile.js';

const PEAKS = { gflops: 100, gbs: 10 };

const PROFILE = fakeProfile([
  { label: 'a', op: 'conv.forward', variant: 'tiled', flops: 1000, bytes: 10, ns: [40, 20, 30] },
  { label: 'b', op: 'pool.forward', variant: 'naive', flops: 10, bytes: 200, ns: [100, 100, 100] },
  { label: 'a', op: 'conv.forward', variant: 'tiled', flops: 3000, bytes: 10, ns: [70, 70, 70] },
]);

describe('a profile', () => {
  it('holds the median of the runs, and how far they lie apart', () => {
    expect(PROFILE.dispatches.map(({ ns }) => ns)).toEqual([30, 100, 70]);
    expect(PROFILE.ns).toBe(200);
    expect(PROFILE.repeats).toBe(3);
    expect(PROFILE.dispatches[0].noise).toBeCloseTo(5 / 30, 12);
    expect(PROFILE.dispatches[1].noise).toBe(0);
  });

  it('says nothing of the noise of two runs', () => {
    expect(spreadOf([1, 2])).toBeNull();
    expect(quantile([4, 1, 3, 2], 0.5)).toBe(2.5);
    expect(quantile([], 0.5)).toBeNaN();
  });

  it('puts no dispatch before its submission, and the tightest one right at it', () => {
    const run = [
      { begin: 0, end: 2e6, encodeBegin: 50, encodeEnd: 51, times: 1 },
      { begin: 2e6, end: 3e6, encodeBegin: 51, encodeEnd: 55, times: 1 },
    ];
    const timeline = timelineOf(run);
    expect(timeline.map(({ begin }) => begin)).toEqual([53, 55]);
    expect(timeline.every(({ begin, encodeEnd }) => begin >= encodeEnd)).toBe(true);
  });
});

describe('a clock that a browser rounds', () => {
  const STEP = 65_536;
  const at = (begin: number, end: number, times = 1): DispatchTime => ({
    begin,
    end,
    encodeBegin: 0,
    encodeEnd: 0,
    times,
  });
  const table = fakeTable([
    { op: 'short', variant: 'naive', ns: 1 },
    { op: 'long', variant: 'naive', ns: 1 },
    { op: 'shortest', variant: 'naive', ns: 1 },
  ]);

  it('has short dispatches run often, and gives the time of one', () => {
    const first = [at(0, STEP), at(STEP, 50 * STEP), at(50 * STEP, 50 * STEP)];
    expect(timesEach(first, STEP)).toEqual([20, 1, 100]);
    expect(timesEach(first, 1)).toEqual([1, 1, 1]);
    const run = [at(0, 10 * STEP, 20), at(10 * STEP, 59 * STEP), at(59 * STEP, 61 * STEP, 100)];
    const { dispatches, resolutionNs, timeline } = assemble({ label: 'p', dispatches: table }, [run], 'gpu');
    expect(resolutionNs).toBe(STEP);
    expect(dispatches.map(({ ns }) => ns)).toEqual([STEP / 2, 49 * STEP, STEP / 50]);
    expect((timeline[0].end - timeline[0].begin) * 1e6).toBeCloseTo(STEP / 2, 3);
  });

  it('is told from one that is not by where dispatches begin', () => {
    const run = [at(0, 10), at(12, STEP), at(STEP, 2 * STEP)];
    expect(assemble({ label: 'p', dispatches: table }, [run], 'gpu').resolutionNs).toBe(1);
    expect(assemble({ label: 'p', dispatches: table.slice(0, 1) }, [[at(0, 10)]], 'gpu').resolutionNs).toBe(
      1,
    );
  });
});

describe('tables', () => {
  it('bound work by computing or by moving, whichever takes longer', () => {
    expect(idealNs({ flops: 1000, bytes: 10 }, PEAKS)).toBe(10);
    expect(idealNs({ flops: 10, bytes: 200 }, PEAKS)).toBe(20);
    expect(boundOf({ flops: 1000, bytes: 10 }, PEAKS)).toBe('compute');
    expect(boundOf({ flops: 10, bytes: 200 }, PEAKS)).toBe('memory');
    expect([roof(5, PEAKS), roof(10, PEAKS), roof(50, PEAKS)]).toEqual([50, 100, 100]);
  });

  it('sum by kernel, those with most time first, with shares of the time and of the peak', () => {
    const rows = byKernel(PROFILE, PEAKS);
    expect(rows.map(({ name }) => name)).toEqual(['conv.forward.tiled', 'pool.forward.naive']);
    expect(rows[0]).toMatchObject({
      count: 2,
      ns: 100,
      flops: 4000,
      bytes: 20,
      share: 0.5,
      gflops: 40,
      gbs: 0.2,
    });
    expect(rows[0].ofPeak).toBeCloseTo((10 + 30) / 100, 12);
    expect(rows[1].ofPeak).toBeCloseTo(20 / 100, 12);
  });

  it('sum by layer, and have no share of a peak that was not measured', () => {
    const rows = byLayer(PROFILE);
    expect(rows.map(({ name, count }) => [name, count])).toEqual([
      ['a', 2],
      ['b', 1],
    ]);
    expect(rows.every(({ ofPeak }) => ofPeak === null)).toBe(true);
    expect(rows.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });
});

describe('a trace', () => {
  it('has a track for the GPU and one for the encoding, in microseconds from zero', () => {
    const { traceEvents } = JSON.parse(JSON.stringify(chromeTrace(PROFILE))) as ReturnType<
      typeof chromeTrace
    >;
    const tracks = traceEvents.filter(({ name }) => name === 'thread_name');
    expect(tracks.map(({ tid, args }) => [tid, args.name])).toEqual([
      [1, 'GPU'],
      [2, 'CPU encode'],
    ]);
    const events = traceEvents.filter(({ ph }) => ph === 'X');
    expect(events).toHaveLength(6);
    const gpu = events.filter(({ tid }) => tid === 1);
    // The last run, on which the GPU took 30, 100 and 70 ns.
    expect(gpu.map(({ dur }) => dur)).toEqual([0.03, 0.1, 0.07]);
    expect(gpu[1].ts! - gpu[0].ts!).toBeCloseTo(0.03, 6);
    expect(gpu[0].args).toMatchObject({ kernel: 'conv.forward.tiled', shape: 'a shape', 'GFLOP/s': 33.33 });
    const encoded = events.filter(({ tid }) => tid === 2);
    expect(encoded[0].ts).toBe(0);
    expect(gpu.every((event, i) => event.ts! + 1e-6 >= encoded[i].ts! + encoded[i].dur!)).toBe(true);
  });

  it('becomes DevTools tracks by performance.measure', () => {
    performance.clearMeasures();
    expect(devtoolsTracks(PROFILE, { track: 'my GPU' })).toBe(3);
    const entries = performance.getEntriesByType('measure') as PerformanceMeasure[];
    performance.clearMeasures();
    expect(entries.map(({ name }) => name)).toEqual(['a conv.forward', 'b pool.forward', 'a conv.forward']);
    const { devtools } = entries[1].detail as { devtools: Record<string, unknown> };
    expect(devtools).toMatchObject({ dataType: 'track-entry', track: 'my GPU', trackGroup: 'chexgpu' });
    expect(devtools.properties).toContainEqual(['kernel', 'pool.forward.naive']);
    expect(entries[1].startTime).toBeCloseTo(PROFILE.timeline[1].begin, 9);
    expect(entries[1].duration).toBeCloseTo(100e-6, 9);
  });

  it('makes no tracks where the host has no performance.measure', () => {
    const { measure } = performance;
    try {
      Object.defineProperty(performance, 'measure', { value: undefined, configurable: true, writable: true });
      expect(devtoolsTracks(PROFILE)).toBe(0);
    } finally {
      Object.defineProperty(performance, 'measure', { value: measure, configurable: true, writable: true });
    }
  });
});

describe('profilePlan', () => {
  let gpu: Gpu | undefined;
  afterAll(() => gpu?.dispose());

  it('times every dispatch of a real plan, and leaves its results as they were', async () => {
    ({ gpu } = await openNodeGpu());
    const config = densenetConfig('densenet121', { blocks: [1, 1], classes: 2 });
    const model = await DenseNet.create(gpu, { config });
    const x = Float32Array.from({ length: 32 * 32 * 3 }, (_, i) => Math.sin(i));
    const batch = { count: 1, height: 32, width: 32, x, labels: new Float32Array(2), files: ['waves'] };
    const before = await model.predict(batch);
    const plan = await model.planOf('predict', 1, 32);
    const bytes = gpu.allocatedBytes;
    const runs: number[] = [];
    const profile = await profilePlan(gpu, plan, { repeats: 3, onProgress: ({ done }) => runs.push(done) });
    expect(gpu.allocatedBytes).toBe(bytes);
    expect(runs).toEqual([1, 2, 3]);
    expect(profile.clock).toBe(gpu.device.features.has('timestamp-query') ? 'gpu' : 'wall');
    // Node switches the rounding of timestamps off.
    expect(profile.resolutionNs).toBe(1);
    expect(profile.dispatches.map(({ label }) => label)).toEqual(plan.dispatches.map(({ label }) => label));
    expect(profile.dispatches.every(({ ns }) => ns >= 0)).toBe(true);
    expect(profile.ns).toBeGreaterThan(0);
    const { timeline } = profile;
    expect(timeline.every(({ begin, end, encodeEnd }) => begin >= encodeEnd - 1e-6 && end >= begin)).toBe(
      true,
    );
    expect(timeline.every(({ begin }, i) => i === 0 || begin >= timeline[i - 1].begin)).toBe(true);
    const some = await profilePlan(gpu, plan, { repeats: 1, chosen: [3, 1] });
    expect(some.dispatches.map(({ index, label }) => [index, label])).toEqual(
      [3, 1].map((index) => [index, plan.dispatches[index].label]),
    );
    const often = await timeDispatches(gpu, plan, { chosen: [2], times: [50] });
    expect(often.map(({ times, begin, end }) => [times, end >= begin])).toEqual([[50, true]]);
    expect(await model.predict(batch)).toEqual(before);
    model.dispose();
  });

  it('stops between runs when it is told to', async () => {
    const model = await DenseNet.create(gpu!, {
      config: densenetConfig('densenet121', { blocks: [1], classes: 2 }),
    });
    const plan = await model.planOf('predict', 1, 32);
    const abort = new AbortController();
    const profile = profilePlan(gpu!, plan, {
      repeats: 100,
      signal: abort.signal,
      onProgress: ({ done }) => done === 2 && abort.abort(new Error('enough')),
    });
    await expect(profile).rejects.toThrow('enough');
    model.dispose();
  });
});
