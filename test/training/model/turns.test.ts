/** Callbacks that call the model they were called by, or throw. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { UsageError } from '../../../src/core/errors.js';
import { callWithin, isWithin } from '../../../src/core/reentrancy.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import { predictAll } from '../../../src/training/predictAll.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

const batch = tinyBatch(1);
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const seconds = <T>(promise: Promise<T>) =>
  Promise.race([promise, sleep(20_000).then(() => Promise.reject(new Error('still waiting')))]);

const CALLS: Record<string, (model: DenseNet) => Promise<unknown>> = {
  predict: (model) => model.predict(batch),
  gradcam: (model) => model.gradcam(tinyBatch(1, 1), [0]),
  inspect: (model) => model.inspect(batch, () => {}),
  compile: (model) => model.compile(TINY_LOSS),
  trainStep: (model) => model.trainStep(batch),
  exportWeights: (model) => model.exportWeights(),
  fit: (model) => trainModel(model, tinySource(), { ...TINY_LOSS, epochs: 1 }),
};

describe('a visitor of inspect', () => {
  it.each(Object.keys(CALLS))(
    'that calls %s gets a UsageError at once, and the model works on',
    async (name) => {
      const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
      await model.compile(TINY_LOSS);
      const truth = await model.predict(batch);
      const call = CALLS[name];
      const visitors = [
        () => call(model),
        async () => {
          await sleep(1);
          await call(model);
        },
        async () => {
          await Promise.all([sleep(1), Promise.resolve().then(() => call(model))]);
        },
      ];
      for (const visit of visitors) {
        const inspecting = model.inspect(batch, visit as () => Promise<void>);
        await expect(seconds(inspecting)).rejects.toThrow(UsageError);
        await expect(inspecting).rejects.toThrow(/inside the visitor/);
      }
      // One that takes the refusal goes on to the last map.
      let refused = 0;
      await model.inspect(batch, async () => {
        await call(model).catch(() => refused++);
      });
      expect(refused).toBeGreaterThan(5);
      expect(await seconds(model.predict(batch))).toEqual(truth);
      await model.dispose();
    },
  );

  it('lets others be served meanwhile: other callers, and other models in the visitor', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const other = await DenseNet.create(gpu, { config: TINY, seed: 2 });
    const truth = [await model.predict(batch), await other.predict(batch)];
    let begun = () => {};
    const visiting = new Promise<void>((resolve) => {
      begun = resolve;
    });
    let visits = 0;
    let served = 0;
    const inspecting = model.inspect(batch, async () => {
      if (visits++ === 0) begun();
      expect(await other.predict(batch)).toEqual(truth[1]);
      // A model's visitor within another's: both are waited for.
      if (visits === 1) {
        await other.inspect(batch, async () => {
          await expect(model.predict(batch)).rejects.toThrow(/inside the visitor/);
        });
      }
      await sleep(3);
    });
    const outside = (async () => {
      await visiting;
      for (; served < 5; served++) expect(await model.predict(batch)).toEqual(truth[0]);
    })();
    await seconds(Promise.all([inspecting, outside]));
    expect(visits).toBeGreaterThan(5);
    await Promise.all([model.dispose(), other.dispose()]);
  });

  it('sees the maps of the weights that were, whoever trains meanwhile', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await model.compile({ ...TINY_LOSS, learningRate: 0.1 });
    const maps: unknown[] = [];
    await model.inspect(batch, (map) => void maps.push(map));
    const again: unknown[] = [];
    const inspecting = model.inspect(batch, async (map) => {
      again.push(map);
      await sleep(2);
    });
    const steps = (async () => {
      await sleep(1);
      for (let i = 0; i < 5; i++) await model.trainStep(batch);
    })();
    await Promise.all([inspecting, steps]);
    expect(again).toEqual(maps);
    await model.dispose();
  });

  it('may leave a call to be made later, and may throw', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const truth = await model.predict(batch);
    let later: Promise<unknown> | undefined;
    const before = gpu.allocatedBytes;
    await model.inspect(batch, () => {
      later ??= sleep(300).then(() => model.predict(batch));
    });
    expect(await later).toEqual(truth);
    const failing = model.inspect(batch, () => {
      throw new TypeError('mine');
    });
    await expect(failing).rejects.toThrow(new TypeError('mine'));
    expect(gpu.allocatedBytes).toBe(before);
    expect(await model.predict(batch)).toEqual(truth);
    await model.dispose();
  });
});

describe('other callbacks', () => {
  it('what onProgress throws is the caller’s, and it may not call the model that works', async () => {
    const mine = new Error('mine');
    let throws = true;
    const inside: Promise<unknown>[] = [];
    const model = await DenseNet.create(gpu, {
      config: TINY,
      seed: 1,
      onProgress: ({ phase }) => {
        if (phase !== 'compile') return;
        if (throws) throw mine;
        inside.push(model.predict(batch).catch((error: Error) => error.message));
      },
    });
    const before = gpu.allocatedBytes;
    await expect(model.predict(batch)).rejects.toBe(mine);
    throws = false;
    const p = await seconds(model.predict(batch));
    const answers = await seconds(Promise.all(inside));
    expect(answers.length).toBeGreaterThan(1);
    for (const answer of answers) expect(answer).toMatch(/onProgress of its own call/);
    expect(await model.predict(batch)).toEqual(p);
    expect(gpu.allocatedBytes).toBeGreaterThan(before);
    // Whoever waits for the model in it, does not wait for ever.
    const waiting = model.predict(tinyBatch(1, 1), { onProgress: () => model.predict(batch) });
    await expect(seconds(waiting)).rejects.toThrow(/onProgress of its own call/);
    await model.dispose();
  });

  it('of predictAll are waited for, and what they reject with is the caller’s', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const mine = new Error('mine');
    const late = async () => {
      await sleep(1);
      throw mine;
    };
    await expect(predictAll(model, tinySource(), { onProgress: late })).rejects.toBe(mine);
    await model.dispose();
  });
});

describe('callWithin', () => {
  it('tells who is waited for, over awaits, and no longer', async () => {
    const [a, b] = [{}, {}];
    let later: Promise<boolean> | undefined;
    const inside = await callWithin(a, async () => {
      await sleep(1);
      later = sleep(20).then(() => isWithin(a));
      return [isWithin(a), isWithin(b), await callWithin(b, async () => isWithin(a) && isWithin(b))];
    });
    expect(inside).toEqual([true, false, true]);
    expect([isWithin(a), await later]).toEqual([false, false]);
  });
});

describe('callWithin in a browser', () => {
  afterAll(() => {
    vi.unstubAllGlobals();
    vi.resetModules();
  });

  it('tells it while the callback itself runs, and mistakes nobody else', async () => {
    vi.resetModules();
    vi.stubGlobal('process', { env: {} });
    const browser = await import('../../../src/core/reentrancy.js');
    // The store is made at the first call.
    await browser.callWithin({}, () => {});
    vi.unstubAllGlobals();
    const a = {};
    const seen: Record<string, boolean> = {};
    const inside = browser.callWithin(a, async () => {
      seen.inside = browser.isWithin(a);
      void browser.callWithin({}, () => {
        seen.nested = browser.isWithin(a);
      });
      await sleep(5);
      seen.later = browser.isWithin(a);
    });
    seen.outside = browser.isWithin(a);
    await inside;
    expect(seen).toEqual({ inside: true, nested: true, outside: false, later: false });
    await browser
      .callWithin(a, () => {
        throw new Error('mine');
      })
      .catch(() => {});
    expect(browser.isWithin(a)).toBe(false);
  });
});
