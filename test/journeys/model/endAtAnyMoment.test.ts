/** The end of a model or its Gpu, at any moment of anything: a typed error or the right numbers, and no byte left. */
import { describe, expect, it } from 'vitest';
import { GpuError, UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import { enableTuning } from '../../../src/verify/enableTuning.js';
import { testFaultyDevice } from '../../support/gpu/testGpu.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

const watched = await testFaultyDevice();
const weights = initialWeights(TINY, 3);

const one = tinyBatch(5, 1);
const two = tinyBatch(6, 2);

/** A map that the pass keeps, and one that is made beside it. */
const FEW = ['pool1', 'bn'];

const CALLS: Record<string, (model: DenseNet) => Promise<unknown>> = {
  predict: (model) => model.predict(two),
  gradcam: (model) => model.gradcam(one, [1, 0], { score: 'logit' }),
  inspect: async (model) => {
    const maps: unknown[] = [];
    const visit = async (map: unknown) => {
      await Promise.resolve();
      maps.push(map);
    };
    await model.inspect(two, visit, { only: ({ name }) => FEW.includes(name) });
    return maps;
  },
  'trainStep and what follows': async (model) => {
    await model.compile(TINY_LOSS);
    const loss = await model.trainStep(two);
    const rest = [model.gradients(), model.exportWeights(), model.exportOptimizer(), model.predict(two)];
    return [loss, await Promise.all(rest)];
  },
  planOf: async (model) => (await model.planOf('predict', 2, 16)).dispatches.length,
  fit: async (model) => {
    const options = { ...TINY_LOSS, epochs: 2, validation: tinySource(1) };
    return (await trainModel(model, tinySource(2), options)).stepLoss;
  },
};

const create = (gpu: Gpu) => DenseNet.create(gpu, { config: TINY, weights });

/** Runs `work` and, some moments behind the k-th call of the device, `end`. Whether the k-th call came at all. */
async function endAt(k: number, work: () => Promise<unknown>, end: () => void) {
  let calls = 0;
  watched.onCall = () => {
    if (++calls !== k) return;
    // One turn of the microtasks, several, or one of the event loop.
    if (k % 3 === 0) setImmediate(end);
    else if (k % 3 === 1) queueMicrotask(end);
    else void Promise.resolve().then(() => Promise.resolve().then(() => Promise.resolve().then(end)));
  };
  const got = await work().then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  );
  watched.onCall = null;
  await new Promise((resolve) => setImmediate(resolve));
  return { got, came: calls >= k };
}

describe('dispose() of a model', () => {
  it.each(Object.keys(CALLS))('while %s runs', async (name) => {
    const gpu = Gpu.borrow(watched.device);
    const call = CALLS[name];
    const untouched = await create(gpu);
    const truth = await call(untouched);
    await untouched.dispose();
    let refused = 0;
    for (let k = 1; ; k += name === 'fit' ? 61 : 17) {
      const model = await create(gpu);
      let left = -1;
      let ended: Promise<void> | null = null;
      const { got, came } = await endAt(
        k,
        () =>
          call(model).catch((error: unknown) => {
            left = gpu.allocatedBytes;
            throw error;
          }),
        () => {
          ended = model.dispose();
        },
      );
      if ('error' in got) {
        refused++;
        expect(got.error, `${name}, call ${k}`).toBeInstanceOf(UsageError);
        expect((got.error as Error).message).toMatch(/disposed/);
        if (name !== 'trainStep and what follows') expect(left, `${name}, call ${k}`).toBe(0);
      } else {
        expect(got.value, `${name}, call ${k}`).toEqual(truth);
      }
      await (ended ?? model.dispose());
      expect(gpu.allocatedBytes, `${name}, call ${k}`).toBe(0);
      await expect(model.predict(two)).rejects.toThrow(/disposed/);
      if (!came) break;
    }
    expect(refused).toBeGreaterThan(0);
    gpu.dispose();
  });

  it('while kernels are measured', async () => {
    const gpu = Gpu.borrow(watched.device);
    const tuner = await enableTuning(gpu, { budgetMs: 20_000 });
    for (const ms of [0, 3, 30, 100]) {
      const model = await create(gpu);
      const job = expect(model.predict({ ...two, height: 16, width: 16 })).rejects.toThrow(UsageError);
      await new Promise((resolve) => setTimeout(resolve, ms));
      await model.dispose();
      expect(gpu.allocatedBytes).toBe(0);
      await job;
    }
    // What was given up is not known, and is measured when the next model asks.
    expect(tuner.table.entries.filter(({ why }) => why?.includes('disposed'))).toEqual([]);
    gpu.dispose();
  });

  it('takes effect at once where nothing runs, and can be called and awaited again', async () => {
    const gpu = Gpu.borrow(watched.device);
    const model = await create(gpu);
    await model.predict(two);
    const queued = model.predict(two);
    const first = model.dispose();
    expect(gpu.allocatedBytes).toBe(0);
    await expect(queued).rejects.toThrow(/disposed/);
    await Promise.all([first, model.dispose()]);
    gpu.dispose();
  });

  it('gives up a plan that compiles, without waiting for the compiler', async () => {
    const gpu = Gpu.borrow(watched.device);
    let heard = 0;
    let dispose = () => {};
    const model = await DenseNet.create(gpu, {
      config: TINY,
      weights,
      onProgress: ({ phase, done }) => {
        if (phase !== 'compile') return;
        heard = done;
        dispose();
      },
    });
    dispose = () => void model.dispose();
    await expect(model.predict(two)).rejects.toThrow(UsageError);
    expect(gpu.allocatedBytes).toBe(0);
    expect(heard).toBe(1);
    gpu.dispose();
  });

  it('ends a visitor that waits, whoever calls it', async () => {
    const gpu = Gpu.borrow(watched.device);
    const model = await create(gpu);
    let visits = 0;
    const inspecting = model.inspect(two, async () => {
      visits++;
      await model.dispose();
      expect(gpu.allocatedBytes).toBe(0);
    });
    await expect(inspecting).rejects.toThrow(/disposed/);
    expect(visits).toBe(1);

    const other = await create(gpu);
    await expect(other.inspect(two, () => gpu.dispose())).rejects.toThrow(GpuError);
  });
});

describe('dispose() of a Gpu', () => {
  it.each(['create', ...Object.keys(CALLS)])('while %s runs', async (name) => {
    const run = async (gpu: Gpu) => {
      const model = await create(gpu);
      if (name === 'create') return model.steps;
      return CALLS[name](model);
    };
    const before = Gpu.borrow(watched.device);
    const truth = await run(before);
    before.dispose();
    let refused = 0;
    for (let k = 1; ; k += name === 'create' ? 1 : 53) {
      const gpu = Gpu.borrow(watched.device);
      const { got, came } = await endAt(
        k,
        () => run(gpu),
        () => gpu.dispose(),
      );
      if ('error' in got) {
        refused++;
        expect(got.error, `${name}, call ${k}`).toBeInstanceOf(GpuError);
        expect((got.error as Error).message).toMatch(/disposed/);
      } else {
        expect(got.value, `${name}, call ${k}`).toEqual(truth);
      }
      gpu.dispose();
      expect(gpu.allocatedBytes).toBe(0);
      if (!came) break;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it.each(['dispose() of our own', "destroy() of a host's"])('and of its device: %s', async (whose) => {
    let truth: unknown[] | undefined;
    for (const ms of [null, 0, 2, 5, 10, 20, 40, 80, 150]) {
      const opened = (await openNodeGpu({ quiet: true })).gpu;
      const gpu = whose.startsWith('dispose') ? opened : Gpu.borrow(opened.device);
      const model = await create(gpu);
      const jobs = [
        model.predict(two),
        model.compile(TINY_LOSS),
        model.trainStep(two),
        model.exportWeights(),
      ];
      const settled = Promise.allSettled(jobs);
      // The first time they are waited for.
      if (ms === null) await settled;
      else await new Promise((resolve) => setTimeout(resolve, ms));
      if (gpu === opened) gpu.dispose();
      else opened.device.destroy();
      const results = await settled;
      truth ??= results.map((job) => job.status === 'fulfilled' && job.value);
      for (const [i, job] of results.entries()) {
        if (job.status === 'rejected') expect(job.reason, `${ms} ms`).toBeInstanceOf(GpuError);
        else expect(job.value, `${ms} ms`).toEqual(truth[i]);
      }
      expect(truth).not.toContain(false);
      await expect(model.predict(two)).rejects.toThrow(GpuError);
      await model.dispose();
      expect(gpu.allocatedBytes).toBe(0);
      opened.dispose();
    }
  });
});
