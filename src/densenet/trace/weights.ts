/** What the step does to one weight: its gradient, put together of products, and Adam's update of it. */
import type { MapKind } from '../../training/inspection/formulas.js';
import type { InspectedMap } from '../../training/inspection/inspect.js';
import type { ParameterSpec } from '../../training/parameterSpec.js';
import type { Graph } from './graph.js';
import type { RunValues } from './stepValues.js';
import { at, type Explained, grid, type Step, said, stepwise, summed } from './terms.js';
import { parseWeight, placeOf } from './weightNames.js';

/** Adam's first step of a weight. */
export interface AdamStep {
  readonly before: number;
  readonly gradient: number;
  readonly m: number;
  readonly v: number;
  readonly after: number;
  /** The same in float64, a line at a time. */
  readonly steps: readonly Step[];
}

export interface ExplainedWeight {
  /** `conv1/conv/kernel[0,0,0,5]` */
  readonly title: string;
  readonly gradient: Explained;
  readonly adam: AdamStep;
}

/** @throws Error for what is no weight that learns */
export async function explainWeight(graph: Graph, run: RunValues, text: string): Promise<ExplainedWeight> {
  const parsed = parseWeight(graph, text);
  if (!parsed) throw new Error(`${graph.config.name} trains no weight ${text}.`);
  const { spec, index } = parsed;
  const place = placeOf(spec.shape, index);
  const [map, weight, update] = await Promise.all([
    run.map('gradient of weights', spec.key),
    run.weight(spec.key),
    run.update(),
  ]);
  const own = {
    ...said(map, { y: 0, x: 0, channel: 0 }),
    title: `dL/d ${spec.key}[${index}]`,
    gpu: map.values[place],
  };
  const gradient = { ...own, ...(await gradientOf(graph, run, spec, index)) };
  const [before, g] = [weight[place], map.values[place]];
  const [m, v, after] = [update.m, update.v, update.after].map((slot) => slot.get(spec.key)![place]);
  const adam = { before, gradient: g, m, v, after, steps: adamSteps(run, before, g) };
  return { title: `${spec.key}[${index}]`, gradient, adam };
}

/** Kingma and Ba 2015, in Keras' form: the corrections of the bias stand in the rate. */
function adamSteps({ adam }: Pick<RunValues, 'adam'>, w: number, g: number): Step[] {
  const { learningRate, beta1, beta2, epsilon } = adam;
  const m = (1 - beta1) * g;
  const v = (1 - beta2) * g * g;
  const rate = (learningRate * Math.sqrt(1 - beta2)) / (1 - beta1);
  const step = (rate * m) / (Math.sqrt(v) + epsilon);
  return [
    { what: 'weight w before the step', value: w },
    { what: 'gradient g', value: g },
    { what: `m = ${beta1} * 0 + ${round(1 - beta1)} * g`, value: m },
    { what: `v = ${beta2} * 0 + ${round(1 - beta2)} * g * g`, value: v },
    { what: 'rate = learning rate * sqrt(1 - beta2) / (1 - beta1), in step 1', value: rate },
    { what: 'step = rate * m / (sqrt(v) + epsilon)', value: step },
    { what: 'w - step', value: w - step },
  ];
}

const round = (value: number) => Number(value.toPrecision(6));

async function gradientOf(graph: Graph, run: RunValues, spec: ParameterSpec, index: readonly number[]) {
  const layer = graph.layer(spec.layer);
  const dy = await run.map(`gradient of ${layer.kind}` as MapKind, layer.name);
  if (spec.tensor === 'gamma' || spec.tensor === 'beta') return ofNorm(graph, run, spec, index[0], dy);
  const front = graph.input(layer);
  const x = await run.map(front.kind as MapKind, front.name);
  if (layer.kind === 'dense') {
    const [c, k] = spec.tensor === 'bias' ? [0, index[0]] : index;
    if (spec.tensor === 'bias') return stepwise([{ what: 'dL/dlogit', value: dy.values[k] }]);
    const one = grid('one product', 1, 1, { top: 0, left: 0 }, () => [x.values[c], dy.values[k]]);
    return { a: `x[${c}] of ${front.name}`, b: `dlogit[${k}]`, ...summed([one]) };
  }
  const [u, v, ci, co] = index;
  const { stride, pad } = graph.window(layer);
  const [, rows, columns] = dy.shape;
  const [, height, width] = x.shape;
  const all = grid('every pixel of the map', rows, columns, { top: 0, left: 0 }, (i, j) => {
    const [row, column] = [i * stride + u - pad, j * stride + v - pad];
    const isOutside = row < 0 || column < 0 || row >= height || column >= width;
    return [isOutside ? 0 : at(x, row, column, ci), at(dy, i, j, co), isOutside];
  });
  return { a: `x of ${front.name} under the weight`, b: 'dy of the pixel it made', ...summed([all]) };
}

/** dgamma = sum of dz * xhat, dbeta = sum of dz. */
async function ofNorm(graph: Graph, run: RunValues, spec: ParameterSpec, c: number, dz: InspectedMap) {
  const front = graph.input(graph.layer(spec.layer));
  const [z, x] = await Promise.all([
    run.map('batchnorm', spec.layer),
    run.map(front.kind as MapKind, front.name),
  ]);
  const { mean, variance, epsilon } = z.statistics!;
  const [, rows, columns] = dz.shape;
  const isGamma = spec.tensor === 'gamma';
  const all = grid('every pixel of the map', rows, columns, { top: 0, left: 0 }, (i, j) => {
    const xhat = (at(x, i, j, c) - mean[c]) / Math.sqrt(variance[c] + epsilon);
    return [at(dz, i, j, c), isGamma ? xhat : 1];
  });
  return { a: 'dz', b: isGamma ? 'xhat' : '', ...summed([all]) };
}
