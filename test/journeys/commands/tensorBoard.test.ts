/** `chexgpu train --tensorboard`: what its files hold, and what they must not. */
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hyperparametersOf, type ReadEvent, readEvents, statusOf } from '../../support/files/eventFile.js';
import { csvOf, randomRows, writeImages } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';
import type { Ended } from '../../support/programs/nodeProgram.js';

const scratch = scratchFolder();
const data = scratch.path('of smith');
const train = (...args: string[]) => {
  const small = [
    '--network',
    'toy',
    '--batch-size',
    '2',
    '--epochs',
    '2',
    '--steps-per-epoch',
    '2',
    '--workers',
    '0',
  ];
  return chexgpu(['train', '--data', data, ...small, '--out', scratch.path('out'), ...args]);
};

let trained: Ended;
const bytes: Buffer[] = [];
/** What no file may hold. */
const secrets = ['of smith', scratch.path(), 'images/'];
const runs: Record<string, ReadEvent[]> = {};

beforeAll(async () => {
  await ensureBuilt();
  for (const [i, split] of ['train', 'valid', 'test'].entries()) {
    // Numbers that stand nowhere by chance.
    const of = randomRows(4, i, 71_300_000 + 1000 * i);
    await writeImages(data, of, 32);
    await writeFile(join(data, `${split}.csv`), csvOf(of));
    secrets.push(...of.flatMap(({ image, patient }) => [image, String(patient)]));
  }
  trained = await train('--tensorboard', '--horizontal-flip');
  for (const run of ['', 'train', 'validation']) {
    const folder = scratch.path('out', 'tensorboard', run);
    const [name, ...others] = (await readdir(folder)).filter((file) => file.includes('tfevents'));
    expect(others).toEqual([]);
    const file = await readFile(join(folder, name));
    bytes.push(file);
    runs[run] = readEvents(file);
  }
});
afterAll(() => scratch.remove());

const valuesOf = (run: string, tag: string) =>
  runs[run].flatMap(({ step, values }) =>
    values.filter((value) => value.tag === tag).map((value) => ({ step, ...value })),
  );
const scalars = (run: string, tag: string) =>
  valuesOf(run, tag).map(({ step, numbers }) => [step, numbers[0]]);

describe('train --tensorboard', () => {
  it('has the numbers of history.json, and says where to look and what it took', async () => {
    expect(trained.code).toBe(0);
    const history = JSON.parse(await readFile(scratch.path('out', 'history.json'), 'utf8'));
    const listed = (values: number[], from = 0) => values.map((x, i) => [i + from, Math.fround(x)]);
    expect(scalars('train', 'step_loss')).toEqual(listed(history.step_loss, 1));
    expect(scalars('train', 'epoch_loss')).toEqual(listed(history.loss));
    expect(scalars('train', 'epoch_lr')).toEqual(listed(history.lr));
    expect(scalars('validation', 'epoch_loss')).toEqual(listed(history.val_loss));
    expect(trained.stdout).toMatch(/TensorBoard: tensorboard --logdir .*out$/m);
    expect(trained.stdout).toMatch(
      /TensorBoard took .* scalars [\d.]+ %, histograms [\d.]+ %, pictures [\d.]+ %/,
    );
  });

  it('has histograms of every tensor of every epoch', () => {
    const histograms = runs.train.flatMap(({ values }) =>
      values.filter(({ plugin }) => plugin === 'histograms'),
    );
    // 6 batch norms of four tensors, 5 convolutions, a dense layer of two; all but moving ones with gradients.
    expect(histograms.length).toBe(2 * (31 + 19));
    const [kernel] = valuesOf('train', 'conv1/conv/kernel_0/histogram');
    const counts = kernel.numbers.filter((_, i) => i % 3 === 2);
    expect(counts.reduce((a, b) => a + b)).toBe(7 * 7 * 1 * 8);
  });

  it('has pictures that are PNGs of their size, and not of one colour', async () => {
    const pictures = runs.validation.flatMap(({ values }) =>
      values.filter(({ plugin }) => plugin === 'images'),
    );
    const tags = [...new Set(pictures.map(({ tag }) => tag))];
    expect(tags.filter((tag) => tag.startsWith('gradcam/')).length).toBe(4);
    expect(tags).toContain('roc');
    expect(pictures.length).toBe(2 * tags.length);
    for (const { strings } of pictures) {
      const [width, height] = strings.slice(0, 2).map(Number);
      const { data: pixels, info } = await sharp(strings[2]).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([width, height]);
      expect(new Set(pixels).size).toBeGreaterThan(2);
    }
  });

  it('has the hyperparameters, the command and a good end', () => {
    const [start] = valuesOf('', '_hparams_/session_start_info');
    expect(hyperparametersOf(start)).toMatchObject({
      batchSize: 2,
      loss: 'weighted',
      network: 'toy',
      optimizer: 'adam',
      'optimizer.learningRate': 0.001,
      'augmentation.horizontalFlip': true,
    });
    expect(statusOf(valuesOf('', '_hparams_/session_end_info')[0])).toBe(1);
    expect(String(valuesOf('', 'command')[0].strings[0])).toBe(
      '    chexgpu train --data DIR --network toy --batch-size 2 --epochs 2 --steps-per-epoch 2 --workers 0 ' +
        '--out DIR --tensorboard --horizontal-flip',
    );
  });

  it('names no file, no patient and no place', () => {
    const all = Buffer.concat(bytes).toString('latin1');
    for (const secret of secrets) expect(all.includes(secret), secret).toBe(false);
  });
});

describe('flags of TensorBoard', () => {
  it.each([
    [['--tensorboard-images', '2'], /--tensorboard-images is a setting of --tensorboard/],
    [['--tensorboard', '--tensorboard-steps', '-1'], /whole number from 0/],
    [['--tensorboard', ''], /names no folder/],
    [['--tensorboard', join(data, 'images')], /is what this command reads|lies among the images/],
  ])('are refused where they make no sense: %j', async (flags, words) => {
    await rm(scratch.path('out'), { recursive: true, force: true });
    const ended = await train(...flags);
    expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringMatching(words)]);
    expect(existsSync(scratch.path('out'))).toBe(false);
  });

  it('refuse a folder with the files of another training', async () => {
    await mkdir(scratch.path('logs', 'train'), { recursive: true });
    await writeFile(scratch.path('logs', 'train', 'events.out.tfevents.1.x'), '');
    const ended = await train('--tensorboard', scratch.path('logs'));
    expect([ended.code, lastLine(ended)]).toEqual([
      2,
      expect.stringMatching(/event files of another training/),
    ]);
  });
});
