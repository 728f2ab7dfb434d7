/** Frozen layers and rates of their own: three steps of a small DenseNet against PyTorch in float64. */
import { describe, expect, it } from 'vitest';
import { TOLERANCE, worstDifference } from '../../../src/core/tolerance.js';
import { densenetConfig } from '../../../src/densenet/architecture.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { LayerSettings } from '../../../src/training/layers/layerSettings.js';
import { OPTIMIZERS } from '../../../src/training/optimizers/index.js';
import { complete, type SettingMap } from '../../../src/training/optimizers/optimizer.js';
import { golden } from '../../support/golden/parity.js';
import { testGpu } from '../../support/gpu/testGpu.js';
import {
  generatedBatch,
  generatedLossWeights,
  generatedWeights,
  uniform,
} from '../../support/networks/generated.js';

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
  it.each(file.cases.map((one) => [titleOf(one), one] as const))("are PyTorch's: %s", async (_, one) => {
    const start = generatedWeights(config, file.seed);
    const model = await DenseNet.create(gpu, { config, weights: start });
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
  });
});
