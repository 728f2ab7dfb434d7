/** A training that is stopped and goes on through the command: the same files, and what is refused. */
import type { ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';
import type { Ended, RunNodeOptions } from '../../support/programs/nodeProgram.js';

const folder = scratchFolder();
const at = (run: string, file: string) => folder.path('runs', run, file);
const FLAGS = [
  ...['--data', 'data', '--network', 'toy', '--batch-size', '1', '--epochs', '2', '--steps-per-epoch', '30'],
  ...['--rotation-range', '10', '--horizontal-flip', '--augment-on', 'gpu'],
  ...['--early-stopping', '2', '--csv-log', '--no-check'],
];
const train = (args: string[], onStart?: RunNodeOptions['onStart']) =>
  chexgpu(['train', ...args], {}, { cwd: folder.path(), onStart });

/** Ctrl-C as soon as the first step is kept: what a fast machine prints may come too late. */
function stopAfterFirstStep(child: ChildProcess): void {
  const watch = setInterval(() => {
    if (!existsSync(at('stopped', 'checkpoint.h5'))) return;
    clearInterval(watch);
    child.kill('SIGINT');
  }, 2);
  child.once('close', () => clearInterval(watch));
}

let whole: Ended;
let stopped: Ended;
let resumed: Ended;

beforeAll(async () => {
  await ensureBuilt();
  await chexgpu(['phantoms', '--out', folder.path('data'), '--images', '50', '--size', '64', '--seed', '5']);
  const stopping = train([...FLAGS, '--name', 'stopped', '--checkpoint-every', '1'], stopAfterFirstStep);
  [whole, stopped] = await Promise.all([train([...FLAGS, '--name', 'whole']), stopping]);
  // From another folder, by its path.
  resumed = await chexgpu(['train', '--resume', folder.path('runs', 'stopped')]);
}, 240_000);
afterAll(() => folder.remove());

describe('a training that was stopped by Ctrl-C', () => {
  it('says where it stands and how to go on', () => {
    expect(stopped.code).toBe(130);
    expect(stopped.stdout).toMatch(/Stopped at epoch [12], step ([12]?\d|30) of 30/);
    expect(stopped.stdout).toContain('Go on with: chexgpu train --resume runs/stopped');
  });

  it('goes on to the same files', async () => {
    expect([whole.code, resumed.code]).toEqual([0, 0]);
    expect(resumed.stdout).toMatch(/Resumed at epoch [12], step ([12]?\d|30) of 30/);
    expect(resumed.stderr).not.toContain('The training goes on');
    for (const file of ['weights.h5', 'history.json', 'log.csv']) {
      const [one, other] = [await readFile(at('whole', file)), await readFile(at('stopped', file))];
      expect(one.equals(other), file).toBe(true);
    }
  });
});

describe('what does not go on is refused, and said', () => {
  const refusal = async (args: string[]) => {
    const ended = await train(args);
    return [ended.code, lastLine(ended)];
  };

  it.each([
    [
      ['--resume', 'stopped', '--learning-rate', '0.1'],
      '--learning-rate is not what the training was begun with',
    ],
    [['--resume', 'stopped', '--name', 'other'], '--name is not what'],
    [['--resume', 'stopped', '--freeze', 'conv1'], '--freeze is not what'],
    [['--resume', 'stopped', '--no-tune'], '--no-tune is not what'],
    [
      ['--resume', 'runs/stopped/checkpoint.h5', '--epochs', '1'],
      '--epochs is 1; runs/stopped/checkpoint.h5 has had 2',
    ],
  ])('%j', async (args, message) => {
    const [code, line] = await refusal(args);
    expect(line).toContain(message);
    expect(code).toBe(2);
  });

  it('no run, and another folder', async () => {
    expect(await refusal(['--resume', 'none'])).toEqual([
      3,
      expect.stringContaining('nothing to go on from'),
    ]);
    expect(await refusal(['--resume', 'data'])).toEqual([
      3,
      expect.stringContaining('nothing to go on from'),
    ]);
  });

  it('a checkpoint that is cut short, or changed', async () => {
    await mkdir(folder.path('runs', 'cut'));
    await copyFile(at('stopped', 'checkpoint.h5'), at('cut', 'checkpoint.h5'));
    await truncate(at('cut', 'checkpoint.h5'), 50_000);
    expect(await refusal(['--resume', 'cut'])).toEqual([4, expect.stringContaining('is cut short')]);
    const bytes = await readFile(at('stopped', 'checkpoint.h5'));
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(at('cut', 'checkpoint.h5'), bytes);
    expect(await refusal(['--resume', 'cut'])).toEqual([4, expect.stringContaining('is damaged')]);
  });

  it('data whose order means nothing any more; other labels are said', async () => {
    const csv = folder.path('data', 'train.csv');
    const [head, ...rows] = (await readFile(csv, 'utf8')).trimEnd().split('\n');
    await writeFile(csv, [head, ...rows.toReversed(), ''].join('\n'));
    const [code, line] = await refusal(['--resume', 'stopped']);
    expect(line).toContain('train.csv lists other images, or in another order');
    expect(code).toBe(3);
    await writeFile(csv, [head, ...rows.map((row) => row.replace(/,1,/, ',0,')), ''].join('\n'));
    const other = await train(['--resume', 'stopped', '--epochs', '3', '--json']);
    expect(other.stderr).toContain('Labels, or images of validation and test, changed.');
    expect(other.stderr).toContain('not promised to the last bit');
    // One that was over goes on with more epochs, and its history is one.
    const { training } = JSON.parse(other.stdout);
    expect(training.epochs.map(({ epoch }: { epoch: number }) => epoch)).toEqual([1, 2, 3]);
    expect(training.stepLosses).toHaveLength(90);
  });
});
