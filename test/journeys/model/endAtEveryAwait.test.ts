/**
 * The end of a model or its Gpu at the awaits of everything: counted by Node's own hook, so that none is left out. Some
 * of them each time; all with CHEXGPU_EVERY_AWAIT=1, a few minutes.
 */
import { createHook } from 'node:async_hooks';
import { describe, expect, it } from 'vitest';
import { GpuError, UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import { predictAll } from '../../../src/training/predictAll.js';
import { testFaultyDevice } from '../../support/gpu/testGpu.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

const EVERY = process.env.CHEXGPU_EVERY_AWAIT === '1';
/** So many awaits of each call, where not all. */
const SOME = 13;

/** Calls what is set behind the k-th await from now on. */
const awaits = { count: 0, at: 0, end: () => {} };
const seen = new Set<number>();
const hook = createHook({
  init: (id, type) => {
    if (type === 'PROMISE') seen.add(id);
  },
  before: (id) => {
    if (seen.has(id) && ++awaits.count === awaits.at) queueMicrotask(awaits.end);
  },
});

const watched = await testFaultyDevice();
const weights = initialWeights(TINY, 3);

/** Runs `work` and ends it behind its k-th await; 0 for never. */
async function endedAt(k: number, work: () => Promise<unknown>, end: () => void) {
  Object.assign(awaits, { count: 0, at: k, end });
  hook.enable();
  const got = await work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  hook.disable();
  seen.clear();
  return { got, awaits: awaits.count };
}

const two = tinyBatch(6, 2);
/** A map that the pass keeps, and one that is made beside it. */
const FEW = ['pool1', 'bn'];

const CALLS: Record<string, (model: DenseNet) => Promise<unknown>> = {
  create: async (model) => model.steps,
  predict: (model) => model.predict(two),
  gradcam: (model) => model.gradcam(tinyBatch(5, 1), [1], { score: 'logit' }),
  inspect: async (model) => {
    const maps: unknown[] = [];
    await model.inspect(two, (map) => void maps.push(map), { only: ({ name }) => FEW.includes(name) });
    return maps;
  },
  trainStep: async (model) => {
    await model.compile(TINY_LOSS);
    return model.trainStep(two);
  },
  fit: async (model) =>
    (await trainModel(model, tinySource(1), { ...TINY_LOSS, epochs: 1, validation: tinySource(1) })).stepLoss,
  predictAll: async (model) => (await predictAll(model, tinySource())).probabilities,
};

describe.each(['model', 'Gpu'] as const)('dispose() of a %s', (whose) => {
  it.each(Object.keys(CALLS))('at the awaits of %s', async (name) => {
    const run = async (k: number) => {
      const gpu = Gpu.borrow(watched.device);
      let model: DenseNet | undefined;
      const work = async () => {
        model = await DenseNet.create(gpu, { config: TINY, weights });
        return CALLS[name](model);
      };
      const ended = await endedAt(k, work, () => void (whose === 'Gpu' ? gpu.dispose() : model?.dispose()));
      await model?.dispose();
      expect(gpu.allocatedBytes, `await ${k}`).toBe(0);
      gpu.dispose();
      return ended;
    };
    // The first compiles.
    await run(0);
    const { got, awaits: total } = await run(0);
    expect(got).toHaveProperty('value');
    let refused = 0;
    for (let k = 1; k <= total; k += EVERY ? 1 : Math.ceil(total / SOME)) {
      const ended = await run(k);
      if ('value' in ended.got) {
        expect(ended.got, `await ${k}`).toEqual(got);
        continue;
      }
      refused++;
      expect(ended.got.error, `await ${k}`).toBeInstanceOf(whose === 'Gpu' ? GpuError : UsageError);
      expect((ended.got.error as Error).message).toMatch(/disposed/);
    }
    if (name !== 'create' || whose === 'Gpu') expect(refused).toBeGreaterThan(0);
  });
});
