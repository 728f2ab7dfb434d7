import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import { recordPlan } from '../../../src/engine/plan/recordPlan.js';
import { tuningFile } from '../../../src/engine/tuning/adapterFiles.node.js';
import { startTuning } from '../../../src/engine/tuning/tuner.js';
import {
  adapterIdentity,
  type TuningDocument,
  TuningTable,
  tuningDocument,
} from '../../../src/engine/tuning/tuningTable.js';
import { OP, shapeOnly, TRIPLE, triple } from '../../support/gpu/tunedOp.js';

const scratch = mkdtempSync(join(tmpdir(), 'chexgpu-tuner-'));
const HOMES = ['CHEXGPU_CACHE', 'XDG_CACHE_HOME', 'HOME', 'TMPDIR'];
const before = Object.fromEntries(HOMES.map((name) => [name, process.env[name]]));
const kernels = Object.values(TRIPLE);

let gpu: Gpu;
let cache = '';
let count = 0;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
beforeEach(() => {
  cache = join(scratch, `cache-${count++}`);
  setHomes({ ...before, CHEXGPU_CACHE: cache });
});
afterAll(() => {
  setHomes(before);
  gpu.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

function setHomes(values: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(values)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

const tables = () =>
  readdirSync(join(cache, 'tunings')).filter((file) => file.endsWith('.json') && file[0] !== '.');
const path = () => join(cache, 'tunings', tables()[0]);
const document = () => JSON.parse(readFileSync(path(), 'utf8')) as TuningDocument;

/** One command: opens the store, records a plan with these sizes. @returns the warnings */
async function command(sizes: readonly number[], runtime = 'test'): Promise<string[]> {
  const warnings: string[] = [];
  const onWarning = (text: string) => void warnings.push(text);
  await startTuning(gpu, { kernels, runtime, store: tuningFile(gpu), onWarning });
  await recordPlan(
    gpu,
    () => new PlanBuilder(gpu, 'test'),
    (builder) => {
      for (const n of sizes) triple(builder, { x: shapeOnly('x', n), y: shapeOnly('y', n) });
    },
  );
  return warnings;
}

describe('the file of timings', () => {
  it('lies in the cache, one for an adapter, and is read by the next command', async () => {
    expect(await command([100])).toEqual([]);
    expect(tables()).toHaveLength(1);
    expect(tables()[0]).toMatch(/^[A-Za-z0-9.-]+-[0-9a-f]{12}\.json$/);
    const first = document();
    expect(first.adapter.description).toBe(gpu.info.description);
    expect(first.entries.map(({ key }) => key)).toEqual(['n100']);
    expect(await command([100])).toEqual([]);
    expect(document()).toEqual(first);
    expect(gpu.tuning?.best(OP, 'n100')).toBe(first.entries[0].choice);
  });

  it('lies in the cache that CHEXGPU_CACHE names, whatever the usual one holds', async () => {
    const usual = join(scratch, 'usual');
    setHomes({ CHEXGPU_CACHE: undefined, XDG_CACHE_HOME: usual, HOME: usual, TMPDIR: usual });
    await command([100]);
    expect(existsSync(join(usual, 'chexgpu', 'tunings'))).toBe(true);
    expect(await tuningFile(gpu).load()).not.toBeNull();
    setHomes({ CHEXGPU_CACHE: cache });
    expect(await tuningFile(gpu).load()).toBeNull();
    await command([100]);
    expect(tables()).toHaveLength(1);
  });

  it('gets what later commands measure, and keeps what earlier ones did', async () => {
    await command([100]);
    const [first] = document().entries;
    await command([100, 200]);
    expect(
      document()
        .entries.map(({ key }) => key)
        .sort(),
    ).toEqual(['n100', 'n200']);
    expect(document().entries.find(({ key }) => key === 'n100')).toEqual(first);
  });

  it('keeps what another process saved meanwhile', async () => {
    const tuner = await startTuning(gpu, { kernels, runtime: 'test', store: tuningFile(gpu) });
    const entry = { op: OP, key: 'n7', choice: 'naive', ms: 5 };
    await tuningFile(gpu).save(tuningDocument(tuner.identity, new TuningTable([entry])));
    const builder = new PlanBuilder(gpu, 'test');
    triple(builder, { x: shapeOnly('x', 300), y: shapeOnly('y', 300) });
    await tuner.tune([...builder.untuned.values()]);
    expect(
      document()
        .entries.map(({ key }) => key)
        .sort(),
    ).toEqual(['n300', 'n7']);
  });

  it('says so when it is damaged or of another adapter, and writes it anew', async () => {
    await command([100]);
    const good = readFileSync(path(), 'utf8');
    const foreign = JSON.stringify({ ...document(), adapter: { ...document().adapter, device: 'other' } });
    const cases: [string, RegExp][] = [
      [good.slice(0, 40), /^The table of kernel timings in .*tunings.*\.json is damaged, and is not used\.$/],
      ['', /is damaged/],
      ['{}', /is damaged/],
      [foreign, /is another adapter's, and is not used/],
    ];
    for (const [text, warning] of cases) {
      writeFileSync(path(), text);
      const warnings = await command([100]);
      expect(warnings).toHaveLength(1);
      expect(warnings[0]).toMatch(warning);
      expect(document().entries.map(({ key }) => key)).toEqual(['n100']);
    }
  });

  it('of another WebGPU implementation is measured anew without a word', async () => {
    await command([100, 200]);
    expect(await command([100], 'newer')).toEqual([]);
    expect(document().runtime).toBe('newer');
    expect(document().entries.map(({ key }) => key)).toEqual(['n100']);
  });

  it('is done without where no folder can be written', async () => {
    const file = join(scratch, 'a file');
    writeFileSync(file, '');
    setHomes(Object.fromEntries(HOMES.map((name) => [name, file])));
    const warnings = await command([100]);
    expect(gpu.tuning?.best(OP, 'n100')).toBeDefined();
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^The table of kernel timings cannot be kept: .*CHEXGPU_CACHE/);
  });

  it('names its place the short way below the home folder', async () => {
    setHomes({ HOME: scratch });
    const store = tuningFile(gpu);
    expect(await store.load()).toBeNull();
    expect(store.where).toMatch(/^~\/cache-\d+\/tunings\/.+\.json$/);
  });
});

describe('writing a table', () => {
  const table = (filler: string) =>
    tuningDocument(
      { adapter: adapterIdentity(gpu), runtime: filler, kernels: '' },
      new TuningTable([{ op: OP, key: 'n1', choice: 'naive', ms: 1 }]),
    );

  it('shows readers a whole file, whoever else writes', async () => {
    const store = tuningFile(gpu);
    const documents = Array.from({ length: 20 }, (_, i) => table('x'.repeat(10_000 * (i % 3))));
    const seen: unknown[] = [];
    await Promise.all([
      ...documents.map((one) => tuningFile(gpu).save(one)),
      (async () => {
        for (let i = 0; i < 50; i++) seen.push(await store.load());
      })(),
    ]);
    for (const value of seen) expect(value === null || 'entries' in (value as object)).toBe(true);
    expect(documents).toContainEqual(await store.load());
    expect(readdirSync(join(cache, 'tunings'))).toEqual(tables());
  });

  it('leaves nothing behind where it fails', async () => {
    const store = tuningFile(gpu);
    await store.save(table(''));
    const file = path();
    rmSync(file);
    mkdirSync(join(file, 'in the way'), { recursive: true });
    await expect(store.save(table(''))).rejects.toThrow();
    expect(readdirSync(join(cache, 'tunings'))).toEqual(tables());
  });
});
