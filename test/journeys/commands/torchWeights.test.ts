/** PyTorch's weights on the command line: predict, gradcam, train from, convert there and back. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LABELS } from '../../../src/data/tables/labels.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { opNorm, XRV_LABELS } from '../../../src/densenet/weights/torch/torchFacts.js';
import { writeTorchSafetensors } from '../../../src/densenet/weights/torch/torchWrite.js';
import { readWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { differences, randomWeights } from '../../densenet/weights/keras/h5Fixtures.js';
import { csvOf, noisePng, randomRows, writeImages } from '../../support/files/imageFolder.js';
import { asPyTorch } from '../../support/files/safetensors.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const image = scratch.path('image.png');
const XRV = densenetConfig('densenet121', { inputChannels: 1, classes: 18 });
const IMAGENET = densenetConfig('densenet121', { classes: 1000 });
const xrv = scratch.path('xrv.safetensors');
const plain = scratch.path('plain.safetensors');
const imagenet = scratch.path('imagenet.safetensors');

/** Lung Lesion and all behind it were never trained, as in torchxrayvision's model of NIH's X-rays. */
const thresholds = Float32Array.from({ length: 18 }, (_, i) => (i < 14 ? 0.02 + 0.01 * i : Number.NaN));

async function predict(weights: string, ...flags: string[]) {
  const args = ['predict', '--weights', weights, '--size', '32', '--json', ...flags, image];
  const ended = await chexgpu([...args, '--overwrite', '--out', scratch.path('p.csv')]);
  expect(ended.code, ended.stderr).toBe(0);
  return { ...ended, p: JSON.parse(ended.stdout).predictions[0].probabilities as Record<string, number> };
}

beforeAll(async () => {
  await ensureBuilt();
  const weights = generatedWeights(XRV, 1);
  weights.set(
    'conv1/conv/kernel',
    weights.get('conv1/conv/kernel')!.map((v) => v / 512),
  );
  await writeFile(xrv, asPyTorch(writeTorchSafetensors(weights, XRV, { thresholds })));
  await writeFile(plain, asPyTorch(writeTorchSafetensors(weights, XRV)));
  await writeFile(imagenet, asPyTorch(writeTorchSafetensors(randomWeights(IMAGENET), IMAGENET)));
  await writeFile(image, noisePng(1, 32));
});
afterAll(() => scratch.remove());

describe('weights of torchxrayvision', () => {
  it('predict their own outputs on their own scale, and say so', async () => {
    const { p, stderr } = await predict(xrv);
    expect(Object.keys(p)).toEqual(XRV_LABELS.slice(0, 14));
    expect(stderr).toMatch(/safetensors of torchxrayvision, 606 tensors, 1 input channel, 18 outputs/);
    expect(stderr).toMatch(/Outputs: 18 labels, 4 never trained and left out, .*op_threshs/);
    expect(stderr).toMatch(/Pixels: -1024 to 1024, as torchxrayvision; .* 32 px \(bilinear\)/);
    expect(stderr).toMatch(/trained on images of 224 px, not 32/);
    const raw = await predict(plain);
    expect(Object.keys(raw.p)).toEqual([...XRV_LABELS]);
    const wanted = opNorm(Float32Array.from(Object.values(raw.p)), thresholds);
    Object.values(p).forEach((value, i) => {
      expect(value).toBeCloseTo(wanted[i], 5);
    });
  });

  it('predict the 14 findings of a CSV in its order', async () => {
    const rows = randomRows(2, 1);
    await writeImages(scratch.path('data'), rows, 32);
    await writeFile(scratch.path('data', 'test.csv'), csvOf(rows));
    const out = scratch.path('table.csv');
    const args = ['predict', '--weights', xrv, '--size', '32', '--data', scratch.path('data'), '--out', out];
    const ended = await chexgpu(args);
    expect(ended.code, ended.stderr).toBe(0);
    const [header, first] = (await readFile(out, 'utf8')).split('\n').map((line) => line.split(','));
    expect(header.slice(2)).toEqual([...LABELS, ...LABELS.map((label) => `${label}_pred`)]);
    expect(first.slice(2, 16)).toEqual(LABELS.map((label) => (rows[0].positive.includes(label) ? '1' : '0')));
  });

  it('are explained for the classes they have', async () => {
    const out = scratch.path('cams');
    const args = ['gradcam', '--weights', xrv, '--size', '32', '--json', '--out', out, '--classes'];
    const ended = await chexgpu([...args, 'mass,Hernia', image]);
    expect(ended.code, ended.stderr).toBe(0);
    expect((await readdir(out)).sort()).toEqual(['.chexgpu.json', 'image-Hernia.png', 'image-Mass.png']);
    const { p } = await predict(xrv);
    for (const map of JSON.parse(ended.stdout).maps) expect(map.probability).toBeCloseTo(p[map.class], 5);
    const refused = await chexgpu([...args, 'Fracture', image]);
    expect(refused.code).toBe(2);
    expect(lastLine(refused)).toMatch(/no output for Fracture\. Their outputs are Atelectasis, /);
  });
});

describe('weights of torchvision', () => {
  it('do not predict while nobody says what their outputs are', async () => {
    const ended = await chexgpu(['predict', '--weights', imagenet, '--size', '32', image]);
    expect(ended.code).toBe(4);
    expect(lastLine(ended)).toMatch(
      /does not say what its 1000 outputs are, ImageNet's probably\. Name them/,
    );
    const short = await chexgpu(['predict', '--weights', imagenet, '--labels', 'cat,dog', image]);
    expect(short.code).toBe(4);
    expect(lastLine(short)).toMatch(/has 1000 outputs, not 2/);
  });

  it('are a base to train from', async () => {
    for (const [split, seed] of [
      ['train', 1],
      ['valid', 2],
      ['test', 3],
    ] as const) {
      const rows = randomRows(2, seed, 100 * seed);
      await writeImages(scratch.path('data'), rows, 32);
      await writeFile(scratch.path('data', `${split}.csv`), csvOf(rows));
    }
    const out = scratch.path('trained');
    const args = [
      'train',
      '--data',
      scratch.path('data'),
      '--weights',
      imagenet,
      '--size',
      '32',
      '--epochs',
      '1',
    ];
    const ended = await chexgpu([...args, '--batch-size', '2', '--steps-per-epoch', '1', '--out', out]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(ended.stdout + ended.stderr).toMatch(
      /momentum 0\.9 as in PyTorch.*; pixels scaled as in the notebook.*; its 1000 outputs dropped, head drawn/,
    );
    const history = JSON.parse(await readFile(scratch.path('trained', 'history.json'), 'utf8'));
    expect(history).toMatchObject({ bnEpsilon: 1e-5, inputChannels: 3 });

    const file = scratch.path('trained.safetensors');
    const converted = await chexgpu(['convert', scratch.path('trained', 'weights.h5'), file, '--json']);
    expect(converted.code, converted.stderr).toBe(0);
    const { tensors, labels, preprocessing, config } = await readWeightFile(
      file,
      densenetConfig('densenet121'),
    );
    expect({ labels, bnEpsilon: config.bnEpsilon }).toEqual({ labels: [...LABELS], bnEpsilon: 1e-5 });
    expect(preprocessing).toEqual({
      size: 32,
      interpolation: 'nearest',
      scaling: 'keras',
      normalisation: history.normalisation,
    });
    const kept = await readWeightFile(scratch.path('trained', 'weights.h5'), densenetConfig('densenet121'));
    expect(differences(tensors, kept.tensors)).toEqual([]);
  });
});

describe('convert', () => {
  it('gives the same bits there and back, and says what Keras has no place for', async () => {
    const [keras, back] = [scratch.path('xrv.h5'), scratch.path('back.safetensors')];
    const there = await chexgpu(['convert', xrv, keras]);
    expect(there.code, there.stderr).toBe(0);
    const said = there.stdout + there.stderr;
    for (const what of [
      'batch norm epsilon 0.00001',
      '1 input channel',
      'the order of its outputs',
      'how pixels',
    ]) {
      expect(said).toContain(`Not in the file: ${what}`);
    }
    const names = ['--labels', XRV_LABELS.join(','), '--input-channels', '1'];
    const again = await chexgpu(['convert', keras, back, ...names]);
    expect(again.code, again.stderr).toBe(0);
    // The epsilon is PyTorch's again, by the attribute: without it Keras' would be assumed, and said.
    expect(again.stdout + again.stderr).toContain('batch norm epsilon 0.00001;');
    expect(again.stdout + again.stderr).not.toContain('set eps');
    const [first, last] = await Promise.all([xrv, back].map((path) => readWeightFile(path, XRV)));
    expect(differences(first.tensors, last.tensors)).toEqual([]);
    expect(last.labels).toEqual([...XRV_LABELS]);
  });

  it('refuses what makes no sense, and replaces nothing', async () => {
    const pickle = scratch.path('model.pth');
    await writeFile(pickle, Uint8Array.from([0x80, 2, 0x8a, 10]));
    const cases: [string[], number, RegExp][] = [
      [[xrv, scratch.path('x.txt')], 2, /ends in none of \.h5, \.hdf5, \.weights\.h5, \.safetensors/],
      [[xrv, imagenet], 2, /imagenet\.safetensors exists.*--overwrite/],
      [[pickle, scratch.path('x.h5')], 4, /is a pickle of PyTorch.*st\.save_file/],
      [[xrv, scratch.path('x.safetensors'), '--labels', 'a,b'], 4, /has 18 outputs, not 2/],
      [
        [xrv, scratch.path('x.safetensors'), '--format', 'keras3'],
        2,
        /cannot be of format 'keras3'.* Call it x\.weights\.h5/,
      ],
    ];
    const before = await readdir(scratch.path());
    for (const [args, code, message] of cases) {
      const ended = await chexgpu(['convert', ...args]);
      expect(lastLine(ended)).toMatch(message);
      expect(ended.code).toBe(code);
    }
    expect(await readdir(scratch.path())).toEqual(before);
  });
});
