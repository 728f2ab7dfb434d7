/** What a run's checkpoints keep, what is said where something changed meanwhile, and a disk that refuses. */
import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DataError, NonFiniteError } from '../../../src/core/errors.js';
import type { Frame } from '../../../src/data/tables/frame.js';
import { loadCheckpoint } from '../../../src/densenet/checkpoint/checkpointFile.node.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import type { Plan } from '../../../src/engine/plan/plan.js';
import type { Checkpoint } from '../../../src/training/checkpoint.js';
import type { Dataset } from '../../../src/workflow/data/dataset.node.js';
import { SILENT } from '../../../src/workflow/reporter.js';
import {
  CHECKPOINT_FILE,
  Checkpoints,
  type RunAbout,
} from '../../../src/workflow/training/checkpoints.node.js';
import { TINY } from '../../support/networks/tinyNet.js';

const training = {
  epoch: 1,
  step: 2,
  weightedLoss: 1,
  images: 4,
  ms: 1,
  learningRate: 0.1,
  stepsPerEpoch: 3,
};
const checkpoint: Checkpoint = {
  training: { ...training, stopReason: null, batch: 2, source: null, validation: null, callbacks: {} },
  weights: initialWeights(TINY, 4),
  optimizer: { optimizer: 'sgd', iterations: 5, slots: {}, settings: { learningRate: 0.1 } },
};
const PLAN = { size: 32, batchSize: 2, epochs: 3, stepsPerEpoch: 3 };
const PREPARED = {
  config: TINY,
  preparation: { size: 32, batchSize: 2, seed: 1, interpolation: 'nearest', scaling: 'keras' } as const,
  plan: PLAN,
  normalisation: { kind: 'none' } as const,
  labels: ['one', 'two'],
};
const FACTS = { argv: ['train'], cwd: '/', version: '1.0.0', adapter: 'an adapter' };

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chexgpu-checkpoints-'));
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  for (const name of ['a.png', 'b.png']) {
    await writeFile(join(folder, name), name);
    await utimes(join(folder, name), 1000, 1000);
  }
});

const frame = (images: readonly string[], labels: readonly number[]): Frame => ({
  file: 'train.csv',
  images,
  patientIds: images.map((_, i) => `${i}`),
  classes: ['one', 'two'],
  labels: Float32Array.from(labels),
  lines: images.map((_, i) => i + 2),
});
const dataset = (images = ['a.png', 'b.png'], labels = [0, 1, 1, 0]): Dataset => ({
  source: 'test',
  train: frame(images, labels),
  valid: frame([], []),
  test: frame(['b.png'], [0, 1]),
  images: folder,
  boxes: '',
});
const plan = (kernel: string, label = 'train') =>
  ({ label, dispatches: [{ kernel: { name: kernel }, label: 'x', params: {} }] }) as unknown as Plan;

/** Checkpoints of a run, and what they say. */
async function run(
  about?: RunAbout,
  { data = dataset(), facts = FACTS, plans = [plan('a kernel')], publish = async () => {} } = {},
) {
  const said: string[] = [];
  const out = { ...SILENT, say: (line: string) => said.push(line), warn: (line: string) => said.push(line) };
  const context = { out, signal: new AbortController().signal };
  const job = { facts, resumed: about && { checkpoint, about } };
  const checkpoints = await Checkpoints.of(
    context,
    job,
    { target: '/runs/x', staged: folder, publish },
    data,
  );
  const keeping = checkpoints.keeping(PREPARED, () => [])!;
  keeping.planned(plans);
  return { said, checkpoints, keeping };
}

async function kept(): Promise<RunAbout> {
  const { keeping } = await run();
  await keeping.save(checkpoint);
  const stored = await loadCheckpoint(join(folder, CHECKPOINT_FILE));
  expect(stored.checkpoint).toEqual(checkpoint);
  return stored.about as unknown as RunAbout;
}

describe('a checkpoint of a run', () => {
  it('says by which command and on what it was made; with all as it was nothing is said', async () => {
    const about = await kept();
    expect(about).toMatchObject({ kind: 'chexgpu train', ...FACTS, plan: PLAN, saved: [] });
    expect((await run(about)).said).toEqual([]);
  });

  it.each<[string, () => Parameters<typeof run>[1], string]>([
    [
      'labels',
      () => ({ data: dataset(undefined, [1, 1, 1, 0]) }),
      'Labels, or images of validation and test',
    ],
    ['the version', () => ({ facts: { ...FACTS, version: '2.0.0' } }), 'by version 1.0.0; this is 2.0.0.'],
    ['the adapter', () => ({ facts: { ...FACTS, adapter: 'another' } }), 'on an adapter; this is another.'],
  ])('is one of other %s', async (_, more, words) => {
    const { said } = await run(await kept(), more());
    expect(said).toHaveLength(1);
    expect(said[0]).toContain(words);
    expect(said[0]).toContain('not promised to the last bit');
  });

  it('is one of other files, or kernels', async () => {
    const about = await kept();
    // Also where the newest of all is as old as before.
    for (const time of [2000, 500]) {
      await utimes(join(folder, 'a.png'), time, time);
      expect((await run(about)).said[0]).toContain('other dates; their contents were not compared');
    }
    await writeFile(join(folder, 'a.png'), 'longer than before');
    expect((await run(about)).said[0]).toContain('Image files changed: they have other sizes.');
    const { said } = await run(about, { plans: [plan('another kernel')] });
    expect(said.some((line) => line.startsWith('Other kernels'))).toBe(true);
  });

  it('may need other plans when there are more epochs, and remembers those of before', async () => {
    const plans = [plan('a kernel'), plan('b kernel', 'a last batch')];
    const more = await run(await kept(), { plans });
    expect(more.said).toEqual([]);
    await more.keeping.save(checkpoint);
    const { about } = await loadCheckpoint(join(folder, CHECKPOINT_FILE));
    const other = [plan('another kernel', 'a last batch')];
    const fewer = await run(about as unknown as RunAbout, { plans: other });
    expect(fewer.said[0]).toContain('Other kernels');
  });

  it('of images in another order is refused', async () => {
    const data = dataset(['b.png', 'a.png']);
    await expect(run(await kept(), { data })).rejects.toThrow(DataError);
    await expect(run(await kept(), { data })).rejects.toThrow('`weights: /runs/x/checkpoint.h5`');
  });
});

describe('a training that ends before its time', () => {
  it('says how to go on, but not to the same end', async () => {
    const { said, checkpoints, keeping } = await run();
    checkpoints.sayHowToGoOn(new Error('x'));
    expect(said).toEqual([]);
    await keeping.save(checkpoint);
    checkpoints.sayHowToGoOn(new NonFiniteError('x'));
    expect(said).toEqual([]);
    checkpoints.sayHowToGoOn(new Error('x'));
    expect(said).toEqual([
      'The last checkpoint stands at epoch 2, step 2 of 3',
      'Go on with: chexgpu train --resume /runs/x',
    ]);
  });

  it('goes on training where the disk refuses a checkpoint, and says so', async () => {
    const publish = async () => {
      throw new DataError('/runs/x could not be written: the disk is full.');
    };
    const { said, checkpoints, keeping } = await run(undefined, { publish });
    await keeping.save(checkpoint);
    expect(said).toEqual([
      '/runs/x could not be written: the disk is full. The checkpoint before this one, if there is one, stays.',
    ]);
    checkpoints.sayHowToGoOn(new Error('x'));
    expect(said).toHaveLength(1);
  });
});
