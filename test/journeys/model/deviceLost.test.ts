/** A device that goes in the middle of something: whoever waits learns of it by DeviceLostError, and nobody hangs. */
import { afterEach, describe, expect, it } from 'vitest';
import { DeviceLostError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { initialWeights } from '../../../src/densenet/initialisers.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import { profilePlan } from '../../../src/engine/timing/profile.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import { predictAll } from '../../../src/training/predictAll.js';
import { enableTuning } from '../../../src/verify/enableTuning.js';
import { checkKernels } from '../../../src/verify/planCheck.js';
import { selfTest } from '../../../src/verify/selfTest.js';
import { type FaultyDevice, faultyDevice } from '../../support/gpu/faultyDevice.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

let own: Gpu;
let watched: FaultyDevice;
const weights = initialWeights(TINY, 3);
afterEach(() => {
  expect(watched.uncaught).toEqual([]);
  own.dispose();
});

/** A device of a host's, which can take it away. */
async function borrowed(): Promise<Gpu> {
  own = (await openNodeGpu({ quiet: true })).gpu;
  watched = faultyDevice(own.device);
  return Gpu.borrow(watched.device);
}

const create = (gpu: Gpu) => DenseNet.create(gpu, { config: TINY, weights });
const [one, two] = [tinyBatch(5, 1), tinyBatch(6, 2)];

/** What is ready before the device goes, and what it goes under. */
const CALLS: Record<string, (gpu: Gpu) => Promise<() => Promise<unknown>>> = {
  'upload and compile': async (gpu) => async () => (await create(gpu)).predict(two),
  'a warm predict': async (gpu) => {
    const model = await create(gpu);
    await model.predict(two);
    return () => model.predict(two);
  },
  'several that wait for each other': async (gpu) => {
    const model = await create(gpu);
    return async () => {
      const calls = [model.predict(two), model.gradcam(one, [0]), model.exportWeights()];
      const ended = await Promise.allSettled(calls);
      for (const [i, call] of ended.entries()) {
        if (call.status === 'rejected') expect(call.reason, `call ${i}`).toBeInstanceOf(DeviceLostError);
      }
      return calls[2];
    };
  },
  'reading back': async (gpu) => {
    const model = await create(gpu);
    return () => model.exportWeights();
  },
  inspect: async (gpu) => {
    const model = await create(gpu);
    return () => model.inspect(two, () => {});
  },
  'a train step': async (gpu) => {
    const model = await create(gpu);
    await model.compile(TINY_LOSS);
    await model.trainStep(two);
    return () => model.trainStep(two);
  },
  fit: async (gpu) => {
    const model = await create(gpu);
    return () => trainModel(model, tinySource(), { ...TINY_LOSS, epochs: 1, validation: tinySource(1) });
  },
  predictAll: async (gpu) => {
    const model = await create(gpu);
    return () => predictAll(model, tinySource());
  },
  'measuring kernels': async (gpu) => {
    await enableTuning(gpu, { budgetMs: 20_000 });
    const model = await create(gpu);
    return () => model.predict(two);
  },
  'checking kernels': async (gpu) => {
    checkKernels(gpu);
    const model = await create(gpu);
    return () => model.predict(two);
  },
  'the self-test': async (gpu) => () => selfTest(gpu, { ops: ['reduce', 'blend'] }),
  profilePlan: async (gpu) => {
    const model = await create(gpu);
    await model.predict(two);
    const plan = await model.planOf('predict', 2, 16);
    return () => profilePlan(gpu, plan, { repeats: 2 });
  },
};

const tooLong = () =>
  new Promise((_, reject) => void setTimeout(() => reject(new Error('it hangs')), 10_000).unref());

describe('a device that goes', () => {
  it.each(Object.keys(CALLS))('under %s', async (name) => {
    let refused = 0;
    // Behind the k-th call of the device; the last comes when all is done.
    for (let k = 1; ; k = 7 * k + 4) {
      const gpu = await borrowed();
      const call = await CALLS[name](gpu);
      let calls = 0;
      watched.onCall = () => {
        if (++calls !== k) return;
        if (k % 2 === 0) own.device.destroy();
        else setImmediate(() => own.device.destroy());
      };
      const error = await Promise.race([call(), tooLong()]).then(
        () => null,
        (reason: unknown) => reason,
      );
      watched.onCall = null;
      if (error !== null) {
        refused++;
        expect(error, `${name}, call ${k}`).toBeInstanceOf(DeviceLostError);
        expect((error as DeviceLostError).code).toBe('gpu');
        await expect(create(gpu)).rejects.toBeInstanceOf(DeviceLostError);
        expect(await gpu.lost).toMatchObject({ reason: 'destroyed', message: expect.stringMatching(/./) });
      }
      gpu.dispose();
      expect(gpu.allocatedBytes).toBe(0);
      own.dispose();
      if (calls < k) break;
    }
    expect(refused).toBeGreaterThan(0);
  });

  it('is told by `lost` to whoever opened it and to whoever borrowed it, also where nothing runs', async () => {
    const gpu = await borrowed();
    let heard = 0;
    for (const { lost } of [own, gpu]) void lost.then(() => heard++);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(heard).toBe(0);
    own.dispose();
    expect((await own.lost).reason).toBe('destroyed');
    expect((await gpu.lost).reason).toBe('destroyed');
    await expect(gpu.idle()).rejects.toBeInstanceOf(DeviceLostError);
    await expect(own.idle()).rejects.toThrow(/disposed/);
  });
});
