/**
 * DenseNet-40-12 for CIFAR-10, the network of a Keras 1 file: every stored map and the softmax against Keras in
 * float64, with generated weights and, where CHEXGPU_DATA is set, with the trained ones read from that file.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { densenetConfig, HEAD_LAYER } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { readKerasHdf5 } from '../../src/densenet/weights/keras/kerasLazy.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { FloatBatch, PixelBatch } from '../../src/training/batch.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { DATA, realFile, sayIfLeftOut } from '../support/files/realData.js';
import { BOUND, golden, parity, ranked, tableOf } from '../support/golden/parity.js';
import { type GoldenTensor, relativeError } from '../support/golden/sketch.js';
import { generatedBatch, generatedWeights, scaleHead } from '../support/networks/generated.js';

interface Keras1Case {
  name: 'generated' | 'trained';
  /** Of all tensors in the order of the layers, as real Keras loads them from the file. */
  sha256?: string;
  probabilities: number[][];
  maps: Record<string, GoldenTensor & { float32: number }>;
}

interface Keras1Golden {
  made_with: { keras: string; tf_keras: string };
  generatedSeed: number;
  imageSeed: number;
  count: number;
  size: number;
  headScale: number;
  epsilon: number;
  cases: Keras1Case[];
}

const FILE = 'densenet-40-12-cifar10.keras1.h5';
const { made_with: made, cases, ...drawn } = golden<Keras1Golden>('keras/keras1.json');
const against = `Keras ${made.keras}, float64`;
const config = densenetConfig('densenet40-12');
const images = generatedBatch(drawn.imageSeed, drawn.count, drawn.size, config.classes);
const caseOf = (name: Keras1Case['name']): Keras1Case => cases.find((c) => c.name === name)!;

/** The images as the trained network reads them: whole numbers 0..255. */
function pixels(): PixelBatch {
  const { count, height, width, x, labels, files } = images;
  const bytes = Uint8Array.from(x, (v) => Math.floor(Math.fround(127.5 + Math.fround(50 * v))));
  return {
    count,
    height,
    width,
    channels: 3,
    pixels: bytes,
    normalisation: { kind: 'none' },
    labels,
    files,
  };
}

async function trained() {
  const bytes = readFileSync(realFile('keras-h5', FILE));
  return readKerasHdf5(bytes, config, FILE, { backend: 'theano' });
}

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

async function compare(
  { name, maps, probabilities }: Keras1Case,
  weights: WeightMap,
  batch: FloatBatch | PixelBatch,
) {
  const model = await DenseNet.create(gpu, { config, weights });
  const errors: [string, number][] = [];
  await model.inspect(
    batch,
    ({ name, values }) => void errors.push([name, relativeError(values, maps[name])]),
    { only: ({ name }) => name in maps },
  );
  const p = await model.predict(batch);
  model.dispose();

  // All but the softmax, which predict() gives.
  expect(errors.map(([map]) => map).sort()).toEqual(
    Object.keys(maps)
      .filter((map) => map !== 'softmax')
      .sort(),
  );
  expect(errors.map(([map]) => map)).toContain(HEAD_LAYER);
  const what = `DenseNet-40-12, ${name} weights, ${errors.length} maps`;
  const worst = ranked(errors);
  console.log(
    `The worst five of ${what}, relative L2 error against ${against}:\n` +
      tableOf(
        worst.slice(0, 5).map(([map, e]) => [map, e, maps[map].float32]),
        ['chexgpu', 'Keras float32'],
      ),
  );
  const item = 'Keras 1 network';
  const [where, error] = worst[0];
  parity({ item, what, against, measure: 'relative L2', worst: error, where, bound: BOUND.map });
  const [[element, far]] = ranked(probabilities.flat().map((v, i) => [`[${i}]`, Math.abs(p[i] - v)]));
  parity({
    item,
    what: `DenseNet-40-12, ${name} weights, probabilities`,
    against,
    measure: 'absolute',
    worst: far,
    where: element,
    bound: BOUND.probability,
  });
}

describe('DenseNet-40-12 for CIFAR-10', () => {
  it('gives what Keras gives with generated weights, in every layer', async () => {
    expect(config.bnEpsilon).toBe(drawn.epsilon);
    const weights = generatedWeights(config, drawn.generatedSeed);
    scaleHead(weights, drawn.headScale);
    await compare(caseOf('generated'), weights, images);
  });
});

describe.runIf(DATA)('the trained DenseNet-40-12 of a Keras 1 file', () => {
  it('is read tensor by tensor as Keras reads it, kernels turned', async () => {
    const { tensors, report } = await trained();
    expect(report).toMatchObject({
      layout: 'save_weights',
      kerasVersion: '1',
      backend: 'theano',
      matchedBy: 'order',
      layerCount: 120,
      weightLayers: 43,
      tensorCount: 53,
      head: true,
    });
    const digest = createHash('sha256');
    for (const values of tensors.values()) digest.update(new Uint8Array(values.buffer));
    expect(digest.digest('hex')).toBe(caseOf('trained').sha256);
  });

  it('gives what Keras gives, in every layer', async () => {
    const { tensors } = await trained();
    await compare(caseOf('trained'), tensors, pixels());
  });

  it('is refused until it is said what trained it, and for another network', async () => {
    const bytes = readFileSync(realFile('keras-h5', FILE));
    await expect(readKerasHdf5(bytes, config, FILE)).rejects.toThrow(/whether Theano trained it.*backend/);
    const wider = { ...config, growthRate: 24 };
    await expect(readKerasHdf5(bytes, wider, FILE, { backend: 'theano' })).rejects.toThrow(
      /conv2_block1_1_conv .*file has shape \[12, 16, 3, 3\], densenet40-12 wants \[24, 16, 3, 3\]/,
    );
  });
});

sayIfLeftOut('the trained DenseNet-40-12 of a Keras 1 file');
