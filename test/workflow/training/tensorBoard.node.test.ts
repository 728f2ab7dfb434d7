/** Where a training's event files go: which folders are refused, and which are not. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { NO_INPUTS } from '../../../src/core/outputs/protectInputs.node.js';
import { tensorBoardJob } from '../../../src/workflow/training/tensorBoard.node.js';
import { refused } from '../../support/refused.js';

let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'chexgpu-board-'));
  mkdirSync(join(root, 'logs', 'train'), { recursive: true });
  writeFileSync(join(root, 'logs', 'train', 'events.out.tfevents.1.x'), '');
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const every = { stepEvery: 1, histogramEvery: 1, pictureEvery: 1 };
const run = () => ({ target: join(root, 'run'), addGrowing: async () => {} });

describe('the place of event files', () => {
  it('is a folder of its own in that of the run, where none is named', async () => {
    const job = await tensorBoardJob({ folder: null, ...every }, { run: run(), inputs: NO_INPUTS }, 'train');
    expect(job.events.target).toBe(join(root, 'run', 'tensorboard'));
  });

  it('is not that of another training, but of the same one that goes on, seen from where it began', async () => {
    const open = (more: { cwd?: string; goesOn?: boolean }, folder = 'logs') =>
      tensorBoardJob({ folder, ...every }, { run: run(), inputs: NO_INPUTS, cwd: root, ...more }, 'train');
    await refused(() => open({}), UsageError, /logs holds event files of another training/);
    expect((await open({ goesOn: true })).events.target).toBe(join(root, 'logs'));
    expect((await open({ cwd: join(root, 'elsewhere') })).events.target).toBe(
      join(root, 'elsewhere', 'logs'),
    );
  });

  it('is not among what the command reads', async () => {
    const inputs = { paths: [], imageFolders: [join(root, 'images')] };
    mkdirSync(join(root, 'images'));
    const open = tensorBoardJob(
      { folder: join(root, 'images', 'logs'), ...every },
      { run: run(), inputs },
      '',
    );
    await refused(() => open, UsageError, /lies among the images/);
  });
});
