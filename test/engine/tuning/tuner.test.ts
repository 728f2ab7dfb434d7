import { beforeEach, describe, expect, it } from 'vitest';
import { findAdapter } from '../../../src/engine/device/adapter.node.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { type Choice, choiceName } from '../../../src/engine/plan/choice.js';
import { Kernel } from '../../../src/engine/plan/kernel.js';
import { fixedTensor, PlanBuilder, type ShapeClass } from '../../../src/engine/plan/plan.js';
import { planHelpers, recordPlan } from '../../../src/engine/plan/recordPlan.js';
import { fastest } from '../../../src/engine/tuning/measureChoices.js';
import { startTuning, type TunerSettings, type TuningStore, tune } from '../../../src/engine/tuning/tuner.js';
import { type TuningDocument, TuningTable, tuningDocument } from '../../../src/engine/tuning/tuningTable.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import {
  ALMOST,
  CHOICES,
  classesOf,
  NAMES,
  OP,
  shapeOnly,
  TRIPLE,
  triple,
} from '../../support/gpu/tunedOp.js';

const gpu = await testGpu();
beforeEach(() => {
  gpu.tuning = null;
  planHelpers(gpu).tuner = null;
});

const kernels = Object.values(TRIPLE);
/** Where naive is no choice beside others. */
const raced = () => NAMES.filter((name) => gpu.info.kind === 'hardware' || name !== 'naive');

describe('tuning', () => {
  it('times every choice of every class, takes the fastest and frees all it took', async () => {
    const before = gpu.allocatedBytes;
    const steps: string[] = [];
    const report = await tune(gpu, classesOf(gpu, [1000, 70_000]), {
      onProgress: ({ done, total }) => steps.push(`${done}/${total}`),
    });
    expect(gpu.allocatedBytes).toBe(before);
    expect(steps).toEqual(['1/2', '2/2']);
    expect([report.measured, report.outOfTime, report.failed]).toEqual([2, 0, 0]);
    // Most work first.
    expect(report.table.entries.map(({ key }) => key)).toEqual(['n70000', 'n1000']);
    for (const { op, choice, ms, all, wrong } of report.table.entries) {
      expect(op).toBe(OP);
      expect(Object.keys(all!)).toEqual(raced());
      expect(Object.values(all!).every((time) => time > 0)).toBe(true);
      expect(choice).toBe(fastest(Object.entries(all!)));
      expect(ms).toBe(all![choice]);
      expect(wrong).toBeUndefined();
    }
  });

  it('leaves out a choice whose numbers are wrong', async () => {
    const options = { kernels: { [`${OP}.quick`]: ALMOST } };
    const { table } = await tune(gpu, classesOf(gpu, [1000]), options);
    const [{ choice, all, wrong }] = table.entries;
    expect(Object.keys(wrong!)).toEqual(['quick TURNS=1', 'quick TURNS=2']);
    expect(wrong!['quick TURNS=1']).toMatch(/^wrong numbers: \S+ where another gives \S+$/);
    expect(Object.keys(all!)).not.toContain('quick TURNS=1');
    expect(['slow TURNS=64', 'naive']).toContain(choice);
  });

  it('leaves out the default where the naive variant says that it is the wrong one', async () => {
    const options = { kernels: { [`${OP}.slow`]: ALMOST } };
    const { table } = await tune(gpu, classesOf(gpu, [1000]), options);
    const [{ choice, wrong }] = table.entries;
    expect(Object.keys(wrong!)).toEqual(['slow TURNS=64']);
    expect(choice).not.toBe('slow TURNS=64');
  });

  it('leaves out a choice that does not compile, and says why', async () => {
    const source = TRIPLE.quick.source.replace('y[i] = last;', 'y[i] = lost;');
    const broken = new Kernel(OP, 'almost', source);
    const { table } = await tune(gpu, classesOf(gpu, [1000]), { kernels: { [`${OP}.quick`]: broken } });
    const [{ wrong, ms }] = table.entries;
    expect(wrong!['quick TURNS=2']).toMatch(/does not compile: \S+:13:\d+ .*lost/);
    expect(ms).toBeGreaterThan(0);
    gpu.assertAlive();
  });

  it('keeps the default of a class that does not fit into memory', async () => {
    const before = gpu.allocatedBytes;
    const small = await tune(gpu, classesOf(gpu, [1000]), { maxBytes: 4000 });
    expect([small.measured, small.failed]).toEqual([0, 1]);
    const limit = gpu.device.limits.maxStorageBufferBindingSize;
    const huge = await tune(gpu, classesOf(gpu, [limit / 4 + 1024]), { maxBytes: Number.POSITIVE_INFINITY });
    for (const { table } of [small, huge]) {
      const [{ choice, ms, why }] = table.entries;
      expect([choice, ms, why]).toEqual([NAMES[0], null, 'no memory for it']);
    }
    expect(gpu.allocatedBytes).toBe(before);
  });

  it('begins nothing when the time is up', async () => {
    const report = await tune(gpu, classesOf(gpu, [1000, 2000]), { budgetMs: 0 });
    expect([report.measured, report.outOfTime]).toEqual([0, 2]);
    expect(report.table.entries.map(({ choice, ms }) => [choice, ms])).toEqual([
      [NAMES[0], null],
      [NAMES[0], null],
    ]);
  });

  it('ends at once when it is told to, and frees all it took', async () => {
    const before = gpu.allocatedBytes;
    const stop = new AbortController();
    const classes = classesOf(gpu, [1000, 2000, 3000]);
    const onProgress = () => stop.abort(new Error('enough'));
    await expect(tune(gpu, classes, { signal: stop.signal, onProgress })).rejects.toThrow('enough');
    expect(gpu.allocatedBytes).toBe(before);
  });
});

describe('a device without timestamps', () => {
  it('is timed by waiting', async () => {
    const { adapter } = await findAdapter({ quiet: true });
    const device = await adapter.requestDevice();
    const plain = Gpu.borrow(device);
    expect(device.features.has('timestamp-query')).toBe(false);
    const { measured, table } = await tune(plain, classesOf(plain, [1000]));
    expect(measured).toBe(1);
    expect(Object.values(table.entries[0].all!).every((ms) => ms > 0)).toBe(true);
    expect(plain.allocatedBytes).toBe(0);
    plain.dispose();
    device.destroy();
  });
});

describe('a plan on a Gpu with a tuner', () => {
  /** Keeps JSON, as a file would. */
  function memory(): TuningStore & { text: string | null; saves: number } {
    return {
      text: null,
      saves: 0,
      load() {
        return this.text === null ? null : JSON.parse(this.text);
      },
      save(document) {
        this.text = JSON.stringify(document);
        this.saves++;
      },
    };
  }

  const settings = (more: Partial<TunerSettings> = {}): TunerSettings => ({
    kernels,
    runtime: 'test',
    ...more,
  });

  /** Records a plan of two sizes; gives the choices of the last recording and how often it was recorded. */
  async function record(
    variants: Record<string, string> = {},
  ): Promise<{ taken: string[]; recordings: number }> {
    let taken: string[] = [];
    let recordings = 0;
    await recordPlan(
      gpu,
      () => new PlanBuilder(gpu, 'test', { variants }),
      (builder) => {
        recordings++;
        taken = [];
        const see = (choice: Choice) => taken.push(choiceName(choice));
        for (const n of [1000, 2000, 1000])
          triple(builder, { x: shapeOnly('x', n), y: shapeOnly('y', n) }, see);
      },
    );
    return { taken, recordings };
  }

  it('takes the defaults where there is no tuner', async () => {
    expect(await record()).toEqual({ taken: Array(3).fill(NAMES[0]), recordings: 1 });
  });

  it('is recorded anew with what was measured; what is known is not measured again', async () => {
    const store = memory();
    const reports: number[] = [];
    const tuner = await startTuning(
      gpu,
      settings({ store, onTuned: ({ measured }) => reports.push(measured) }),
    );
    const first = await record();
    expect(first.recordings).toBe(2);
    expect(reports).toEqual([2]);
    const best = [1000, 2000, 1000].map((n) => tuner.table.best(OP, `n${n}`));
    expect(first.taken).toEqual(best);
    expect(await record()).toEqual({ taken: best, recordings: 1 });
    expect(store.saves).toBe(1);

    // Another process: what was kept decides, to the same bits.
    const other = await startTuning(gpu, settings({ store }));
    expect(other).not.toBe(tuner);
    expect(await record()).toEqual({ taken: best, recordings: 1 });
    expect(store.saves).toBe(1);
  });

  it('does what the table says, whatever is faster, and gives right numbers', async () => {
    gpu.tuning = new TuningTable([{ op: OP, key: 'n*', choice: 'quick TURNS=2', ms: 1 }]);
    expect((await record()).taken).toEqual(Array(3).fill('quick TURNS=2'));
    const [x, y] = await gpu.guarded('tensors', () => [
      fixedTensor(gpu, 'x', [1, 1, 1, 100]),
      fixedTensor(gpu, 'y', [1, 1, 1, 100]),
    ]);
    gpu.device.queue.writeBuffer(
      x.storage.buffer!,
      0,
      Float32Array.from({ length: 100 }, (_, i) => i - 50),
    );
    const builder = new PlanBuilder(gpu, 'test');
    triple(builder, { x, y });
    const plan = await builder.build();
    plan.run();
    const got = new Float32Array(await gpu.read(y.storage.buffer!, 0, 400));
    expect([...got]).toEqual(Array.from({ length: 100 }, (_, i) => 3 * (i - 50)));
    plan.dispose();
    for (const tensor of [x, y]) gpu.destroyBuffer(tensor.storage.buffer!);
  });

  it('passes over a table that names choices which no longer exist', async () => {
    const store = memory();
    const tuner = await startTuning(gpu, settings({ store }));
    tuner.table.merge([{ op: OP, key: 'n1000', choice: 'gone TURNS=7', ms: 1 }]);
    const { taken } = await record();
    expect(taken.every((name) => NAMES.includes(name))).toBe(true);
    expect(tuner.table.best(OP, 'n1000')).toBe(taken[0]);
  });

  it('measures nothing where the caller insists, or where measuring is off', async () => {
    const store = memory();
    await startTuning(gpu, settings({ store }));
    expect((await record({ [OP]: 'quick TURNS=2' })).taken).toEqual(Array(3).fill('quick TURNS=2'));
    await startTuning(gpu, settings({ store, measure: false }));
    expect((await record()).taken).toEqual(Array(3).fill(NAMES[0]));
    expect(store.saves).toBe(0);
  });

  it('afresh: measures what is kept as well, and keeps the rest of the table', async () => {
    const store = memory();
    const { identity } = await startTuning(gpu, settings());
    const old = ['n1000', 'n5'].map((key) => ({ op: OP, key, choice: 'quick TURNS=2', ms: 123 }));
    store.save(tuningDocument(identity, new TuningTable(old)));
    await startTuning(gpu, settings({ store, afresh: true }));
    expect(gpu.tuning?.best(OP, 'n1000')).toBeUndefined();
    expect((await record()).recordings).toBe(2);
    const { entries } = JSON.parse(store.text!) as TuningDocument;
    const ms = Object.fromEntries(entries.map((entry) => [entry.key, entry.ms]));
    expect(Object.keys(ms).sort()).toEqual(['n1000', 'n2000', 'n5']);
    expect(ms.n5).toBe(123);
    expect(ms.n1000).not.toBe(123);
  });

  it('says what is wrong with a store, and goes on without', async () => {
    const warnings: string[] = [];
    const onWarning = (text: string) => void warnings.push(text);
    const store: TuningStore = {
      load: () => JSON.parse('{"format": "chex'),
      save: () => {
        throw new Error('disk full');
      },
      where: 'the attic',
    };
    await startTuning(gpu, settings({ store, onWarning }));
    expect((await record()).recordings).toBe(2);
    expect(warnings).toEqual([
      'The table of kernel timings in the attic is damaged, and is not used.',
      'The table of kernel timings cannot be kept: disk full',
    ]);
  });

  it('two plans at once measure a class once', async () => {
    const store = memory();
    await startTuning(gpu, settings({ store }));
    const [a, b] = await Promise.all([record(), record()]);
    expect(a.taken).toEqual(b.taken);
    expect(store.saves).toBe(1);
  });

  it('a class with one choice is never measured', () => {
    const builder = new PlanBuilder(gpu, 'test');
    const y = shapeOnly('y', 10);
    const shape: ShapeClass = {
      key: 'n10',
      variants: TRIPLE,
      choices: CHOICES.slice(0, 1),
      tensors: { y },
      record: () => {},
    };
    expect(builder.choose(shape)).toBe(CHOICES[0]);
    expect(builder.untuned.size).toBe(0);
  });
});
