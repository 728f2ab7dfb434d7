/** Labels of one's own on the command line: trained, kept with the weights, predicted, scored, exchanged for others. */
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { readWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { randomRows, writeImages } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const data = scratch.path('data');
const first = scratch.path('first');
const small = '--network toy --size 32 --batch-size 4 --epochs 1 --steps-per-epoch 1 --workers 0'.split(' ');
const train = (...args: string[]) => chexgpu(['train', '--data', data, ...small, ...args]);

beforeAll(async () => {
  await ensureBuilt();
  for (const [split, patient] of Object.entries({ train: 1, valid: 101, test: 201 })) {
    const rows = randomRows(8, patient, patient);
    await writeImages(data, rows, 32);
    const lines = rows.map(
      ({ image, patient: id }, i) => `${image},${id},${Number(i < 2)},${i % 2},${1 - (i % 2)}`,
    );
    await writeFile(
      join(data, `${split}.csv`),
      ['Image,PatientId,Rare,Odd,"Even, too"', ...lines].join('\n'),
    );
  }
});
afterAll(() => scratch.remove());

it('any columns are trained on, and stay with the weights', async () => {
  const flags =
    '--labels Odd,Rare --sampler balanced --class-weights effective --class-weights-beta 0.9 --label-smoothing 0.1';
  const ended = await train('--out', first, '--save-best', 'best.npz', ...flags.split(' '));
  expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  const said = ended.stdout + ended.stderr;
  expect(said).toContain('Sampler: balanced, each finding as likely as any other and as none');
  expect(said).toContain('Class weights: by the effective number of images, beta 0.9');
  // E(2) = 1.9 and E(6) = 4.68559, so 1/1.9 : 1/4.68559.
  expect(said).toMatch(/Rare +2 +0\.250 +0\.711 +0\.289/);
  expect(said).toContain('weighted cross-entropy, labels smoothed by 0.1');
  const history = JSON.parse(await readFile(join(first, 'history.json'), 'utf8'));
  expect(history).toMatchObject({ labels: ['Odd', 'Rare'], sampler: 'balanced' });
  expect(history.lossFunction.settings).toMatchObject({ labelSmoothing: 0.1 });
  const { labels, config } = await readWeightFile(join(first, 'weights.h5'), densenetConfig('toy'));
  expect([labels, config.classes]).toEqual([['Odd', 'Rare'], 2]);
});

it('predictions have them without being told, also by the history alone, and are scored', async () => {
  // An npz has no place for names: they come from history.json.
  const table = scratch.path('p.csv');
  const args = [
    'predict',
    '--weights',
    join(first, 'best.npz'),
    '--data',
    data,
    '--workers',
    '0',
    '--out',
    table,
  ];
  const ended = await chexgpu(args);
  expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  expect((await readFile(table, 'utf8')).split('\n')[0]).toBe('Image,PatientId,Odd,Rare,Odd_pred,Rare_pred');
  const scores = await chexgpu(['evaluate', table, '--json']);
  expect(JSON.parse(scores.stdout).classes.map(({ name }: { name: string }) => name)).toEqual([
    'Odd',
    'Rare',
  ]);
});

it('weights with another head get a new one, and it is said', async () => {
  const weights = join(first, 'weights.h5');
  const ended = await train('--out', scratch.path('second'), '--weights', weights, '--labels', 'Rare,Odd');
  expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  expect(ended.stdout + ended.stderr).toContain(
    'its 2 outputs dropped, head for Rare, Odd drawn with seed 1',
  );
});

it('labels that cannot be trained are refused', async () => {
  const refused = async (...args: string[]) => {
    const ended = await train('--out', scratch.path('refused'), ...args);
    return [ended.code, lastLine(ended)];
  };
  expect(await refused()).toEqual([
    3,
    expect.stringMatching(/"Cardiomegaly" is missing\..*with --labels\.$/),
  ]);
  expect(await refused('--labels', 'Odd,Odd')).toEqual([2, expect.stringMatching(/names Odd twice/)]);
  expect(await refused('--labels', 'Odd,Even')).toEqual([
    3,
    expect.stringMatching(/column "Even" is missing/),
  ]);
  const weights = ['--labels', 'Odd', '--positive-weights', '1,2', '--negative-weights', '1'];
  expect(await refused(...weights)).toEqual([
    2,
    expect.stringMatching(/2 positive class weights for 1 label\./),
  ]);
});
