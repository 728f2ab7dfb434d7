/** A DenseNet with another head on the same base: by replaceHead, and through DenseNet.create. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError, WeightsError } from '../../src/core/errors.js';
import { HEAD_LAYER } from '../../src/densenet/architecture.js';
import { DenseNet, type DenseNetOptions } from '../../src/densenet/densenet.js';
import { initialWeights, replaceHead } from '../../src/densenet/initialisers.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import type { WeightMap } from '../../src/training/parameterSpec.js';
import { TINY, tinyBatch } from '../support/networks/tinyNet.js';
import { refused } from '../support/refused.js';

const weights = initialWeights(TINY, 5);
const [KERNEL, BIAS] = [`${HEAD_LAYER}/kernel`, `${HEAD_LAYER}/bias`];
const isHead = (key: string) => key.startsWith(`${HEAD_LAYER}/`);
const base: WeightMap = new Map([...weights].filter(([key]) => !isHead(key)));

describe('replaceHead', () => {
  it.each([
    [{ labels: ['a', 'b', 'c'], seed: 9 }, 3],
    [{ classes: 1, seed: 9 }, 1],
    [{ seed: 9 }, 2],
  ])('%j keeps the base and draws the head by the seed', (head, classes) => {
    for (const before of [weights, base]) {
      const replaced = replaceHead({ config: TINY, weights: before }, head);
      expect(replaced.config).toEqual({ ...TINY, classes });
      const drawn = initialWeights({ ...TINY, classes }, 9);
      expect(replaced.weights).toEqual(
        new Map([...base, [KERNEL, drawn.get(KERNEL)], [BIAS, drawn.get(BIAS)]]),
      );
      expect(replaced.weights.get(BIAS)).toEqual(new Float32Array(classes));
    }
  });

  it('leaves what it was given as it was', () => {
    const before = new Map(weights);
    replaceHead({ config: TINY, weights }, { classes: 7 });
    expect(weights).toEqual(before);
  });

  it('refuses what no head can be', async () => {
    const network = { config: TINY, weights };
    await refused(() => replaceHead(network, { labels: [] }), UsageError, /labels is empty/);
    await refused(() => replaceHead(network, { classes: 0 }), UsageError, /classes is 0/);
    await refused(
      () => replaceHead(network, { labels: ['a'], classes: 2 }),
      UsageError,
      /1 labels?, and classes is 2/,
    );
  });
});

describe('DenseNet.create with labels or classes', () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = (await openNodeGpu({ quiet: true })).gpu;
  });
  afterAll(() => gpu.dispose());

  async function made(options: DenseNetOptions) {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 9, ...options });
    try {
      const p = await model.predict(tinyBatch(1));
      return { labels: model.labels, config: model.config, p, weights: await model.exportWeights() };
    } finally {
      await model.dispose();
    }
  }

  it('draws a head where the weights have none or another, and keeps one of that size', async () => {
    const labels = ['a', 'b', 'c'];
    const { weights: wanted } = replaceHead({ config: TINY, weights }, { labels, seed: 9 });
    for (const before of [weights, base]) {
      const got = await made({ weights: before, labels });
      expect(got.labels).toEqual(labels);
      expect(got.config.classes).toBe(3);
      expect(got.p.length).toBe(6);
      expect(got.weights).toEqual(wanted);
    }
    const kept = await made({ weights, labels: ['a', 'b'] });
    expect([kept.weights, kept.labels]).toEqual([weights, ['a', 'b']]);
    expect((await made({ classes: 5 })).config.classes).toBe(5);
  });

  it('asks for all weights where neither is given', async () => {
    await refused(() => made({ weights: base }), WeightsError, /dense_1/);
    expect((await made({ weights })).labels).toBeNull();
    await refused(() => made({ weights, labels: 'a,b' as never }), UsageError, /labels is 'a,b'/);
  });
});
