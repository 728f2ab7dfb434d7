import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addTuningOptions, type TuningFlags } from '../../../src/cli/flags/sharedFlags.js';
import type { CommandContext } from '../../../src/cli/session/commandContext.js';
import { useTuning, writeTable } from '../../../src/cli/session/kernelTuning.js';
import { Output } from '../../../src/cli/terminal/output.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import { planHelpers, recordPlan } from '../../../src/engine/plan/recordPlan.js';
import { shippedTuning } from '../../../src/engine/tuning/shipped/index.js';
import { shippedFor, type TuningDocument } from '../../../src/engine/tuning/tuningTable.js';
import { NAMES, OP, shapeOnly, triple } from '../../support/gpu/tunedOp.js';

const scratch = mkdtempSync(join(tmpdir(), 'chexgpu-tuner-'));
const cacheBefore = process.env.CHEXGPU_CACHE;
const said: string[] = [];

class Listener extends Output {
  override say(text = ''): void {
    said.push(text);
  }
  override warn(text: string): void {
    said.push(`warning: ${text}`);
  }
}

const context: CommandContext = {
  out: new Listener({ json: false }),
  signal: new AbortController().signal,
  commandLine: '',
  publicCommandLine: '',
  argv: [],
  waitForSaving: () => {},
};

let gpu: Gpu;
let count = 0;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
beforeEach(() => {
  process.env.CHEXGPU_CACHE = join(scratch, String(count++));
  said.length = 0;
  gpu.tuning = shippedTuning(gpu.info);
  planHelpers(gpu).tuner = null;
});
afterAll(() => {
  if (cacheBefore === undefined) delete process.env.CHEXGPU_CACHE;
  else process.env.CHEXGPU_CACHE = cacheBefore;
  gpu.dispose();
  rmSync(scratch, { recursive: true, force: true });
});

function flags(...argv: string[]): TuningFlags {
  const command = addTuningOptions(new Command('test'))
    .exitOverride()
    .configureOutput({ writeErr: () => {} });
  return command.parse(argv, { from: 'user' }).opts<TuningFlags>();
}

/** What a plan takes for one size. */
async function taken(n: number): Promise<string> {
  let name = '';
  await recordPlan(
    gpu,
    () => new PlanBuilder(gpu, 'test'),
    (builder) => {
      const see = ({ variant, tile }: { variant: string; tile: object }) => {
        name = [variant, ...Object.entries(tile).map(([key, value]) => `${key}=${value}`)].join(' ');
      };
      triple(builder, { x: shapeOnly('x', n), y: shapeOnly('y', n) }, see);
    },
  );
  return name;
}

describe('the flags', () => {
  it('are understood, and cannot be given together', () => {
    expect(flags()).toEqual({ tune: true });
    expect(flags('--no-tune')).toEqual({ tune: false });
    expect(flags('--retune')).toEqual({ tune: true, retune: true });
    expect(flags('--write-table', 'x.json').writeTable).toBe('x.json');
    expect(() => flags('--no-tune', '--retune')).toThrow(/--retune.* cannot be used with .*--no-tune/);
    const help = addTuningOptions(new Command('test')).helpInformation();
    expect(help).toContain('--no-tune');
    expect(help).toContain('--retune');
    expect(help).not.toContain('--write-table');
  });

  it('--retune measures on any adapter, says so in one line and keeps it', async () => {
    await useTuning(context, { gpu }, flags('--retune'));
    const name = await taken(100);
    expect(said).toHaveLength(1);
    expect(said[0]).toMatch(/^Tuned 1 shape in [\d.]+ s; kept in .*tunings\/.+\.json$/);
    expect(gpu.tuning?.best(OP, 'n100')).toBe(name);

    said.length = 0;
    await useTuning(context, { gpu }, flags());
    expect(await taken(100)).toBe(name);
    expect(said).toEqual([]);
  });

  it('without flags hardware is measured; software is not, and takes its defaults', async () => {
    await useTuning(context, { gpu }, flags());
    const name = await taken(100);
    if (gpu.info.kind === 'hardware') expect(said).toHaveLength(1);
    else expect([name, said, planHelpers(gpu).tuner]).toEqual([NAMES[0], [], null]);
  });

  it('--no-tune takes the defaults, whatever is kept or shipped', async () => {
    const tuner = await useTuning(context, { gpu }, flags('--retune'));
    tuner!.table.merge([{ op: OP, key: 'n*', choice: 'quick TURNS=2', ms: 1 }]);
    expect(await taken(100)).toBe('quick TURNS=2');
    expect(await useTuning(context, { gpu }, flags('--no-tune'))).toBeNull();
    expect(await taken(100)).toBe(NAMES[0]);
    expect(said).toEqual([]);
  });

  it('--write-table collects what was measured, to be shipped', async () => {
    const file = join(scratch, 'table.json');
    for (const sizes of [[100, 200], [300]]) {
      const tuner = await useTuning(context, { gpu }, flags('--retune'));
      for (const n of sizes) await taken(n);
      await writeTable(context, tuner, file);
    }
    expect(said.at(-1)).toBe(`Wrote 3 entries to ${file}`);
    const { entries } = JSON.parse(readFileSync(file, 'utf8')) as TuningDocument;
    const shipped = shippedFor([{ adapter: /./, subgroups: 0, entries }], gpu.info);
    gpu.tuning = shipped;
    planHelpers(gpu).tuner = null;
    for (const { key, choice } of entries) expect(await taken(Number(key.slice(1)))).toBe(choice);

    await writeTable(context, null, file);
    expect(said.at(-1)).toMatch(/^warning: Nothing was measured/);
  });
});
