/** A training through the command whose images are augmented on the GPU: that of the CPU, but for rounding. */
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';

const folder = scratchFolder();
beforeAll(async () => {
  await ensureBuilt();
  await chexgpu(['phantoms', '--out', folder.path('data'), '--images', '40', '--size', '64', '--seed', '5']);
});
afterAll(() => folder.remove());

const FLAGS = [
  ...[
    '--data',
    'data',
    '--network',
    'toy',
    '--size',
    '32',
    '--batch-size',
    '8',
    '--epochs',
    '1',
    '--steps-per-epoch',
    '2',
  ],
  // Adam would make as much of a gradient of rounding as of any other.
  ...['--optimizer', 'sgd', '--learning-rate', '1e-5', '--no-check', '--json'],
  ...['--rotation-range', '15', '--width-shift-range', '0.1', '--shear-range', '5', '--zoom-range', '0.1'],
  ...['--horizontal-flip', '--channel-shift-range', '20', '--brightness-range', '0.8,1.2'],
  ...['--random-resized-crop', '0.6,1'],
];

it('has its losses, and says where', async () => {
  const train = async (where: string) => {
    const ended = await chexgpu(
      ['train', ...FLAGS, '--augment-on', where, '--out', where],
      {},
      { cwd: folder.path() },
    );
    expect(ended.code).toBe(0);
    const { augmentOn } = JSON.parse(await readFile(folder.path(where, 'history.json'), 'utf8'));
    const { stepLosses, epochs } = JSON.parse(ended.stdout).training;
    const losses: number[] = [...stepLosses, epochs[0].valLoss];
    return { losses, augmentOn, stderr: ended.stderr };
  };
  const [cpu, gpu] = [await train('cpu'), await train('gpu')];
  expect([cpu.augmentOn, gpu.augmentOn]).toEqual(['cpu', 'gpu']);
  expect(cpu.stderr).toMatch(/Augmenting training images: .* crop scale 0\.6 to 1\n/);
  expect(gpu.stderr).toMatch(/Augmenting training images: .* crop scale 0\.6 to 1 \(on the GPU\)\n/);
  expect(gpu.losses).toHaveLength(3);
  expect(gpu.losses).not.toEqual(cpu.losses);
  // The first network is the same, later ones are led apart: batch norms over eight values make much of a last digit.
  const tolerances = [2e-5, 5e-3, 1e-4];
  for (const [i, loss] of cpu.losses.entries()) {
    expect(Math.abs(gpu.losses[i] - loss) / loss, `loss ${i}`).toBeLessThanOrEqual(tolerances[i]);
  }
});
