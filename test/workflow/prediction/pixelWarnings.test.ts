/** What commands say of films that lose something on their way to pixels 0..255, and how they are told otherwise. */
import { execFileSync } from 'node:child_process';
import { readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { writeTorchSafetensors } from '../../../src/densenet/weights/torch/torchWrite.js';
import { csvOf, randomRows, type TestRow, writeImages } from '../../support/files/imageFolder.js';
import { GRAY, GRAY_ALPHA, type PngSpec, writePng } from '../../support/files/png.js';
import { asPyTorch } from '../../support/files/safetensors.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const data = scratch.path('data');
const SPLITS: Record<string, TestRow[]> = {
  train: randomRows(6, 1, 100),
  valid: randomRows(2, 2, 200),
  test: randomRows(2, 3, 300),
};
const image = (split: string, row: number) => join(data, 'images', SPLITS[split][row].image);

const SIDE = 32;
const png = (spec: Partial<PngSpec>, value: (i: number) => number | number[]) =>
  writePng({
    width: SIDE,
    height: SIDE,
    bitDepth: 8,
    colorType: GRAY,
    ...spec,
    samples: Array.from({ length: SIDE * SIDE }, (_, i) => value(i)).flat(),
  });

/** A ramp over all 16 bits: nearly all of it white to Keras. */
const film = png({ bitDepth: 16 }, (i) => i * 64);
const sixteenBit = () => [image('train', 0), image('train', 1), image('test', 0)];

beforeAll(async () => {
  await ensureBuilt();
  for (const [split, rows] of Object.entries(SPLITS)) {
    await writeImages(data, rows, SIDE);
    await writeFile(join(data, `${split}.csv`), csvOf(rows));
  }
  for (const file of sixteenBit()) await writeFile(file, film);
  const glass = png({ colorType: GRAY_ALPHA }, (i) => [i % 200, i < 99 ? 0 : 255]);
  await writeFile(image('train', 2), glass);
  await writeFile(
    image('valid', 0),
    png({}, () => 0),
  );
});
afterAll(() => scratch.remove());

const warnings = (text: string) => text.split('\n').filter((line) => /^warning: .*image/.test(line));

describe('films that lose something', () => {
  it('are named by `check` and by `train`, in the same words; a scaling is kept with the weights', async () => {
    const report = await chexgpu(['check', '--data', data]);
    const said = warnings(report.stdout);
    expect(said.join('\n')).toMatch(/3 of 10 images are 16-bit gray with values above 255/);
    expect(said.join('\n')).toMatch(/1 of 10 images has transparent pixels/);
    expect(said.join('\n')).toMatch(/1 of 10 images is of one single value/);
    const deep = await chexgpu(['check', '--data', data, '--scaling', 'depth', '--json']);
    const kinds = (JSON.parse(deep.stdout).findings as { kind: string }[]).map(({ kind }) => kind);
    expect(kinds).toContain('transparent-images');
    expect(kinds).not.toContain('saturating-16-bit');

    const flags = ['--size', '32', '--batch-size', '2', '--epochs', '1', '--steps-per-epoch', '1'];
    const out = scratch.path('trained');
    const trained = await chexgpu(['train', '--data', data, ...flags, '--scaling', 'depth', '--out', out]);
    expect(trained.code, trained.stderr).toBe(0);
    const plain = (lines: string[]) =>
      lines.map((line) => line.replaceAll(`${data}/images/`, '').replace(/of \d+ images/, ''));
    const aboutTransparency = plain(said).filter((line) => line.includes('transparent'));
    expect(plain(warnings(trained.stderr)).filter((line) => line.includes('transparent'))).toEqual(
      aboutTransparency,
    );
    expect(trained.stderr).not.toMatch(/16-bit gray/);
    expect(JSON.parse(await readFile(join(out, 'history.json'), 'utf8')).scaling).toBe('depth');

    const weights = join(out, 'weights.h5');
    const csv = scratch.path('p.csv');
    const predicted = await chexgpu(['predict', '--weights', weights, '--out', csv, image('test', 0)]);
    expect(predicted.code, predicted.stderr).toBe(0);
    expect(warnings(predicted.stderr)).toEqual([]);
    const refused = await chexgpu(['predict', '--weights', weights, '--scaling', 'keras', image('test', 0)]);
    expect(lastLine(refused)).toMatch(/trained with --scaling depth, not keras/);
    expect(refused.code).toBe(2);

    const portable = scratch.path('portable.safetensors');
    await chexgpu(['convert', weights, portable]);
    const moved = scratch.path('q.csv');
    const again = await chexgpu(['predict', '--weights', portable, '--out', moved, image('test', 0)]);
    expect(again.code, again.stderr).toBe(0);
    expect(await readFile(moved, 'utf8')).toBe(await readFile(csv, 'utf8'));
  });

  it('are refused where clipping would break what PyTorch weights expect', async () => {
    const config = densenetConfig('densenet121', { inputChannels: 1, classes: 18 });
    const weights = scratch.path('xrv.safetensors');
    const tensors = generatedWeights(config, 1);
    tensors.set(
      'conv1/conv/kernel',
      tensors.get('conv1/conv/kernel')!.map((v) => v / 512),
    );
    const file = writeTorchSafetensors(tensors, config, {});
    await writeFile(weights, asPyTorch(file));
    const predict = (...flags: string[]) =>
      chexgpu([
        'predict',
        '--weights',
        weights,
        '--size',
        '32',
        '--out',
        scratch.path('x.csv'),
        '--overwrite',
        ...flags,
      ]);
    const refused = await predict(image('test', 0));
    expect(lastLine(refused)).toMatch(/\.png is 16-bit gray.*would be clipped.*--scaling depth/);
    expect(refused.code).toBe(3);
    const deep = await predict('--scaling', 'depth', image('test', 0));
    expect(deep.code, deep.stderr).toBe(0);
    for (const flags of [['--scaling', 'range'], ['--samplewise']]) {
      const wrong = await predict(...flags, image('test', 1));
      expect(lastLine(wrong)).toMatch(/these weights expect|These weights expect/);
      expect(wrong.code).toBe(2);
    }
  });
});

describe('images that never end, or are none', () => {
  it('are named by `check` and `train`, which come to an end', async () => {
    const odd = scratch.path('odd');
    const rows = ['a', 'b', 'c', 'd'].map((name, i) => ({ image: `${name}.png`, patient: i, positive: [] }));
    await writeImages(odd, rows, SIDE);
    for (const split of ['train', 'valid', 'test']) await writeFile(join(odd, `${split}.csv`), csvOf(rows));
    const path = (name: string) => join(odd, 'images', `${name}.png`);
    for (const name of await readdir(join(odd, 'images'))) await rm(join(odd, 'images', name));
    execFileSync('mkfifo', [path('a')]);
    await symlink('/dev/zero', path('b'));
    await writeFile(path('c'), Buffer.concat([Buffer.alloc(128), Buffer.from('DICM'), Buffer.alloc(99)]));
    await writeFile(
      path('d'),
      png({}, (i) => i % 256),
    );
    const report = await chexgpu(['check', '--data', odd]);
    expect(report.code).toBe(3);
    expect(report.stdout).toMatch(/cannot be read:.*c\.png is a DICOM/);
    expect(report.stdout).toMatch(
      /2 images not in .*\(a\.png, b\.png\): .*a\.png is a pipe, a socket or a device/,
    );
    const train = await chexgpu(['train', '--data', odd, '--size', '32', '--out', scratch.path('none')]);
    expect(train.code).toBe(3);
    expect(lastLine(train)).toMatch(/a pipe, a socket or a device/);
  });

  it('and a size that the adapter cannot hold is refused before they are opened', async () => {
    const ended = await chexgpu(['train', '--data', data, '--size', '16384', '--out', scratch.path('huge')]);
    expect(lastLine(ended)).toMatch(
      /6 images of 16384 x 16384 pixels does not fit.*may have \d+ x \d+ pixels/,
    );
    expect(ended.code).toBe(6);
  });
});
