/** Steps of an optimizer on four small tensors: by Keras and PyTorch (optimizers.json), in float64, and on the GPU. */

import type { Gpu } from '../../../src/engine/device/gpu.js';
import { fixedTensor, PlanBuilder } from '../../../src/engine/plan/plan.js';
import { adamRate } from '../../../src/shaders/adam/adam.js';
import { adamStep } from '../../../src/shaders/adam/adam.reference.js';
import { adamwStep } from '../../../src/shaders/adamw/adamw.reference.js';
import type { Dense } from '../../../src/shaders/checkCase.js';
import { sgdStep } from '../../../src/shaders/sgd/sgd.reference.js';
import { Parameters, slotBuffer } from '../../../src/training/model/parameters.js';
import { OPTIMIZERS } from '../../../src/training/optimizers/index.js';
import { type CompleteOptimizer, complete } from '../../../src/training/optimizers/optimizer.js';
import type { ParameterSpec, ParameterTable, WeightMap } from '../../../src/training/parameterSpec.js';
import { golden } from '../../support/golden/parity.js';
import { uniform } from '../../support/networks/generated.js';

export interface GoldenCase {
  optimizer: string;
  settings: { learningRate: number } & Record<string, number | boolean>;
  /** Learning rate of the steps behind the third. */
  laterRate?: number;
  /** After a step, all weights, tensor by tensor. */
  keras: Record<string, number[]>;
  /** Where PyTorch's are others. */
  torch?: Record<string, number[]>;
}

const file = golden<{
  seed: number;
  steps: number;
  later: number;
  shapes: Record<string, number[]>;
  cases: GoldenCase[];
}>('training/optimizers.json');

export function goldenCases(optimizer: string): [title: string, GoldenCase][] {
  const own = file.cases.filter((one) => one.optimizer === optimizer);
  return own.map((one) => [
    `${JSON.stringify(one.settings)}${one.laterRate ? `, later ${one.laterRate}` : ''}`,
    one,
  ]);
}

function spec(key: string, shape: number[], trainable = true): ParameterSpec {
  const [layer, tensor] = key.split('/') as [string, ParameterSpec['tensor']];
  return { key, layer, tensor, shape, size: shape.reduce((a, b) => a * b, 1), trainable };
}

const TRAINABLE = Object.entries(file.shapes).map(([key, shape]) => spec(key, shape));
const [channels] = file.shapes['n/gamma'];
const TABLE: ParameterTable = {
  name: 'four tensors',
  parameters: [
    ...TRAINABLE,
    spec('n/moving_mean', [channels], false),
    spec('n/moving_variance', [channels], false),
  ],
};

const start = (): WeightMap =>
  new Map(TRAINABLE.map(({ key, size }) => [key, uniform(file.seed, key, size, -1, 1)]));
const gradient = ({ key, size }: ParameterSpec, step: number) =>
  uniform(file.seed, `${key} ${step}`, size, -1, 1);

/** The optimizer of a step. */
function optimizerOf({ optimizer, settings, laterRate }: GoldenCase, step: number): CompleteOptimizer {
  const kind = OPTIMIZERS.find(({ name }) => name === optimizer)!;
  const rate = step > file.later ? (laterRate ?? settings.learningRate) : settings.learningRate;
  return complete(kind, { ...settings, learningRate: rate });
}

/** All weights after each step, tensor by tensor; padding of the buffers must stay 0. */
export async function onGpu(gpu: Gpu, one: GoldenCase): Promise<{ weights: number[][]; padding: number[] }> {
  const parameters = new Parameters(gpu, TABLE);
  const { kind, settings } = optimizerOf(one, 1);
  const slots = Object.keys(kind.slots);
  const still: [string, Float32Array][] = ['n/moving_mean', 'n/moving_variance'].map((key) => [
    key,
    new Float32Array(channels),
  ]);
  await parameters.allocate('gradients', ...slots.map(slotBuffer));
  await parameters.write(parameters.pack(new Map([...start(), ...still])));
  const { length } = kind.hyper(settings, 1, parameters);
  const hyper = await gpu.guarded('hyper', () => fixedTensor(gpu, 'hyper', [1, 1, 1, length]));
  const builder = new PlanBuilder(gpu, 'update');
  const flat = Object.fromEntries(slots.map((slot) => [slot, parameters.flat(slotBuffer(slot))]));
  const [w, gradients] = [parameters.flat('weights'), parameters.flat('gradients')];
  kind.record(builder, 'update', { ...flat, w, gradient: gradients, hyper });
  const plan = await builder.build();
  const weights: number[][] = [];
  for (let step = 1; step <= file.steps; step++) {
    const now = kind.hyper(optimizerOf(one, step).settings, step, parameters);
    gpu.device.queue.writeBuffer(hyper.storage.buffer!, 0, now);
    for (const tensor of TRAINABLE) {
      const offset = 4 * parameters.offsetOf(tensor);
      gpu.device.queue.writeBuffer(gradients.storage.buffer!, offset, gradient(tensor, step));
    }
    plan.run();
    const map = await parameters.read();
    weights.push(TRAINABLE.flatMap(({ key }) => [...map.get(key)!]));
  }
  const used = new Set<number>();
  for (const tensor of TRAINABLE) {
    for (let i = 0; i < tensor.size; i++) used.add(parameters.offsetOf(tensor) + i);
  }
  const all = [await parameters.floats('weights')];
  for (const slot of slots) all.push(await parameters.floats(slotBuffer(slot)));
  const padding = all.flatMap((values) => [...values].filter((_, i) => !used.has(i)));
  plan.dispose();
  gpu.destroyBuffer(hyper.storage.buffer!);
  parameters.dispose();
  return { weights, padding };
}

const dense = (data: ArrayLike<number>): Dense => ({
  shape: [1, 1, 1, data.length],
  data: Float64Array.from(data),
});

/** One tensor's update in float64. */
export function referenceStep(
  { kind, settings }: CompleteOptimizer,
  t: number,
  { tensor }: Pick<ParameterSpec, 'tensor'>,
  now: Record<string, Dense>,
  gradient: ArrayLike<number>,
): Record<string, Dense> {
  const { learningRate: rate } = settings;
  const number = (name: string) => Number(settings[name]);
  const g = dense(gradient);
  if (kind.name === 'sgd') {
    const hyper = dense([rate, number('momentum'), number('nesterov'), 0]);
    return sgdStep(now.w, g, now.velocity, hyper);
  }
  const betas = [number('beta1'), number('beta2')];
  const adam = [adamRate(rate, betas[0], betas[1], t), ...betas, number('epsilon')];
  if (kind.name === 'adam') return adamStep(now.w, g, now.m, now.v, dense(adam));
  const decays = settings.decayAll || tensor === 'kernel' ? 1 : 0;
  const hyper = dense([...adam, rate * number('weightDecay'), decays]);
  return adamwStep(now.w, g, now.m, now.v, hyper, g.data.length);
}

/** All weights after each step, in float64. @param epsilonOf the epsilon of step t, if that is another */
export function inFloat64(one: GoldenCase, epsilonOf?: (epsilon: number, t: number) => number): number[][] {
  const { kind } = optimizerOf(one, 1);
  const states = TRAINABLE.map(({ key, size }) => ({
    w: dense(start().get(key)!),
    ...Object.fromEntries(Object.keys(kind.slots).map((slot) => [slot, dense(new Float32Array(size))])),
  }));
  return Array.from({ length: file.steps }, (_, i) => {
    const { settings } = optimizerOf(one, i + 1);
    const epsilon = epsilonOf?.(Number(settings.epsilon), i + 1) ?? settings.epsilon;
    const optimizer = complete(kind, { ...settings, epsilon });
    for (const [k, tensor] of TRAINABLE.entries()) {
      Object.assign(states[k], referenceStep(optimizer, i + 1, tensor, states[k], gradient(tensor, i + 1)));
    }
    return states.flatMap(({ w }) => [...w.data]);
  });
}

/** All weights after each step, by a rule for one number: (w, gradient, v, step) gives w and v of the next step. */
export function stepsOf(
  rule: (w: number, gradient: number, v: number, t: number) => [w: number, v: number],
): number[][] {
  let now = TRAINABLE.flatMap(({ key }) => [...start().get(key)!].map((w): [number, number] => [w, 0]));
  return Array.from({ length: file.steps }, (_, i) => {
    const gradients = TRAINABLE.flatMap((tensor) => [...gradient(tensor, i + 1)]);
    now = now.map(([w, v], k) => rule(w, gradients[k], v, i + 1));
    return now.map(([w]) => w);
  });
}
