/** The library and the command give the same numbers, whatever file the weights come from. */
import { writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../../src/core/errors.js';
import type { Progress } from '../../../src/core/work.js';
import { LABELS } from '../../../src/data/tables/labels.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { opNorm, XRV_LABELS, XRV_PREPROCESSING } from '../../../src/densenet/weights/torch/torchFacts.js';
import { writeTorchSafetensors } from '../../../src/densenet/weights/torch/torchWrite.js';
import { writeWeightFile } from '../../../src/densenet/weights/weights.node.js';
import { type NodeGpu, openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { asWritten } from '../../../src/eval/scores/predictionsCsv.js';
import { type LoadOptions, loadNetwork } from '../../../src/workflow/prediction/loadNetwork.node.js';
import { shownProbabilities } from '../../../src/workflow/prediction/outputs.js';
import { writeCheckpoint } from '../../../src/workflow/weights/checkpoint.node.js';
import { noisePng } from '../../support/files/imageFolder.js';
import { asPyTorch } from '../../support/files/safetensors.js';
import { generatedWeights } from '../../support/networks/generated.js';
import { chexgpu, ensureBuilt, scratchFolder } from '../../support/programs/cli.js';
import { runNode } from '../../support/programs/nodeProgram.js';
import { refused } from '../../support/refused.js';

const scratch = scratchFolder();
const images = ['a.png', 'b.png'].map((name) => scratch.path(name));
const KERAS = densenetConfig('densenet121');
const XRV = densenetConfig('densenet121', { inputChannels: 1, classes: 18 });
/** Those behind the first 14 were never trained, as in torchxrayvision's model of NIH's X-rays. */
const THRESHOLDS = Float32Array.from({ length: 18 }, (_, i) => (i < 14 ? 0.02 + 0.01 * i : Number.NaN));
/** For speed; torchvision's weights would want 224. */
const size = 32;

const LOSS = {
  name: 'binaryCrossEntropy',
  title: 'binary cross-entropy',
  reduction: 'mean',
  settings: {},
} as const;

const WEIGHTS = generatedWeights(KERAS, 1);

/** Every kind of file: what writes it at a path, and what the user has to say of it. */
const KINDS: Record<
  string,
  { file: string; write: (path: string) => Promise<unknown>; options?: LoadOptions }
> = {
  'weights alone of Keras 2': {
    file: 'keras2.h5',
    write: (path) => writeWeightFile(path, WEIGHTS, KERAS),
  },
  'a whole model of Keras 2': {
    file: 'model.h5',
    write: (path) => writeWeightFile(path, WEIGHTS, KERAS, { format: 'keras2-model' }),
  },
  'weights of Keras 3': {
    file: 'keras3.weights.h5',
    write: (path) => writeWeightFile(path, WEIGHTS, KERAS),
  },
  'weights of torchvision': {
    file: 'torchvision.safetensors',
    write: (path) => writeFile(path, asPyTorch(writeTorchSafetensors(WEIGHTS, KERAS))),
    options: { labels: LABELS },
  },
  'a checkpoint with its history': {
    file: 'weights.h5',
    write: (path) =>
      writeCheckpoint(path.slice(0, -'/weights.h5'.length), {
        config: KERAS,
        labels: LABELS,
        weights: WEIGHTS,
        preparation: { size, batchSize: 1, seed: 1, interpolation: 'bilinear', scaling: 'depth' },
        normalisation: { kind: 'featurewise', mean: [120, 121, 122], std: [60, 61, 62], epsilon: 1e-6 },
        training: {
          loss: LOSS,
          optimizer: 'Adam',
          callbacks: [],
          layers: [],
          batchSize: 1,
          stepLosses: [],
          epochs: [],
          stopped: null,
          weightsEpoch: 1,
        },
      }),
  },
};

let node: NodeGpu;
beforeAll(async () => {
  await ensureBuilt();
  // Of another size than the network's, so that the filter counts.
  for (const [i, path] of images.entries()) await writeFile(path, noisePng(1 + i, 48));
  for (const { file, write } of Object.values(KINDS)) await write(scratch.path(file));
  const weights = generatedWeights(XRV, 1);
  // For pixels of -1024 to 1024.
  const stem = weights.get('conv1/conv/kernel')!.map((value) => value / 512);
  weights.set('conv1/conv/kernel', stem);
  const xrv = asPyTorch(writeTorchSafetensors(weights, XRV, { thresholds: THRESHOLDS }));
  await writeFile(scratch.path('xrv.safetensors'), xrv);
  node = await openNodeGpu({ quiet: true });
});
afterAll(() => {
  node.gpu.dispose();
  scratch.remove();
});

/** What `chexgpu predict` writes of each image, by its --json. */
async function commanded(args: string[]): Promise<Record<string, number>[]> {
  const out = ['--out', scratch.path('p.csv'), '--overwrite', '--json'];
  const { code, stdout, stderr } = await chexgpu(['predict', ...args, ...out]);
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout).predictions.map((row: { probabilities: object }) => row.probabilities);
}

describe('loadNetwork and chexgpu predict', () => {
  it.each(Object.entries(KINDS))('give the same bits for %s', async (_, { file, options }) => {
    const network = await loadNetwork(node.gpu, scratch.path(file), { size, workers: 0, ...options });
    const { labels, predictions } = await network.predictFiles(images);
    const rows = images.map((_, b) =>
      Object.fromEntries(labels.map((label, c) => [label, predictions[b * labels.length + c]])),
    );
    await network.close();
    expect(rows[0]).not.toEqual(rows[1]);
    const named = options?.labels ? ['--labels', options.labels.join(',')] : [];
    const args = ['--weights', scratch.path(file), '--size', String(size), ...named, ...images];
    expect(rows).toEqual(await commanded(args));
  });
});

describe('weights of torchxrayvision', () => {
  it('give the same on their own scale and size: in the library, by the command, in the example', async () => {
    const xrv = scratch.path('xrv.safetensors');
    const image = images[0];
    const network = await loadNetwork(node.gpu, xrv, { workers: 0 });
    const { outputs, preparation } = network.classifier;
    const { labels, predictions } = await network.predictFiles([image]);
    expect(labels).toEqual(XRV_LABELS.slice(0, 14));
    expect(preparation).toMatchObject({ ...XRV_PREPROCESSING, normalisedBy: 'weights' });
    const raw = await network.model.predict(await network.prepareFiles([image]));
    await network.close();
    expect(predictions).toEqual(asWritten(opNorm(raw, THRESHOLDS).slice(0, 14)));
    expect(predictions).toEqual(asWritten(shownProbabilities(outputs, raw).slice(0, 14)));
    expect(predictions).not.toEqual(asWritten(raw.slice(0, 14)));

    const [row] = await commanded(['--weights', xrv, image]);
    expect(Object.values(row)).toEqual([...predictions]);
    const example = new URL('../../../examples/node/predict.mjs', import.meta.url).pathname;
    const { stdout, code, stderr } = await runNode([example, image, xrv], {}, { cwd: scratch.path() });
    expect(code, stderr).toBe(0);
    const printed = labels.map((label, c) => `${predictions[c].toFixed(4)}  ${label}`);
    expect(stdout.split('\n').slice(1, 15)).toEqual(printed);
  });
});

describe('what programs hand over', () => {
  const file = () => scratch.path('keras2.h5');
  const aborted = AbortSignal.abort(new Error('mine'));

  it.each<[string, object | null, RegExp]>([
    ['no options', null, /The options of loadNetwork is null/],
    ['nobody to tell', { out: null }, /out is null/],
    ['no signal', { signal: {} }, /signal is an Object/],
    ['a size that the network cannot halve', { size: 33 }, /33 is not a multiple of 32/],
    ['a filter that there is not', { interpolation: 'sinc' }, /interpolation is 'sinc'/],
    ['labels as one string', { labels: 'abcdefghijklmn' }, /labels is 'abcdefghijklmn', it must be an array/],
  ])('is refused, and nothing stays on the GPU: %s', async (_, options, message) => {
    const before = node.gpu.allocatedBytes;
    const load = () => loadNetwork(node.gpu, file(), (options && { workers: 1, ...options }) as never);
    await refused(load, UsageError, message);
    expect(node.gpu.allocatedBytes).toBe(before);
  });

  it("is refused: no GPU, no path, too few labels for the package's own weights; an abort ends it", async () => {
    await refused(() => loadNetwork({} as never, file()), UsageError, /first argument of loadNetwork/);
    await refused(() => loadNetwork(node.gpu, 5 as never), UsageError, /weights is 5/);
    const two = { labels: LABELS.slice(0, 2) };
    await refused(() => loadNetwork(node.gpu, undefined, two), WeightsError, /has 14 outputs, not 2/);
    await expect(loadNetwork(node.gpu, file(), { signal: aborted })).rejects.toThrow('mine');
  });

  it('is refused by the network too, which can be closed twice and says then that it is', async () => {
    const before = node.gpu.allocatedBytes;
    const network = await loadNetwork(node.gpu, file(), { size, workers: 0 });
    const untyped = network as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
    const wrong: [() => Promise<unknown>, RegExp][] = [
      [() => untyped.predictFiles(images[0]), /files is '.*a\.png', it must be an array/],
      [() => untyped.predictFiles([5]), /files\[0\] is 5, it must be a path/],
      [() => untyped.predictFiles(images, null), /options of a prediction is null/],
      [() => untyped.predictFiles(images, { samplewise: 'yes' }), /samplewise is 'yes'/],
      [() => untyped.predictCsv(null), /The source is null/],
      [() => untyped.prepareFiles([]), /no image files/],
      [() => untyped.predictFiles(images, { samplewize: true }), /have no 'samplewize'/],
      [() => untyped.prepareFiles(images, { batchsize: 1 }), /have no 'batchsize'/],
      [() => untyped.explainFiles(images, { class: ['Mass'] }), /have no 'class'/],
      [() => untyped.explainFiles(null), /files is null/],
      [() => untyped.explainFiles(images, { classes: 'Mass' }), /classes is 'Mass'/],
    ];
    for (const [work, message] of wrong) await refused(work, UsageError, message);
    await Promise.all([network.close(), network.close()]);
    expect(node.gpu.allocatedBytes).toBe(before);
    await refused(() => network.predictFiles(images), UsageError, /disposed|closed/);
  });
});

describe('a signal and onProgress', () => {
  it('of each call end it, and the network works on; close() in the middle leaves nothing', async () => {
    const mine = new Error('mine');
    const before = node.gpu.allocatedBytes;
    const options = { size, workers: 0 };
    const file = scratch.path(KINDS['weights alone of Keras 2'].file);
    const heard = new Set<string>();
    const onProgress = ({ phase }: Progress) => heard.add(phase);
    const network = await loadNetwork(node.gpu, file, { ...options, onProgress });
    expect([...heard]).toEqual(['read', 'upload']);
    const truth = await network.predictFiles(images, { onProgress });
    await network.explainFiles(images.slice(0, 1), { classes: [0], onProgress });
    expect([...heard].sort()).toEqual(['compile', 'explain', 'predict', 'read', 'run', 'upload']);
    for (const wanted of ['run', 'predict', 'explain']) {
      const abort = new AbortController();
      const stop = {
        signal: abort.signal,
        onProgress: ({ phase }: Progress) => {
          if (phase === wanted) abort.abort(mine);
        },
      };
      const call =
        wanted === 'explain' ? network.explainFiles(images, stop) : network.predictFiles(images, stop);
      await expect(call).rejects.toBe(mine);
    }
    const late = { signal: AbortSignal.abort(mine) };
    await expect(network.prepareFiles(images, late)).rejects.toBe(mine);
    await expect(network.predictCsv({ csv: 'x.csv' }, late)).rejects.toBe(mine);
    await expect(network.predictFiles(images, { signal: {} as never })).rejects.toThrow(
      /must be an AbortSignal/,
    );
    expect(await network.predictFiles(images)).toEqual(truth);
    const closing: Promise<void>[] = [];
    const closed = network.predictFiles(images, { onProgress: () => closing.push(network.close()) });
    await expect(closed).rejects.toThrow(UsageError);
    await Promise.all(closing);
    expect(node.gpu.allocatedBytes).toBe(before);
  });
});
