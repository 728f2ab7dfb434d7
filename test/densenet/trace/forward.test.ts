/** Every number that is taken apart: the plain sum of its parts beside what the GPU computed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { explainBackward } from '../../../src/densenet/trace/backward.js';
import { compiledFirstStep, firstStep } from '../../../src/densenet/trace/firstStep.js';
import { explainForward } from '../../../src/densenet/trace/forward.js';
import { Graph } from '../../../src/densenet/trace/graph.js';
import { greatestProducts } from '../../../src/densenet/trace/products.js';
import { GpuRun } from '../../../src/densenet/trace/stepValues.js';
import type { Explained } from '../../../src/densenet/trace/terms.js';
import { parseWeight } from '../../../src/densenet/trace/weightNames.js';
import { explainWeight } from '../../../src/densenet/trace/weights.js';
import { densenetConfig, initialWeights, type Normalisation, SAMPLEWISE } from '../../../src/index.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();

/** With a transition, which the toy network has not. */
const CONFIG = densenetConfig('densenet121', {
  ...{
    name: 'small',
    blocks: [2, 2],
    growthRate: 3,
    bottleneck: 2,
    stemChannels: 6,
    inputChannels: 1,
    classes: 3,
  },
});
const SIZE = 32;
const LABELS = ['a', 'b', 'c'];

async function smallRun(
  normalisation: Normalisation = SAMPLEWISE,
): Promise<{ run: GpuRun; model: DenseNet }> {
  const weights = initialWeights(CONFIG, 3);
  const training = firstStep(CONFIG.classes);
  const model = await DenseNet.create(gpu, { config: CONFIG, weights });
  await model.compile(compiledFirstStep(training));
  const pixels = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 89 + ((i * i) % 31) * 5) % 256);
  const shape = { count: 1, height: SIZE, width: SIZE, channels: 1 as const };
  const batch = {
    ...shape,
    pixels,
    normalisation,
    labels: Float32Array.of(1, 0, 1),
    files: ['x'],
  };
  return { model, run: new GpuRun({ gpu, model, weights, training, batch }) };
}

describe('a number taken apart', () => {
  const graph = new Graph(CONFIG, SIZE);
  let opened: Awaited<ReturnType<typeof smallRun>>;
  beforeAll(async () => {
    opened = await smallRun();
  });
  afterAll(() => opened.model.dispose());

  /** Within single precision of the terms that it adds up. */
  function agrees({ reference, gpu, terms, title, steps }: Explained, tolerance = 3e-5) {
    const sizes = [
      ...terms.flatMap(({ a, b }) => a.map((one, i) => Math.abs(one * b[i]))),
      Math.abs(reference),
    ];
    if (terms.length === 0) sizes.push(...steps.map(({ value }) => Math.abs(value)));
    const scale = Math.max(1e-3, ...sizes);
    expect(Math.abs(reference - gpu) / scale, `${title}: ${reference}, ${gpu}`).toBeLessThan(tolerance);
  }

  const places = (name: string) => {
    const { height, width, channels } = graph.shape(name);
    return [
      { y: 0, x: width - 1, channel: 0 },
      { y: Math.floor(height / 2), x: Math.floor(width / 3), channel: channels - 1 },
    ];
  };

  it('adds up to what the GPU has, forward, at every layer', async () => {
    const names = [
      ...graph.stations,
      ...graph.layers.filter(({ kind }) => kind === 'concat').map(({ name }) => name),
    ];
    for (const name of names) {
      for (const place of places(name))
        agrees(await explainForward({ graph, run: opened.run, name, ...place }, LABELS));
    }
  });

  it.each<[string, Normalisation, number]>([
    [
      'by statistics of the training',
      { kind: 'featurewise', mean: [90, 1, 2], std: [41, 3, 4], epsilon: 1e-3 },
      4,
    ],
    ['not at all', { kind: 'none' }, 1],
  ])('says how the pixel is normalised: %s', async (_, normalisation, steps) => {
    const { run, model } = await smallRun(normalisation);
    const found = await explainForward({ graph, run, name: 'input_1', channel: 0, y: 3, x: 7 }, LABELS);
    await model.dispose();
    expect(found.steps).toHaveLength(steps);
    agrees(found);
  });

  it('counts the products that are not shown, without those in the padding', async () => {
    const name = 'conv2_block1_2_conv';
    const { height, width } = graph.shape(name);
    for (const [y, x, size] of [
      [0, 0, 4],
      [0, 1, 6],
      [1, 1, 9],
      [height - 1, width - 1, 4],
    ]) {
      const found = await explainForward({ graph, run: opened.run, name, channel: 1, y, x }, LABELS);
      // As of a layer of many more channels: of six groups two are kept.
      const { rest, terms } = found;
      const cut = { terms: terms.slice(0, 2), rest: { groups: rest.groups + terms.length - 2, sum: 0 } };
      for (const one of [found, cut]) {
        expect(greatestProducts(one, 3).others.count).toBe(6 * size - 3);
      }
    }
  });

  it('knows weights by names that are whole', () => {
    expect(parseWeight(graph, 'conv1/conv/kernel[ 6, 0,0,5 ]')?.index).toEqual([6, 0, 0, 5]);
    for (const text of [
      'conv1/conv/kernel[,,,5]',
      'dense_1/bias[]',
      'dense_1/bias',
      'conv1/conv/kernel[0,0,5]',
    ]) {
      expect(parseWeight(graph, text), text).toBeNull();
    }
  });

  it('adds up backward as well', async () => {
    for (const name of graph.stations) {
      for (const place of places(name)) {
        const found = await explainBackward({ graph, run: opened.run, name, ...place }, LABELS);
        if (found) agrees(found, 1e-4);
      }
    }
  });

  it('adds up for weights of every kind, and Adam moves them as said', async () => {
    const { run } = opened;
    for (const text of [
      'conv1/conv/kernel[0,0,0,5]',
      'conv1/bn/gamma[2]',
      'conv1/bn/beta[0]',
      'conv2_block2_1_conv/kernel[0,0,7,1]',
      'conv2_block1_2_conv/kernel[2,0,3,1]',
      'pool2_conv/kernel[0,0,3,2]',
      'dense_1/kernel[4,1]',
      'dense_1/bias[2]',
    ]) {
      const { gradient, adam } = await explainWeight(graph, run, text);
      agrees(gradient, 1e-4);
      expect(adam.steps[adam.steps.length - 1].value, text).toBeCloseTo(adam.after, 6);
      expect(adam.steps[2].value).toBeCloseTo(adam.m, 6);
    }
  });
});
