/** What commands do where nobody names weights: they take the package's own network, and say what it is. */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABELS } from '../../../src/data/tables/labels.js';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';
import type { Ended } from '../../support/programs/nodeProgram.js';

const scratch = scratchFolder();
const NOTICE = 'trained on drawings; says nothing of a patient';
const FEW = ['--phantoms', '24', '--size', '96', '--batch-size', '2', '--steps-per-epoch', '2'];

let tuned: Ended;
let drawing: string;

beforeAll(async () => {
  await ensureBuilt();
  tuned = await chexgpu(['run', ...FEW, '--workers', '1', '--out', scratch.path('tuned'), '--json']);
  const images = join(scratch.path('tuned'), 'phantoms', 'images');
  drawing = join(images, (await readdir(images))[0]);
});
afterAll(() => scratch.remove());

describe('without --weights', () => {
  it('run begins with a network that has learned, and does not make it worse', async () => {
    expect([tuned.code, tuned.signal]).toEqual([0, null]);
    expect(tuned.stderr).toContain(NOTICE);
    expect(tuned.stderr).toMatch(/Before the fine-tuning, on \d+ test images:/);
    const history = JSON.parse(await readFile(scratch.path('tuned', 'history.json'), 'utf8'));
    const { start, val_loss, weights_epoch } = history;
    expect(start.test_auc).toBeGreaterThan(0.75);
    expect([start.val_loss, ...val_loss][weights_epoch]).toBe(Math.min(start.val_loss, ...val_loss));
    expect(JSON.parse(tuned.stdout).meanAuc).toBeGreaterThan(0.75);
  });

  it('predict and gradcam take it at its own size, and say what it is', async () => {
    const predicted = await chexgpu(['predict', drawing, '--out', scratch.path('p.csv'), '--json']);
    expect(predicted.code).toBe(0);
    expect(predicted.stderr).toContain(`These weights: ${NOTICE}.`);
    expect(predicted.stderr).toContain('sha256 verified: trained on drawn X-rays');
    const { notice, size, predictions } = JSON.parse(predicted.stdout);
    expect([notice, size]).toEqual([NOTICE, 224]);
    expect(Object.keys(predictions[0].probabilities)).toEqual([...LABELS]);
    const explained = await chexgpu(['gradcam', drawing, '--out', scratch.path('maps'), '--json']);
    expect(explained.code).toBe(0);
    expect(explained.stderr).toContain(`These weights: ${NOTICE}.`);
    expect(JSON.parse(explained.stdout)).toMatchObject({ notice: NOTICE, size });
  });

  it('what contradicts the network is refused', async () => {
    const other = await chexgpu([
      'predict',
      drawing,
      '--network',
      'densenet169',
      '--out',
      scratch.path('q.csv'),
    ]);
    expect([other.code, other.stderr]).toEqual([4, expect.stringMatching(/densenet169 has/)]);
    expect(existsSync(scratch.path('q.csv'))).toBe(false);
    const both = await chexgpu(['run', '--from-scratch', '--weights', 'phantoms-densenet121']);
    expect([both.code, both.stderr]).toEqual([2, expect.stringMatching(/from-scratch.*weights/)]);
  });
});
