/** Every number that is taken apart: the plain sum of its parts beside what the GPU computed. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { explainBackward } from '../../../src/densenet/trace/backward.js';
import { compiledFirstStep, firstStep } from '../../../src/densenet/trace/firstStep.js';
import { explainForward } from '../../../src/densenet/trace/forward.js';
import { Graph } from '../../../src/densenet/trace/graph.js';
import { GpuRun } from '../../../src/densenet/trace/stepValues.js';
import type { Explained } from '../../../src/densenet/trace/terms.js';
import { explainWeight } from '../../../src/densenet/trace/weights.js';
import { densenetConfig, initialWeights, SAMPLEWISE } from '../../../src/index.js';
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

async function smallRun(): Promise<{ run: GpuRun; model: DenseNet }> {
  const weights = initialWeights(CONFIG, 3);
  const training = firstStep(CONFIG.classes);
  const model = await DenseNet.create(gpu, { config: CONFIG, weights });
  await model.compile(compiledFirstStep(training));
  const pixels = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => (i * 89 + ((i * i) % 31) * 5) % 256);
  const shape = { count: 1, height: SIZE, width: SIZE, channels: 1 as const };
  const batch = {
    ...shape,
    pixels,
    normalisation: SAMPLEWISE,
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
