import { unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { csvOf, randomRows, writeImages } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const data = scratch.path('data');
const train = (...args: string[]) =>
  chexgpu(['train', '--data', data, '--workers', '0', '--out', scratch.path('out'), ...args]);

beforeAll(async () => {
  await ensureBuilt();
  for (const [split, rows] of [
    ['train', 4],
    ['valid', 1],
    ['test', 2],
  ] as const) {
    const of = randomRows(rows, rows, 100 * rows);
    await writeImages(data, of, 32);
    await writeFile(join(data, `${split}.csv`), csvOf(of));
    if (split === 'valid') await unlink(join(data, 'images', of[0].image));
  }
});
afterAll(() => scratch.remove());

it('--early-stopping wants a patience, and images to validate on', async () => {
  for (const patience of ['0', '1.5', 'soon']) {
    const ended = await train('--early-stopping', patience);
    expect([ended.code, lastLine(ended)]).toEqual([
      2,
      expect.stringMatching(/early-stopping.*whole number from 1/),
    ]);
  }
  const ended = await train('--ignore-missing', '--early-stopping', '1');
  expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringMatching(/no validation image/)]);
});
