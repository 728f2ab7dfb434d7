import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABELS } from '../../../src/data/tables/labels.js';
import { densenetConfig, parameterTable } from '../../../src/densenet/architecture.js';
import { readWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { readPredictionsCsv } from '../../../src/eval/scores/predictionsCsv.node.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';
import type { Ended } from '../../support/programs/nodeProgram.js';

const scratch = scratchFolder();
const SMALL = [
  '--size',
  '32',
  '--batch-size',
  '2',
  '--epochs',
  '2',
  '--steps-per-epoch',
  '2',
  '--workers',
  '1',
];

/** One tiny job on phantoms, which the tests below look at from all sides. */
let first: Ended;
const run = (name: string, ...extra: string[]) =>
  chexgpu([
    'run',
    '--from-scratch',
    '--phantoms',
    '24',
    ...SMALL,
    '--out',
    scratch.path(name),
    '--json',
    ...extra,
  ]);

beforeAll(async () => {
  await ensureBuilt();
  first = await run('first');
});
afterAll(() => scratch.remove());

describe('chexgpu run', () => {
  it('ends with 0 and one JSON document; the adapter is the first line', () => {
    expect([first.code, first.signal]).toEqual([0, null]);
    const summary = JSON.parse(first.stdout);
    expect(summary.stepLosses).toHaveLength(4);
    expect(summary.epochs.map((e: { epoch: number }) => e.epoch)).toEqual([1, 2]);
    expect(Object.keys(summary.auc)).toEqual([...LABELS]);
    expect(first.stderr.split('\n').find((line) => !line.startsWith('Warning'))).toMatch(
      /^Adapter: .+ \(.+\)$/,
    );
    expect(first.stderr).toContain('getting train generator...');
    expect(first.stderr).toMatch(/Found \d+ validated image filenames\./);
  });

  it('leaves every file and nothing else behind', async () => {
    expect((await readdir(scratch.path('first'))).sort()).toEqual([
      '.chexgpu.json',
      'figures',
      'history.json',
      'images',
      'phantoms',
      'predictions.csv',
      'report.html',
      'report.json',
      'weights.h5',
    ]);
    expect(await readdir(scratch.path())).toEqual(['first']);
    const html = await readFile(scratch.path('first', 'report.html'), 'utf8');
    for (const section of [
      'data',
      'samples',
      'frequencies',
      'contributions',
      'model',
      'roc',
      'gradcam',
      'timings',
    ]) {
      expect(html).toContain(`<section id="${section}">`);
    }
    const report = JSON.parse(await readFile(scratch.path('first', 'report.json'), 'utf8'));
    expect(report.data.splits.map((s: { file: string }) => s.file)).toEqual([
      'phantoms/train.csv',
      'phantoms/valid.csv',
      'phantoms/test.csv',
    ]);
    expect(report.gradcam.length).toBeGreaterThan(0);
    const history = JSON.parse(await readFile(scratch.path('first', 'history.json'), 'utf8'));
    expect(history.step_loss).toEqual(JSON.parse(first.stdout).stepLosses);
    expect(history.val_loss).toHaveLength(2);
  });

  it('saves all weights as Keras does', async () => {
    const config = densenetConfig('densenet121');
    const { tensors, report } = await readWeightFile(scratch.path('first', 'weights.h5'), config);
    expect([...tensors.keys()].sort()).toEqual(
      parameterTable(config)
        .map((spec) => spec.key)
        .sort(),
    );
    expect(report.head).toBe(true);
  });

  it('gives the same losses, weights and predictions for the same seed, to the last bit', async () => {
    const again = await run('again', '--workers', '0');
    const other = await run('other', '--seed', '2');
    const losses = (ended: Ended) => JSON.parse(ended.stdout).stepLosses;
    expect(losses(again)).toEqual(losses(first));
    expect(losses(other)).not.toEqual(losses(first));
    for (const file of ['weights.h5', 'predictions.csv', 'phantoms/boxes.csv']) {
      const [a, b] = await Promise.all(['first', 'again'].map((name) => readFile(scratch.path(name, file))));
      expect(a.equals(b), file).toBe(true);
    }
  });

  it('does not replace a run silently', async () => {
    const before = await readFile(scratch.path('first', 'report.html'));
    const ended = await run('first');
    expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringContaining('add --overwrite')]);
    expect((await readFile(scratch.path('first', 'report.html'))).equals(before)).toBe(true);
  });

  it('stops at Ctrl-C with 130 and leaves nothing', async () => {
    let sent = false;
    const ended = await chexgpu(
      [
        'run',
        '--data',
        scratch.path('first', 'phantoms'),
        '--size',
        '32',
        '--batch-size',
        '2',
        '--epochs',
        '500',
        // Its lines come on stderr then.
        '--json',
      ].concat('--out', scratch.path('stopped')),
      {},
      {
        onStderr: (text, child) => {
          if (sent || !/^Training on/m.test(text)) return;
          sent = true;
          child.kill('SIGINT');
        },
      },
    );
    expect([ended.code, ended.signal]).toEqual([130, null]);
    expect(lastLine(ended)).toMatch(/Interrupted: nothing was left half-written/);
    expect((await readdir(scratch.path())).filter((name) => name.includes('stopped'))).toEqual([]);
  });
});

describe('the single steps', () => {
  const data = scratch.path('first', 'phantoms');
  const weights = scratch.path('first', 'weights.h5');

  it('`predict` takes size and statistics from the training and repeats the predictions of the run', async () => {
    const out = scratch.path('repeated.csv');
    const ended = await chexgpu(['predict', '--weights', weights, '--data', data, '--out', out]);
    expect(ended.code).toBe(0);
    const [got, want] = await Promise.all(
      [out, scratch.path('first', 'predictions.csv')].map((file) => readPredictionsCsv(file, LABELS)),
    );
    expect(got.images).toEqual(want.images);
    const worst = got.predictions.reduce(
      (most, p, i) => Math.max(most, Math.abs(p - want.predictions[i])),
      0,
    );
    expect(worst).toBeLessThan(1e-5);
  });

  it('`predict` of image files prints their probabilities', async () => {
    const out = scratch.path('files.csv');
    const images = (await readdir(`${data}/images`)).slice(0, 3).map((name) => `${data}/images/${name}`);
    const ended = await chexgpu(['predict', '--weights', weights, '--out', out, '--json', ...images]);
    expect(ended.code).toBe(0);
    const { predictions } = JSON.parse(ended.stdout);
    expect(predictions.map((p: { image: string }) => p.image)).toEqual(images);
    expect(Object.keys(predictions[0].probabilities)).toEqual([...LABELS]);
    const lines = (await readFile(out, 'utf8')).trim().split('\n');
    expect(lines[0]).toBe(['Image', ...LABELS.map((label) => `${label}_pred`)].join(','));
    expect(lines).toHaveLength(4);
  });

  it('`evaluate` scores the predictions as the run did and draws the curves', async () => {
    const out = scratch.path('scores');
    const ended = await chexgpu([
      'evaluate',
      scratch.path('first', 'predictions.csv'),
      '--out',
      out,
      '--json',
    ]);
    expect(ended.code).toBe(0);
    const { meanAuc, best } = JSON.parse(ended.stdout);
    expect({ meanAuc, best }).toEqual({
      meanAuc: JSON.parse(first.stdout).meanAuc,
      best: JSON.parse(first.stdout).best,
    });
    expect(await readFile(`${out}/roc.svg`, 'utf8')).toMatch(/^<svg/);
    expect(existsSync(`${out}/evaluation.json`)).toBe(true);
  });

  it('`gradcam` writes one PNG for each image and class', async () => {
    const out = scratch.path('maps');
    const [image] = await readdir(`${data}/images`);
    const classes = ['--classes', 'mass,Pleural Thickening', '--score', 'logit'];
    const ended = await chexgpu([
      'gradcam',
      '--weights',
      weights,
      ...classes,
      '--out',
      out,
      '--json',
      `${data}/images/${image}`,
    ]);
    expect(ended.code).toBe(0);
    const stem = image.replace('.png', '');
    expect((await readdir(out)).sort()).toEqual([
      '.chexgpu.json',
      `${stem}-Mass.png`,
      `${stem}-Pleural_Thickening.png`,
    ]);
    const { maps } = JSON.parse(ended.stdout);
    expect(maps[0].title).toMatch(/^Mass: p=0\.\d{3}$/);
  });

  it('`gradcam --data` plays the pointing game that the run played', async () => {
    const out = scratch.path('pointing');
    const ended = await chexgpu(['gradcam', '--weights', weights, '--data', data, '--out', out, '--json']);
    expect(ended.code, ended.stderr).toBe(0);
    const { result, maps } = JSON.parse(ended.stdout);
    const [header, ...rows] = (await readFile(join(out, 'pointing.csv'), 'utf8')).trimEnd().split('\n');
    expect(header).toBe('Image,Label,probability,x,y,in_box,chance');
    expect(rows).toHaveLength(maps.length);
    expect(rows.filter((row) => row.split(',')[5] === '1')).toHaveLength(result.all.hits);
    expect(result.all).toEqual(JSON.parse(first.stdout).pointing);
    // Those that the run predicted above one half, that are there, and have a box.
    const boxed = new Set(
      (await readFile(join(data, 'boxes.csv'), 'utf8')).split('\n').map((row) => row.split(',', 2).join()),
    );
    expect(maps.length).toBeGreaterThan(0);
    for (const { image, label, probability } of maps) {
      expect(probability).toBeGreaterThan(0.5);
      expect(boxed).toContain(`${image},${label}`);
    }
  });

  it.each([
    [['--classes', 'Mass', '--data', data], /--classes is for image files/],
    [['--data', data, join(data, 'images', 'x.png')], /Image files were given, and a CSV/],
    [['--data', data, '--boxes', 'none.csv'], /none\.csv is not there, or empty/],
    [[], /nothing to explain/],
  ])('`gradcam` refuses %j', async (args, line) => {
    const ended = await chexgpu(['gradcam', '--weights', weights, '--out', scratch.path('none'), ...args]);
    expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringMatching(line)]);
  });

  it('`train` goes on from weights and writes weights and history', async () => {
    const out = scratch.path('trained');
    const ended = await chexgpu([
      'train',
      '--data',
      data,
      ...SMALL,
      '--weights',
      weights,
      '--out',
      out,
      '--json',
    ]);
    expect(ended.code).toBe(0);
    expect((await readdir(out)).sort()).toEqual([
      '.chexgpu.json',
      'checkpoint.h5',
      'history.json',
      'weights.h5',
    ]);
    expect(JSON.parse(ended.stdout).training.stepLosses).toHaveLength(4);
    const config = densenetConfig('densenet121');
    const [before, after] = await Promise.all(
      [weights, `${out}/weights.h5`].map((file) => readWeightFile(file, config)),
    );
    const key = 'dense_1/kernel';
    expect(after.tensors.get(key)).not.toEqual(before.tensors.get(key));
  });

  it('`check` finds no error in phantoms; `doctor` none in a kernel', async () => {
    expect((await chexgpu(['check', '--data', data])).code).toBe(0);
    const ended = await chexgpu(['doctor', '--kernel', 'loss', '--json']);
    expect(ended.code).toBe(0);
    const { ok, selfTest, adapter, limits } = JSON.parse(ended.stdout);
    expect(ok).toBe(true);
    expect(selfTest.length).toBeGreaterThan(3);
    expect(adapter.name).not.toBe('');
    expect(limits.maxStorageBufferBindingSize).toBeGreaterThan(1e6);
  });

  it('`phantoms` draws the same bytes for the same seed', async () => {
    const make = (name: string) =>
      chexgpu(['phantoms', '--out', scratch.path(name), '--images', '4', '--size', '64', '--seed', '9']);
    await make('p1');
    await make('p2');
    const [image] = await readdir(scratch.path('p1', 'images'));
    for (const file of ['train.csv', `images/${image}`]) {
      const [a, b] = await Promise.all(['p1', 'p2'].map((name) => readFile(scratch.path(name, file))));
      expect(a.equals(b), file).toBe(true);
    }
    await writeFile(scratch.path('p1', 'mine.txt'), 'mine');
    const ended = await make('p1');
    expect(ended.code).toBe(2);
    expect(existsSync(scratch.path('p1', 'mine.txt'))).toBe(true);
  });

  it('every command has help with examples', async () => {
    for (const name of ['run', 'train', 'predict', 'evaluate', 'gradcam', 'check', 'phantoms', 'doctor']) {
      const { code, stdout } = await chexgpu([name, '--help']);
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`Examples:\\n  (\\w+=\\S+ )?chexgpu ${name}`));
    }
  });
});
