/** A number of phantom 1 followed on the GPU, beside what PyTorch's float64 says of it. */
import { expect } from 'vitest';
import { numberedPhantom } from '../../../src/data/phantoms/numberedPhantom.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { compiledFirstStep, firstStep } from '../../../src/densenet/trace/firstStep.js';
import { Graph } from '../../../src/densenet/trace/graph.js';
import { GpuRun } from '../../../src/densenet/trace/stepValues.js';
import { type Traced, traceNumber } from '../../../src/densenet/trace/traceNumber.js';
import { readWeightFile } from '../../../src/densenet/weights/weights.node.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { type DenseNetConfig, LABELS, SAMPLEWISE, xrayBatch } from '../../../src/index.js';
import golden from '../../golden/trace/trace.json' with { type: 'json' };

/** The golden case of a network, and the same on the GPU. */
export async function tracedPhantom(gpu: Gpu, config: DenseNetConfig, file: string) {
  const asked = golden.cases.find(({ network }) => network === config.name)!;
  const { tensors: weights, labels, preprocessing } = await readWeightFile(file, config);
  const names = labels ?? LABELS;
  const training = firstStep(names.length);
  const model = await DenseNet.create(gpu, { config, weights });
  try {
    await model.compile(compiledFirstStep(training));
    const { image } = numberedPhantom(1);
    const interpolation = preprocessing?.interpolation ?? 'nearest';
    const pixels = xrayBatch(image, asked.size, 'phantom 1', { normalisation: SAMPLEWISE, interpolation });
    const truth = Float32Array.from(names, (name) => Number((asked.positive as string[]).includes(name)));
    const run = new GpuRun({ gpu, model, weights, training, batch: { ...pixels, labels: truth } });
    const graph = new Graph(config, asked.size);
    const [row, column] = asked.pixel;
    const wish = { pixel: [row, column] as const, output: names.indexOf(asked.label), weight: asked.weight };
    const follow = (changed: Partial<typeof wish> = {}) =>
      traceNumber(graph, run, names, { ...wish, ...changed });
    return { asked, traced: await follow(), follow, dispose: () => model.dispose() };
  } catch (error) {
    await model.dispose();
    throw error;
  }
}

/** @param tolerance of the greatest number that goes in, or of the value */
export function agreesWithTorch(
  asked: (typeof golden.cases)[number],
  traced: Traced,
  tolerance: number,
): void {
  const close = (gpu: number, own: number, title: string, scale = Math.abs(own), most = tolerance) =>
    expect(Math.abs(gpu - own) / scale, `${title}: ${gpu}, ${own}`).toBeLessThan(most);
  const forward = new Map<string, number>(Object.entries(asked.forward) as [string, number][]);
  const backward = new Map<string, number>(Object.entries(asked.backward) as [string, number][]);
  let seen = 0;
  for (const { title, gpu } of traced.forward) {
    const own = forward.get(title);
    if (own === undefined) continue;
    seen++;
    close(gpu, own, title, Math.max(1, Math.abs(own)));
  }
  expect(seen).toBe(forward.size);
  const greatest = Math.max(...[...backward.values()].map(Math.abs));
  for (const { title, gpu } of traced.backward) {
    const own = backward.get(title.replace('dL/d ', ''));
    if (own !== undefined) close(gpu, own, title, greatest);
  }
  expect(traced.backward.filter(({ title }) => backward.has(title.replace('dL/d ', ''))).length).toBe(
    backward.size,
  );
  const { gradient, adam } = traced.weight;
  // The way back to the first weight sums over all kinks of all ReLUs: PyTorch's own float32 is the measure.
  const most = Math.max(tolerance, 2 * asked.float32.gradient);
  const { gradient: g, m, v } = asked.adam;
  close(gradient.gpu, g, 'gradient', Math.abs(g), most);
  close(adam.m, m, 'm', Math.abs(m), most);
  close(adam.v, v, 'v', v, 2 * most);
  close(adam.after, asked.adam.after, 'the new weight');
  const value = (kind: string) => traced.forward.find((one) => one.kind === kind)!.gpu;
  close(value('probabilities'), asked.probability, 'probability');
  close(value('loss'), asked.loss, 'loss');
}
