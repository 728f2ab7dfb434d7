/** Two models and a host on one device: what is wrong with one is told to that one, and to nobody else. */
import { describe, expect, it } from 'vitest';
import { DataError, UsageError } from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import type { Batch } from '../../../src/training/batch.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import { enableTuning } from '../../../src/verify/enableTuning.js';
import { checkKernels } from '../../../src/verify/planCheck.js';
import { testFaultyDevice } from '../../support/gpu/testGpu.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

const ROUNDS = 250;

const faulty = await testFaultyDevice();

const good = tinyBatch(1);
const holed: Batch = {
  ...good,
  x: new Float32Array(2 * 16 * 16 * 3).fill(Number.NaN, 5, 6),
};
const BAD: [Batch, new (...args: never[]) => Error][] = [
  [holed, DataError],
  [{ ...good, pixels: good.pixels.subarray(1) }, DataError],
  [{ ...good, height: 15 }, UsageError],
];

/** Asks a host's question with a scope of its own that stays open while others work. */
async function host(device: GPUDevice, wrong: boolean): Promise<string | null> {
  device.pushErrorScope('validation');
  await new Promise((resolve) => setImmediate(resolve));
  // MAP_READ goes with COPY_DST only.
  if (wrong) device.createBuffer({ label: "the host's", size: 16, usage: 0x1 | 0x80 });
  const error = await device.popErrorScope();
  return error?.message ?? null;
}

describe.each(['one Gpu', 'two Gpus'])('two models on one device, %s', (which) => {
  it('get right numbers or their own error, whatever the other does', async () => {
    const { device } = faulty;
    const first = Gpu.borrow(device);
    const second = which === 'one Gpu' ? first : Gpu.borrow(device);
    const a = await DenseNet.create(first, { config: TINY, seed: 1 });
    const b = await DenseNet.create(second, { config: TINY, seed: 2 });
    await b.compile(TINY_LOSS);
    const truth = await a.predict(good);
    const others = await b.predict(good);
    expect(others).not.toEqual(truth);
    for (let round = 0; round < ROUNDS; round++) {
      const [bad, kind] = BAD[round % BAD.length];
      const wrongHost = round % 2 === 0;
      const calls = [
        () => expect(a.predict(good)).resolves.toEqual(truth),
        () => expect(b.predict(bad)).rejects.toBeInstanceOf(kind),
        () => expect(b.trainStep(bad)).rejects.toBeInstanceOf(kind),
        () => expect(b.predict(good)).resolves.toEqual(others),
        async () => {
          const heard = await host(device, wrongHost);
          if (wrongHost) expect(heard).toMatch(/usage/i);
          else expect(heard).toBeNull();
        },
      ];
      // Another one begins each round.
      const start = round % calls.length;
      await Promise.all([...calls.slice(start), ...calls.slice(0, start)].map((call) => call()));
    }
    await Promise.all([a.dispose(), b.dispose()]);
    expect(first.allocatedBytes + second.allocatedBytes).toBe(0);
    first.dispose();
    second.dispose();
  });

  it('are not disturbed by memory that the other does not get', async () => {
    const { device } = faulty;
    const first = Gpu.borrow(device);
    const second = which === 'one Gpu' ? first : Gpu.borrow(device);
    const a = await DenseNet.create(first, { config: TINY, seed: 1 });
    const truth = await a.predict(good);
    for (let round = 0; round < 20; round++) {
      const b = await DenseNet.create(second, { config: TINY, seed: 2 });
      faulty.arm(round + 1);
      // A warm prediction asks for no buffer, so it is the other's that fails.
      const [right, failed] = await Promise.allSettled([a.predict(good), b.predict(good)]);
      expect(right).toEqual({ status: 'fulfilled', value: truth });
      expect(failed).toMatchObject({ status: 'rejected', reason: { name: 'OutOfMemoryError' } });
      faulty.arm(0);
      await b.dispose();
    }
    await a.dispose();
    first.dispose();
    second.dispose();
  });

  it('predict and train in turns to the bits that they give one after the other', async () => {
    const { device } = faulty;
    const first = Gpu.borrow(device);
    const second = which === 'one Gpu' ? first : Gpu.borrow(device);
    const jobs = async (gpu: Gpu, seed: number) => {
      const model = await DenseNet.create(gpu, { config: TINY, seed });
      const p = await model.predict(good);
      const { stepLoss, epochs } = await trainModel(model, tinySource(), {
        ...TINY_LOSS,
        epochs: 2,
        validation: tinySource(1),
      });
      const maps = await model.gradcam(tinyBatch(2, 1), [0, 1]);
      const results = [
        p,
        stepLoss,
        epochs.map(({ logs }) => logs.val_loss),
        maps,
        await model.exportWeights(),
      ];
      await model.dispose();
      return results;
    };
    const apart = [await jobs(first, 1), await jobs(second, 2), await jobs(first, 3)];
    const together = await Promise.all([jobs(first, 1), jobs(second, 2), jobs(first, 3)]);
    expect(together).toEqual(apart);
    expect(first.allocatedBytes + second.allocatedBytes).toBe(0);
    first.dispose();
    second.dispose();
  });
});

describe("a host's error scopes", () => {
  it("hear the host's errors and none of ours, around and between all that a model does", async () => {
    const { device } = faulty;
    const gpu = Gpu.borrow(device);
    checkKernels(gpu);
    await enableTuning(gpu, { budgetMs: 100 });
    let over = false;
    let [asked, heard] = [0, 0];
    const asking = (async () => {
      for (; !over; asked++) {
        const message = await host(device, asked % 2 === 0);
        if (message !== null) heard++;
        expect(message === null, `question ${asked}`).toBe(asked % 2 === 1);
      }
    })();
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await model.predict(good);
    await model.gradcam(tinyBatch(2, 1), [0]);
    await model.inspect(good, () => {});
    await trainModel(model, tinySource(), { ...TINY_LOSS, epochs: 1, validation: tinySource(1) });
    // Ours, refused by WebGPU while the host asks.
    const wrong = () => void device.createBuffer({ size: 16, usage: 0x1 | 0x80 });
    await expect(gpu.guarded('mine', wrong)).rejects.toThrow(/WebGPU refused mine/);
    await model.dispose();
    over = true;
    await asking;
    expect(heard).toBeGreaterThan(10);
    expect(gpu.allocatedBytes).toBe(0);
    gpu.dispose();
  });
});
