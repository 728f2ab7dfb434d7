/** `--network toy`: the commands take the package's trained toy, at its own 16 px. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { drawPhantom, makeCohort } from '../../../src/data/phantoms/index.js';
import { LABELS as CLASSES } from '../../../src/data/tables/labels.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { TOY_WEIGHTS } from '../../../src/densenet/weights/publicFiles.js';
import { readWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { rocAuc } from '../../../src/eval/scores/roc.js';
import { loadWeights } from '../../../src/workflow/weights/loadWeights.js';
import { csvOf, type TestRow } from '../../support/files/imageFolder.js';
import { GRAY, writePng } from '../../support/files/png.js';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';

const scratch = scratchFolder();
const NOTICE = 'trained on drawings; says nothing of a patient';
const LABELS = ['Cardiomegaly', 'Effusion', 'Pneumothorax', 'Edema'];
const SIDE = 64;

const data = scratch.path('data');
const rows: TestRow[] = [];
const imageOf = (row: number) => join(data, 'images', rows[row].image);

async function run(...args: string[]) {
  const ended = await chexgpu([...args, '--json']);
  expect([ended.code, ended.code === 0 ? '' : ended.stderr]).toEqual([0, '']);
  return { stderr: ended.stderr, said: JSON.parse(ended.stdout) };
}

/** Phantoms that no network was trained on, as a folder with its splits. */
beforeAll(async () => {
  await ensureBuilt();
  await mkdir(join(data, 'images'), { recursive: true });
  for (const [i, spec] of makeCohort({ images: 40, seed: 77, balanced: true }).entries()) {
    const { pixels: samples } = drawPhantom(spec, SIDE);
    const file = writePng({ width: SIDE, height: SIDE, bitDepth: 8, colorType: GRAY, samples });
    const positive = spec.labels.flatMap((one, c) => (one === 1 ? [CLASSES[c]] : []));
    rows.push({ image: `${i}.png`, patient: i, positive });
    await writeFile(imageOf(i), file);
  }
  await writeFile(join(data, 'train.csv'), csvOf(rows.slice(0, 30)));
  await writeFile(join(data, 'valid.csv'), csvOf(rows.slice(30, 36)));
  await writeFile(join(data, 'test.csv'), csvOf(rows.slice(36)));
  await writeFile(join(data, 'all.csv'), csvOf(rows));
});
afterAll(() => scratch.remove());

describe('the toy', () => {
  it('lies in the package: the same numbers by the reader for Node and by that for browsers', async () => {
    const asked = densenetConfig('toy');
    const read = await readWeightFile(TOY_WEIGHTS, asked);
    expect(read.config).toEqual(asked);
    expect([read.labels, read.notice, read.bytes < 12_000]).toEqual([LABELS, NOTICE, true]);
    expect(read.preprocessing).toMatchObject({ size: 16, interpolation: 'box' });
    const loaded = await loadWeights(new Blob([await readFile(read.path)]));
    expect(loaded.config).toEqual(asked);
    expect([...loaded.weights]).toEqual([...read.tensors]);
  });

  it('predicts what it was taught, of drawings that it never saw', async () => {
    const csv = ['--csv', join(data, 'all.csv'), '--images', join(data, 'images')];
    const { stderr, said } = await run('predict', '--network', 'toy', ...csv, '--out', scratch.path('p.csv'));
    expect(stderr).toContain(`These weights: ${NOTICE}.`);
    expect(stderr).toContain('sha256 verified: the toy, trained on drawn X-rays at 16 px');
    expect([said.notice, said.size]).toEqual([NOTICE, 16]);
    for (const label of LABELS) {
      const truth = rows.map(({ positive }) => (positive.includes(label) ? 1 : 0));
      const p = said.predictions.map(
        (one: { probabilities: Record<string, number> }) => one.probabilities[label],
      );
      expect(rocAuc(truth, p).auc, label).toBeGreaterThan(0.7);
    }
  });

  it('is explained and inspected without its weights being named', async () => {
    const maps = await run('gradcam', '--network', 'toy', imageOf(0), '--out', scratch.path('maps'));
    expect(maps.said).toMatchObject({ notice: NOTICE, size: 16 });
    const page = scratch.path('page.html');
    const { said } = await run('inspect', '--network', 'toy', imageOf(0), '--out', page);
    expect(said).toMatchObject({ notice: NOTICE, size: 16 });
    expect(said.outputs.map(({ label }: { label: string }) => label)).toEqual(LABELS);
  });

  it('trains at 16 px', async () => {
    const steps = ['--batch-size', '8', '--epochs', '1', '--steps-per-epoch', '2', '--workers', '0'];
    const out = scratch.path('trained');
    const from = ['--weights', TOY_WEIGHTS, '--labels', LABELS.join()];
    const { stderr } = await run(
      'train',
      '--network',
      'toy',
      '--data',
      data,
      ...from,
      ...steps,
      '--out',
      out,
    );
    expect(stderr).toMatch(/images of 16 px/);
    const history = JSON.parse(await readFile(join(out, 'history.json'), 'utf8'));
    expect(history).toMatchObject({ network: 'toy', size: 16, inputChannels: 1, labels: LABELS });
  });
});
