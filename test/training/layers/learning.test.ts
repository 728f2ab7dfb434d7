/**
 * Frozen layers and rates of their own: three steps of a small DenseNet against PyTorch in float64, and what of the
 * plan is left.
 */
import { describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { BACKWARD_DATA } from '../../../src/shaders/conv/backwardData/backwardData.js';
import type { FloatBatch, Labelled } from '../../../src/training/batch.js';
import type { LayerSettings } from '../../../src/training/layers/layerSettings.js';
import { adamw, OPTIMIZERS, sgd } from '../../../src/training/optimizers/index.js';
import { complete, type OptimizerKind, type SettingMap } from '../../../src/training/optimizers/optimizer.js';
import { SGD } from '../../../src/training/optimizers/sgd.js';
import type { WeightMap } from '../../../src/training/parameterSpec.js';
import { golden } from '../../support/golden/parity.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import {
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
  uniform,
} from '../../support/networks/generated.js';
import { refused } from '../../support/refused.js';

const gpu = await testGpu();

interface Case extends Partial<LayerSettings> {
  optimizer: string;
  settings: SettingMap;
  losses: number[];
  /** By key, of the way that a tensor came: its length and products with random vectors, or 0 alone. */
  tensors: Record<string, number[]>;
}

const file = golden<{ seed: number; count: number; size: number; probes: number; cases: Case[] }>(
  'layers/layers.json',
);

const config = densenetConfig('densenet121', {
  name: 'small',
  blocks: [3, 2],
  growthRate: 8,
  bottleneck: 2,
  stemChannels: 8,
  classes: 3,
});

function probed(key: string, values: Float64Array): number[] {
  const products = Array.from({ length: file.probes }, (_, k) => {
    const vector = uniform(file.seed, `probe ${k} ${key}`, values.length, -1, 1);
    return values.reduce((sum, v, i) => sum + v * vector[i], 0);
  });
  return [Math.hypot(...values), ...products];
}

const titleOf = ({ optimizer, freeze, frozenNorms, rateOf }: Case) =>
  `${optimizer} ${JSON.stringify({ freeze, frozenNorms, rateOf })}`;

describe('layers that are frozen or have rates of their own', () => {
  it.each(file.cases.map((one) => [titleOf(one), one] as const))("are PyTorch's: %s", (_, one) => check(one));

  const mixed = file.cases.find(({ freeze }) => freeze?.includes('conv2_block2'))!;
  it.each([...new Set(Object.values(BACKWARD_DATA).map(({ variant }) => variant))])(
    "are PyTorch's with the backward kernel %s",
    (variant) => check(mixed, { 'conv.backwardData': variant }),
  );

  async function check(one: Case, variants: Record<string, string> = {}) {
    const start = generatedWeights(config, file.seed);
    const model = await DenseNet.create(gpu, { config, weights: start, variants });
    const { optimizer, settings, losses, tensors, ...layers } = one;
    const kind = OPTIMIZERS.find(({ name }) => name === optimizer)!;
    const loss = generatedLossWeights(config.classes);
    const movingVarianceRule = 'tf.keras' as const;
    await model.compile({ ...loss, ...layers, movingVarianceRule, optimizer: complete(kind, settings) });
    for (const [i, want] of losses.entries()) {
      const batch = generatedBatch(file.seed + i, file.count, file.size, config.classes);
      const got = await model.trainStep(batch);
      expect(worstDifference([got], [want], TOLERANCE.f32LongSum).ratio).toBeLessThan(1);
    }
    const weights = await model.exportWeights();
    await model.dispose();
    for (const [key, want] of Object.entries(tensors)) {
      const [from, to] = [start.get(key)!, weights.get(key)!];
      const way = Float64Array.from(to, (v, i) => v - from[i]);
      const [length] = want;
      if (length === 0) {
        expect(`${key}: ${way.every((v) => v === 0)}`).toBe(`${key}: true`);
        continue;
      }
      const share = (numbers: number[]) => numbers.map((n) => n / length);
      const { ratio } = worstDifference(share(probed(key, way)), share(want), TOLERANCE.f32LongSum);
      // Near ReLU's kinks float32 goes its own way; a term that lacked would show ten times as large.
      expect(`${key}: ${ratio < 10 ? 'near' : ratio}`).toBe(`${key}: near`);
    }
  }
});

const LOSS = generatedLossWeights(config.classes);
const batchOf = (seed: number, count = file.count) => generatedBatch(seed, count, file.size, config.classes);
const weights = generatedWeights(config, file.seed);
const isFrozen = (key: string) => key.startsWith('conv1/') || key.startsWith('conv2_');

describe('a frozen layer', () => {
  it('has no backward pass, nor has what lies in front of the first that learns', async () => {
    const model = await DenseNet.create(gpu, { config, weights });
    const backward = async (freeze: string[]) => {
      await model.compile({ ...LOSS, freeze });
      const { dispatches } = await model.planOf('train', 1, file.size);
      const names = dispatches.map(({ label, kernel }) => `${label} ${kernel.op}`);
      return names.filter((name) => /[bB]ackward/.test(name));
    };
    const all = await backward([]);
    const top = await backward(['conv1', 'conv2', 'pool2']);
    expect(all.length).toBeGreaterThan(top.length);
    expect(top.filter((name) => /^(conv1|conv2|pool2)/.test(name))).toEqual([]);
    expect(top.filter((name) => name.includes('backwardWeights')).length).toBeGreaterThan(3);
    expect((await backward(['base'])).map((name) => name.split(' ')[1])).toEqual(['dense.backwardWeights']);
    await model.dispose();
  });

  it('keeps weights, slots and average to the bit, and goes on when it may', async () => {
    const model = await DenseNet.create(gpu, { config, weights });
    const freeze = ['conv1', 'conv2'];
    await model.compile({ ...LOSS, optimizer: adamw({ weightDecay: 0.1, decayAll: true }), ema: 0.75 });
    await model.trainStep(batchOf(1));
    const state = async (): Promise<Record<string, WeightMap>> => {
      const { slots } = await model.exportOptimizer();
      return { weights: await model.exportWeights(), ...slots };
    };
    const before = await state();
    await model.goOn({ freeze });
    for (const seed of [2, 3, 4]) await model.trainStep(batchOf(seed));
    const after = await state();
    for (const [name, tensors] of Object.entries(before)) {
      for (const [key, values] of tensors) {
        const stays = after[name].get(key)!.every((v, i) => v === values[i]);
        expect(`${name} ${key} ${stays}`).toBe(`${name} ${key} ${isFrozen(key)}`);
      }
    }
    for (const [key, values] of await model.gradients()) {
      expect(`${key} ${values.every((v) => v === 0)}`).toBe(`${key} ${isFrozen(key)}`);
    }
    await model.goOn({ freeze: [] });
    await model.trainStep(batchOf(5));
    expect((await state()).m.get('conv1/conv/kernel')).not.toEqual(before.m.get('conv1/conv/kernel'));
    await model.dispose();
  });

  it('overflows no more, and what learns beside it is still looked at', async () => {
    const model = await DenseNet.create(gpu, { config, weights });
    const steep = sgd({ learningRate: 1e30 });
    await model.compile({ ...LOSS, optimizer: steep, freeze: ['base'], rateOf: { head: 1e-30 } });
    expect(await model.trainStep(batchOf(1))).toBeGreaterThan(0);
    await model.compile({ ...LOSS, optimizer: steep, freeze: ['base'], rateOf: { head: 1e10 } });
    await expect(model.trainStep(batchOf(1))).rejects.toThrow(/of dense_1\/(kernel|bias) would be/);
    await model.dispose();
  });

  it('wants an optimizer that can leave it', async () => {
    const model = await DenseNet.create(gpu, { config, weights });
    const { rescaled: _, ...plain } = SGD;
    const optimizer = { kind: plain as OptimizerKind, settings: {} };
    for (const layers of [{ freeze: ['base'] }, { rateOf: { head: 2 } }]) {
      await refused(
        () => model.compile({ ...LOSS, optimizer, ...layers }),
        UsageError,
        /SGD freezes no layers/,
      );
    }
    await model.compile({ ...LOSS, optimizer });
    await model.dispose();
  });
});

it('batches that are averaged are one large batch, where all norms are frozen', async () => {
  const sizes = [1, 2, 1];
  const parts = sizes.map((size, i) => batchOf(10 + i, size));
  const together: Labelled<FloatBatch> = {
    ...parts[0],
    count: 4,
    x: Float32Array.from(parts.flatMap(({ x }) => [...x])),
    labels: Float32Array.from(parts.flatMap(({ labels }) => [...labels])),
    files: parts.flatMap(({ files }) => files),
  };
  const trained = async (batches: Labelled<FloatBatch>[], freeze: string[]) => {
    const model = await DenseNet.create(gpu, { config, weights });
    const optimizer = sgd({ learningRate: 0.25 });
    await model.compile({ ...LOSS, optimizer, accumulate: batches.length, freeze });
    for (const batch of batches) await model.trainStep(batch);
    const found = await model.exportWeights();
    await model.dispose();
    return found;
  };
  const furthest = async (freeze: string[]) => {
    const [got, want] = [await trained(parts, freeze), await trained([together], freeze)];
    const ratios = [...want].map(([key, values]) => {
      const length = Math.hypot(...values.map((v, i) => v - weights.get(key)![i])) || 1;
      const share = (numbers: Float32Array) => Array.from(numbers, (v) => v / length);
      return worstDifference(share(got.get(key)!), share(values), TOLERANCE.f32LongSum).ratio;
    });
    return Math.max(...ratios);
  };
  expect(await furthest(['*bn'])).toBeLessThan(1);
  // With norms that go by the batch it is another gradient.
  expect(await furthest([])).toBeGreaterThan(100);
});
