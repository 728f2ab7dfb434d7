/** Every allocation of every call made to fail: a typed error, nothing left behind, and a model that works on. */
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { OutOfMemoryError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { planHelpers } from '../../../src/engine/plan/recordPlan.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import type { OptimizerState } from '../../../src/training/optimizers/state.js';
import { enableTuning } from '../../../src/verify/enableTuning.js';
import type { Fault } from '../../support/gpu/faultyDevice.js';
import { testFaultyDevice } from '../../support/gpu/testGpu.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

const faulty = await testFaultyDevice();
const gpu = Gpu.borrow(faulty.device);
const weights = initialWeights(TINY, 3);
let optimizer: OptimizerState;
beforeAll(async () => {
  const model = await DenseNet.create(gpu, { config: TINY, weights });
  await trainModel(model, tinySource(), { ...TINY_LOSS, epochs: 1 });
  optimizer = await model.exportOptimizer();
  await model.dispose();
  expect(gpu.allocatedBytes).toBe(0);
});
beforeEach(() => faulty.arm(0));
afterAll(() => gpu.dispose());

const one = tinyBatch(5, 1);
const two = tinyBatch(6, 2);

interface Call {
  /** With memory enough: what has to be done before. */
  before?: (model: DenseNet) => Promise<unknown>;
  /** What it gives can be compared. */
  call: (model: DenseNet) => Promise<unknown>;
  /** Where the call itself may have been done in part: what brings the model back to where it was. */
  again?: (model: DenseNet) => Promise<unknown>;
}

const compile = (model: DenseNet) => model.compile(TINY_LOSS);
const train = async (model: DenseNet) => {
  await compile(model);
  await model.trainStep(two);
};

/** A map that the pass keeps, and one that is made beside it. */
const FEW = ['pool1', 'bn'];

const CALLS: Record<string, Call> = {
  predict: { call: (model) => model.predict(two) },
  gradcam: { call: (model) => model.gradcam(one, [1, 0], { score: 'logit' }) },
  inspect: {
    call: async (model) => {
      const maps: unknown[] = [];
      await model.inspect(two, (map) => void maps.push(map), { only: ({ name }) => FEW.includes(name) });
      return maps;
    },
  },
  'compile with a state': { call: (model) => model.compile({ ...TINY_LOSS, optimizer }) },
  trainStep: { before: compile, call: (model) => model.trainStep(two) },
  'predict behind a step': { before: train, call: (model) => model.predict(two) },
  gradients: { before: train, call: (model) => model.gradients() },
  exportOptimizer: { before: train, call: (model) => model.exportOptimizer() },
  fit: {
    call: async (model) => {
      const options = { ...TINY_LOSS, epochs: 2, validation: tinySource() };
      const { stepLoss, epochs } = await trainModel(model, tinySource(), options);
      return [stepLoss, epochs.map(({ logs }) => logs.val_loss)];
    },
    again: async (model) => {
      await model.importWeights(weights);
      await compile(model);
    },
  },
};

/** All that a model is: the next step tells of plans, weights and moments, and no number may have moved. */
async function stateOf(model: DenseNet) {
  if (model.steps === 0) await compile(model);
  const before = [await model.exportWeights(), await model.exportOptimizer()];
  return [before, await model.trainStep(two), await model.exportWeights(), await model.predict(two)];
}

const create = () => DenseNet.create(gpu, { config: TINY, weights });

describe.each<Fault>(['throws', 'reports'])('where createBuffer %s', (fault) => {
  it('a model is not made, or made whole', async () => {
    let k = 1;
    for (; ; k++) {
      faulty.arm(k, fault);
      const made = await create().catch((error: unknown) => error);
      if (made instanceof DenseNet) {
        await made.dispose();
        break;
      }
      expect(made, `buffer ${k}`).toBeInstanceOf(OutOfMemoryError);
      expect(gpu.allocatedBytes, `buffer ${k}`).toBe(0);
    }
    expect(k).toBeGreaterThan(2);
  });

  it.each(Object.keys(CALLS))(
    '%s fails with OutOfMemoryError and then gives the same numbers',
    async (name) => {
      const { before, call, again } = CALLS[name];
      const ready = async () => {
        const model = await create();
        await before?.(model);
        return model;
      };
      const untouched = await ready();
      const truth = [await call(untouched), await stateOf(untouched)];
      await untouched.dispose();
      let failures = 0;
      // A throw and a report meet the same code but for a line, and a fit is made of the other calls.
      const every = (fault === 'throws' ? 7 : 3) * (name === 'fit' ? 4 : 1);
      for (let k = 1; ; k += every) {
        const model = await ready();
        faulty.arm(k, fault);
        const got = await call(model).catch((error: unknown) => error);
        const met = faulty.buffers >= k;
        faulty.arm(0);
        if (met) {
          failures++;
          expect(got, `${name}, buffer ${k}`).toBeInstanceOf(OutOfMemoryError);
          expect((got as Error).message).not.toMatch(/--/);
          await again?.(model);
          expect([await call(model), await stateOf(model)], `${name} after buffer ${k}`).toEqual(truth);
        }
        await model.dispose();
        expect(gpu.allocatedBytes, `${name}, buffer ${k}`).toBe(0);
        if (!met) break;
      }
      expect(failures).toBeGreaterThan(0);
    },
  );
});

describe('a warm model', () => {
  it('asks for no memory to predict and train, but for the affines of new weights', async () => {
    const model = await create();
    await model.compile(TINY_LOSS);
    const all = async () => {
      await model.predict(two);
      await model.trainStep(two);
    };
    await all();
    faulty.arm(0);
    await model.trainStep(two);
    expect(faulty.buffers).toBe(0);
    await model.predict(two);
    // The affines of the new weights take one, for the parameters of their kernels.
    expect(faulty.buffers).toBe(1);
    await model.predict(two);
    expect(faulty.buffers).toBe(1);
    await model.dispose();
  });

  it('predicts on where there is no memory to measure kernels in', async () => {
    const model = await create();
    faulty.arm(0);
    const truth = await model.predict(two);
    await model.dispose();
    for (const k of [1, 2, 5, 9, 14, 20, 27]) {
      await enableTuning(gpu, { budgetMs: 100 });
      const measured = await create();
      faulty.arm(k);
      const got = await measured.predict(two).catch((error: unknown) => error);
      if (got instanceof Error) expect(got).toBeInstanceOf(OutOfMemoryError);
      else expect(got).toEqual(truth);
      faulty.arm(0);
      const after = await measured.predict(two);
      for (const [i, p] of after.entries()) expect(p).toBeCloseTo(truth[i], 5);
      await measured.dispose();
      expect(gpu.allocatedBytes).toBe(0);
      planHelpers(gpu).tuner = null;
    }
  });
});
