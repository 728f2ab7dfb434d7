import { readdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { csvOf, randomRows, writeImages } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const data = scratch.path('data');
const train = (...args: string[]) =>
  chexgpu(['train', '--data', data, '--workers', '0', '--out', scratch.path('out'), ...args]);

/** Rows of each split in a folder of images of 32 px; the images of the validation. */
async function writeData(folder: string, valid: number): Promise<string[]> {
  const found: string[] = [];
  for (const [split, rows] of Object.entries({ train: 4, valid, test: 2 })) {
    const of = randomRows(rows, rows, 100 * rows);
    await writeImages(folder, of, 32);
    await writeFile(join(folder, `${split}.csv`), csvOf(of));
    if (split === 'valid') found.push(...of.map(({ image }) => join(folder, 'images', image)));
  }
  return found;
}

beforeAll(async () => {
  await ensureBuilt();
  for (const image of await writeData(data, 1)) await unlink(image);
});
afterAll(() => scratch.remove());

it('--early-stopping wants a patience, and images to validate on', async () => {
  for (const patience of ['0', '1.5', 'soon']) {
    const ended = await train('--early-stopping', patience);
    expect([ended.code, lastLine(ended)]).toEqual([
      2,
      expect.stringMatching(/early-stopping.*whole number.* 1/),
    ]);
  }
  const ended = await train('--ignore-missing', '--early-stopping', '1');
  expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringMatching(/no validation image/)]);
});

it('callbacks keep files in the run folder, which are read like any other', async () => {
  const whole = scratch.path('whole');
  const out = scratch.path('kept');
  await writeData(whole, 6);
  const line =
    '--network toy --batch-size 2 --epochs 2 --steps-per-epoch 1 --monitor val_auc --early-stopping 2 ' +
    '--schedule cosine --cosine-warm-up 0.5 --save-best ' +
    '--save-epochs e{epoch}-{val_auc:.3f}.npz --csv-log --terminate-on-nan';
  const args = ['train', '--data', whole, '--workers', '0', '--out', out, '--json', ...line.split(' ')];
  const ended = await chexgpu(args);
  expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  expect(ended.stderr).toContain('Callback: weights of the best epoch by val_auc as best.h5');
  const { training } = JSON.parse(ended.stdout);
  const aucs: number[] = training.epochs.map(({ valAuc }: { valAuc: number }) => valAuc);
  const epochs = aucs.map((auc, i) => `e${i + 1}-${auc.toFixed(3)}.npz`);
  const files = (await readdir(out)).filter((name) => !name.startsWith('.')).sort();
  const kept = ['best.h5', 'checkpoint.h5', 'history.json', 'log.csv', 'weights.h5'];
  expect(files).toEqual([...epochs, ...kept].sort());
  const [header, ...rows] = (await readFile(join(out, 'log.csv'), 'utf8')).trimEnd().split('\r\n');
  expect(header).toMatch(/^epoch,loss,lr,val_auc,val_auc_.*,val_loss$/);
  expect(rows.map((row) => Number(row.split(',')[3]))).toEqual(aucs);
  const history = JSON.parse(await readFile(join(out, 'history.json'), 'utf8'));
  // The rate rises in the first of two steps.
  expect(history.lr).toEqual([4e-5, 1e-3]);
  expect(history).toMatchObject({
    val_auc: aucs,
    callbacks: training.callbacks,
    weights: { file: 'weights.h5' },
  });
  // The best weights came back at the end, and are the best that were kept.
  const best = history.saved.find(({ file }: { file: string }) => file === 'best.h5');
  expect(best).toMatchObject({ epoch: aucs[1] > aucs[0] ? 2 : 1, sha256: history.weights.sha256 });
  // They are used as the training's own: the history beside them is theirs, too.
  const image = join(whole, 'images', '00000600_000.png');
  const predict = ['predict', '--weights', join(out, 'best.h5'), '--workers', '0', image];
  const predicted = await chexgpu([...predict, '--out', scratch.path('predicted.csv')]);
  expect([predicted.code, predicted.stdout]).toEqual([0, expect.stringContaining('from the history.json')]);
});

it('how gradients become updates: flags are refused where they make no sense, else said and kept', async () => {
  const refusals: [string[], RegExp][] = [
    [['--clip-norm', '0'], /--clip-norm is 0, it must be a number above 0/],
    [['--clip-value', 'small'], /--clip-value is 'small'/],
    [['--clip-norm', '1', '--clip-value', '1'], /in one way, not by clipNorm and clipValue/],
    [['--clip-variable-norm', '1', '--clip-norm', '1'], /in one way, not by clipNorm and clipVariableNorm/],
    [['--accumulate', '1.5'], /--accumulate is 1.5, it must be a whole number/],
    [['--ema', '1'], /--ema is 1, it must be from 0 to below 1/],
    [['--ema', '0.9', '--ema-overwrite', '0'], /--ema-overwrite is 0, it must be a whole number/],
    [['--ema', '0.9', '--ema-overwrite', '2.5'], /--ema-overwrite is 2.5, it must be a whole number/],
    [['--ema-overwrite', '2'], /emaOverwrite is 2, and there is no average of the weights/],
    [
      ['--ignore-missing', '--batch-size', '2', '--accumulate', '3'],
      /3 batches per update .* there are 2 steps/,
    ],
  ];
  for (const [flags, message] of refusals) {
    const ended = await train(...flags);
    expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringMatching(message)]);
  }
  const flags = ['--ignore-missing', '--network', 'toy', '--batch-size', '1', '--epochs', '1'];
  const average = ['--ema', '0.25', '--ema-overwrite', '2'];
  const ended = await train(...flags, '--accumulate', '3', '--clip-norm', '0.5', ...average);
  expect(ended.code, ended.stderr).toBe(0);
  const words =
    'Adam with learning rate 0.001, gradients clipped to norm 0.5, 3 batches per update, ' +
    'the network an average of the weights with momentum 0.25, going on from it every 2 updates';
  expect(ended.stdout).toContain(words);
  const history = JSON.parse(await readFile(join(scratch.path('out'), 'history.json'), 'utf8'));
  expect(history.optimizer).toBe(words);
});

it('--freeze, --frozen-norms, --rate-of: refused where they make no sense, else said and kept', async () => {
  const out = scratch.path('frozen');
  const refusals: [string[], RegExp][] = [
    [['--freeze', 'conv7'], /freeze: densenet121 has no layer 'conv7'. There is conv1, conv2/],
    [['--freeze', 'base,head'], /nothing of densenet121 is left to learn/],
    [['--freeze', 'conv1', '--rate-of', 'conv1/bn=2'], /every layer of 'conv1\/bn' is frozen/],
    [['--frozen-norms', 'training'], /no batch norm is frozen/],
    [['--rate-of', 'conv1=0'], /conv1 is 0.*Freeze/],
    [['--rate-of', 'conv1'], /'conv1' is no layers=factor/],
  ];
  for (const [flags, message] of refusals) {
    const ended = await train('--out', out, '--ignore-missing', ...flags);
    expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringMatching(message)]);
  }
  const flags = '--ignore-missing --size 32 --batch-size 2 --epochs 1 --freeze conv1,conv2 --freeze pool2';
  const ended = await train('--out', out, ...flags.split(' '), '--rate-of', 'head=10');
  expect(ended.code, ended.stderr).toBe(0);
  const lines = [
    'Frozen: conv1, conv2, pool2: 28 of 242 layers, 377,856 of 6,968,206 parameters; ' +
      'their batch norms by moving averages, which stay',
    'Learning rate times 10: head: 1 layer, 14,350 parameters',
  ];
  for (const line of lines) expect(ended.stdout).toContain(line);
  const history = JSON.parse(await readFile(join(out, 'history.json'), 'utf8'));
  expect(history.layers).toEqual(lines);
});
