/** What weight files say of themselves, and what flags say for them, on the command line. */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { readWeightFile, writeWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { noisePng } from '../../support/files/imageFolder.js';
import { chexgpu, ensureBuilt, lastLine, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const image = scratch.path('image.png');
const two = scratch.path('two.safetensors');
const soft = scratch.path('soft.h5');
const TWO = densenetConfig('densenet121', { classes: 2, activation: 'softmax' });

async function run(...args: string[]) {
  const ended = await chexgpu([...args, '--json']);
  expect(ended.code, ended.stderr).toBe(0);
  return { ...ended, document: JSON.parse(ended.stdout) };
}

beforeAll(async () => {
  await ensureBuilt();
  await writeFile(image, noisePng(1, 32));
  await writeWeightFile(two, initialWeights(TWO, 1), TWO, { labels: ['Normal', 'Pneumonia'] });
});
afterAll(() => scratch.remove());

describe('convert', () => {
  it('keeps a softmax there and back', async () => {
    await run('convert', two, soft, '--format', 'keras2-model');
    const back = scratch.path('back.safetensors');
    const { stderr } = await run('convert', soft, back, '--labels', 'Normal,Pneumonia');
    expect(stderr).toMatch(/2 outputs|with the head, softmax, batch norm epsilon 0\.00001001;/);
    const usual = densenetConfig('densenet121');
    const { config, labels } = await readWeightFile(back, usual);
    expect(config).toEqual(TWO);
    expect(labels).toEqual(['Normal', 'Pneumonia']);
  });

  it('takes from flags what a file of weights alone does not say', async () => {
    const [bare, told] = [scratch.path('bare.h5'), scratch.path('told.safetensors')];
    await run('convert', two, bare);
    const { stderr } = await run('convert', bare, told, '--activation', 'softmax', '--bn-epsilon', '0.001');
    expect(stderr).toMatch(/softmax \(as told\), batch norm epsilon 0\.001 \(as told\)/);
    const { config } = await readWeightFile(told, densenetConfig('densenet121'));
    expect(config).toMatchObject({ activation: 'softmax', bnEpsilon: 0.001 });
    const wrong = await chexgpu(['convert', bare, scratch.path('x.h5'), '--input-channels', '1']);
    expect([wrong.code, lastLine(wrong)]).toEqual([
      4,
      expect.stringContaining('has 3 input channels, not 1'),
    ]);
  });

  it('uses no history of other weights, and none that is damaged', async () => {
    const folder = scratch.path('neighbours');
    await mkdir(folder);
    const weights = join(folder, 'downloaded.h5');
    await copyFile(soft, weights);
    const history = {
      schema: 2,
      weights: { file: 'weights.h5', sha256: 'a'.repeat(64) },
      bnEpsilon: 0.5,
    };
    await writeFile(join(folder, 'history.json'), JSON.stringify(history));
    const target = scratch.path('neighbour.safetensors');
    const { document, stderr } = await run('convert', weights, target);
    expect(document).toMatchObject({ bnEpsilon: 1.001e-5, preprocessing: null });
    expect(stderr).toMatch(/history\.json belongs to weights\.h5 .*it is not used/);
    await writeFile(join(folder, 'history.json'), JSON.stringify(history).slice(0, -2));
    const ended = await chexgpu(['convert', weights, target, '--overwrite']);
    expect([ended.code, lastLine(ended)]).toEqual([
      4,
      expect.stringMatching(/history\.json.*no JSON.*--no-history/),
    ]);
  });

  it('refuses a history that contradicts its weights', async () => {
    const folder = scratch.path('contradicted');
    await mkdir(folder);
    const weights = join(folder, 'weights.h5');
    await copyFile(soft, weights);
    const { sha256, config } = await readWeightFile(weights, TWO);
    const history = {
      schema: 2,
      weights: { file: 'weights.h5', sha256 },
      network: config.name,
      size: 64,
      interpolation: 'nearest',
      normalisation: { kind: 'samplewise', epsilon: 0 },
      bnEpsilon: config.bnEpsilon,
      activation: 'softmax',
      inputChannels: 1,
    };
    await writeFile(join(folder, 'history.json'), JSON.stringify(history));
    const ended = await chexgpu(['convert', weights, scratch.path('contradicted.safetensors')]);
    expect([ended.code, lastLine(ended)]).toEqual([
      4,
      expect.stringMatching(/history .* has 1 input channels; it has 3\. .*--no-history/),
    ]);
  });
});

describe('weights with two classes of their own', () => {
  it('are predicted with their own activation', async () => {
    const out = scratch.path('p.csv');
    const flags = ['--weights', soft, '--labels', 'Normal,Pneumonia', '--size', '32', '--out', out];
    const { document } = await run('predict', ...flags, image);
    const { Normal, Pneumonia } = document.predictions[0].probabilities;
    expect(Normal + Pneumonia).toBeCloseTo(1, 6);
    expect(await readFile(out, 'utf8')).toMatch(/^Image,Normal_pred,Pneumonia_pred\n/);
  });

  it('are explained by their names and numbers', async () => {
    const flags = ['--weights', two, '--size', '32', '--out', scratch.path('maps')];
    const long = scratch.path(`${'ü'.repeat(120)}.png`);
    await copyFile(image, long);
    const { document } = await run('gradcam', ...flags, '--classes', 'normal,1', long);
    expect(document.maps.map((map: { class: string }) => map.class)).toEqual(['Normal', 'Pneumonia']);
    // Also in the names of the pictures, however long that of the image.
    const files = document.maps.map((map: { file: string }) => map.file);
    expect(files).toEqual([
      expect.stringMatching(/-Normal\.png$/),
      expect.stringMatching(/-Pneumonia\.png$/),
    ]);
    expect(document.score).toBe('logit');
    const ended = await chexgpu(['gradcam', ...flags, '--score', 'sigmoid', image]);
    expect([ended.code, lastLine(ended)]).toEqual([2, expect.stringContaining('end in a softmax')]);
  });

  it('have no others, and list those they have', async () => {
    const ended = await chexgpu(['gradcam', '--weights', two, '--classes', 'Mass,Cold', image]);
    expect(ended.code).toBe(2);
    expect(lastLine(ended)).toMatch(/no output for Mass, Cold\. Their outputs are Normal, Pneumonia\./);
    const twice = await chexgpu(['gradcam', '--weights', soft, '--labels', 'A,A', image]);
    expect([twice.code, lastLine(twice)]).toEqual([4, expect.stringContaining('two outputs called A')]);
  });
});
