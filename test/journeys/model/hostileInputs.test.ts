/** Inputs of attackers at the model's doors: nothing that is not finite comes in or out, and no refusal takes long. */
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import {
  DataError,
  GpuError,
  NonFiniteError,
  OutOfMemoryError,
  UsageError,
} from '../../../src/core/errors.js';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../../src/engine/device/gpu.node.js';
import type { Batch, BatchSource } from '../../../src/training/batch.js';
import { fit as trainModel } from '../../../src/training/fit.js';
import type { InspectedMap } from '../../../src/training/inspection/inspect.js';
import { predictAll } from '../../../src/training/predictAll.js';
import { TINY, TINY_LOSS, tinyBatch, tinySource } from '../../support/networks/tinyNet.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
});
afterAll(() => gpu.dispose());

describe('a step size that float32 does not hold', () => {
  // lr * sqrt(1 - beta2) / (1 - beta1): some 1e42 at the first step.
  const wild = { learningRate: 3e38, beta1: 0.99999, beta2: 0.5 };

  it.each([
    ['no gradient at all', [0, 0]],
    ['gradients next to nothing', [1e-30, 1e-30]],
  ])('is refused with %s, which bounds alone take for harmless', async (_, weights) => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await model.compile({ posWeights: weights, negWeights: weights, ...wild });
    const before = await model.exportWeights();
    await expect(model.trainStep(tinyBatch(1))).rejects.toThrow(NonFiniteError);
    expect(await model.exportWeights()).toEqual(before);
    await model.dispose();
  });
});

describe('Grad-CAM', () => {
  it('that overflows beside a finite probability is refused, not drawn from NaN', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const batch = tinyBatch(1, 1);
    const features = new Map<string, InspectedMap>();
    await model.inspect(batch, (output) => void features.set(output.name, output));
    // The last block's concatenation, channel by channel.
    const channels = ['pool2_pool', 'conv3_block1_2_conv'].flatMap((name) => {
      const { values, shape } = features.get(name)!;
      return Array.from({ length: shape[3] }, (_, c) => values.filter((_v, i) => i % shape[3] === c).sort());
    });
    const weights = await model.exportWeights();
    // One pixel is just above 0, and passes the ReLU; the others are far below, and count in the map alone.
    weights.set(
      'bn/moving_mean',
      Float32Array.from(channels, (sorted) => sorted[3] - (sorted[3] - sorted[2]) / 1000),
    );
    weights.get('bn/gamma')!.fill(1e4);
    weights.get('dense_1/kernel')!.forEach((_, i, kernel) => {
      kernel[i] = i % 4 < 2 ? 1e36 : -1e36;
    });
    await model.importWeights(weights);
    for (const p of await model.predict(batch)) expect([0, 1]).toContain(p);
    await expect(model.gradcam(batch, [1], { score: 'logit' })).rejects.toThrow(
      /Grad-CAM of output 1 for image 1\.0 .*(Infinity|NaN)/,
    );
    await model.dispose();
  });
});

describe('what is no Gpu, no function, no source', () => {
  it('is refused by name at every door', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const wrong = <T>(value: unknown) => value as T;
    const source = (fields: object) => wrong<BatchSource>({ ...tinySource(), ...fields });
    const train = (options: object, from = tinySource()) =>
      trainModel(model, from, { ...TINY_LOSS, epochs: 1, ...options });
    const doors: [RegExp, () => Promise<unknown>][] = [
      [/a GPUDevice.*must be a Gpu/, () => DenseNet.create(wrong<Gpu>(gpu.device))],
      [/null, it must be a Gpu/, () => DenseNet.create(wrong<Gpu>(null))],
      [/onProgress is 5/, () => DenseNet.create(gpu, { onProgress: wrong(5) })],
      [/visitor .* is undefined/, () => model.inspect(tinyBatch(1), wrong(undefined))],
      [/onProgress is null/, () => predictAll(model, tinySource(), { onProgress: wrong(null) })],
      [/source is null/, () => predictAll(model, wrong(null))],
      [/source: length is NaN/, () => predictAll(model, source({ length: Number.NaN }))],
      [/source: samples is -1/, () => predictAll(model, source({ samples: -1 }))],
      [/source: getBatch is undefined/, () => predictAll(model, source({ getBatch: undefined }))],
      [/batch is null/, () => predictAll(model, source({ getBatch: async () => null }))],
      [/training source is null/, () => train({}, wrong(null))],
      [/training source: length is NaN/, () => train({ stepsPerEpoch: 1 }, source({ length: Number.NaN }))],
      [/validation source is 5/, () => train({ validation: 5 })],
      [/callbacks is 5/, () => train({ callbacks: 5 })],
      [/callbacks\[0\] is 'log'/, () => train({ callbacks: ['log'] })],
      [
        /callbacks\[1\] has none of the hooks onTrainBegin/,
        () => train({ callbacks: [{ onStep() {} }, {}] }),
      ],
      [/callbacks\[0\]\.onStep is 'log'/, () => train({ callbacks: [{ onStep: 'log' }] })],
      [/onStep is no option of fit.*callbacks: \[\{ onStep/, () => train({ onStep() {} })],
      [/onValidation is no option.*onValidationStep/, () => train({ onValidation() {} })],
      [/onEpoch is no option/, () => train({ onEpoch() {} })],
      [/learningRate is 1n/, () => model.compile({ ...TINY_LOSS, learningRate: wrong(1n) })],
      [/Image size '16'/, () => model.predict({ ...tinyBatch(1), height: wrong('16') })],
    ];
    for (const [message, call] of doors) {
      const got = await call().catch((error: unknown) => error);
      expect(got, String(message)).toBeInstanceOf(UsageError);
      expect((got as Error).message).toMatch(message);
    }
    // None of it has trained or compiled anything.
    await expect(model.exportOptimizer()).rejects.toThrow(/compile/);
    await model.dispose();
  });
});

describe('counts and sizes that nothing holds', () => {
  it('are refused before anything is made for them', async () => {
    const model = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    const made = vi.spyOn(gpu, 'createBuffer');
    const pipelines = gpu.pipelineCount;
    for (const count of [1e8, 2 ** 32, Number.MAX_SAFE_INTEGER]) {
      const batch = { ...tinyBatch(1), count } as Batch;
      await expect(model.predict(batch)).rejects.toThrow(DataError);
      await expect(model.trainStep(batch)).rejects.toThrow(DataError);
      const nameless = { ...batch, x: new Float32Array(5), files: undefined } as unknown as Batch;
      await expect(model.predict(nameless)).rejects.toThrow(DataError);
    }
    expect(made).not.toHaveBeenCalled();
    expect(gpu.pipelineCount).toBe(pipelines);
    made.mockRestore();
    const giants = [
      { growthRate: 65536, bottleneck: 65536 },
      { stemChannels: 65536, classes: 65536 },
    ];
    for (const giant of giants) {
      await expect(DenseNet.create(gpu, { config: { ...TINY, ...giant } })).rejects.toThrow(OutOfMemoryError);
    }
    await model.dispose();
    expect(gpu.allocatedBytes).toBe(0);
  });
});

describe('a submit or a write that WebGPU drops with an error', () => {
  /** The device, which drops the k-th of these calls and says so. */
  function dropping(call: 'submit' | 'writeBuffer') {
    const state = { calls: 0, failing: 0 };
    const { queue: real } = gpu.device;
    const queue = new Proxy(real, {
      get(_, key) {
        const value = Reflect.get(real, key, real);
        if (typeof value !== 'function') return value;
        return (...args: unknown[]) => {
          if (key !== call || ++state.calls !== state.failing) return value.apply(real, args);
          // The error of a buffer that cannot be stands for the call's own.
          gpu.device.createBuffer({ label: 'dropped', size: 16, usage: 0x1 | 0x80 });
        };
      },
    });
    const device = new Proxy(gpu.device, {
      get(target, key) {
        if (key === 'queue') return queue;
        const value = Reflect.get(target, key, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    return { state, device };
  }

  const grouped = { accumulate: 2, clipNorm: 0.1, ema: 0.5 };

  it.each([
    ['submit', 'a step', {}, 1],
    ['writeBuffer', 'a step', {}, 1],
    ['submit', 'the last step of a group', grouped, 1],
    ['writeBuffer', 'the last step of a group', grouped, 1],
    ['submit', 'the first step of a group', grouped, 2],
  ] as const)('%s: %s is taken whole or not at all', async (call, _, options, begun) => {
    const { state, device } = dropping(call);
    const borrowed = Gpu.borrow(device);
    const model = await DenseNet.create(borrowed, { config: TINY, seed: 1 });
    await model.compile({ ...TINY_LOSS, learningRate: 0.01, ...options });
    for (let i = 0; i < begun; i++) await model.trainStep(tinyBatch(1));
    const held = async () => [
      await model.exportWeights(),
      await model.exportOptimizer(),
      await model.predict(tinyBatch(2)),
    ];
    const before = await held();
    let k = 1;
    for (; ; k++) {
      Object.assign(state, { calls: 0, failing: k });
      model.setLearningRate(0.02);
      const got = await model.trainStep(tinyBatch(3)).catch((error: unknown) => error);
      const met = state.calls >= k;
      state.failing = 0;
      if (!met) break;
      expect(got, `${call} ${k}`).toBeInstanceOf(GpuError);
      model.setLearningRate(0.01);
      expect(await held(), `${call} ${k}`).toEqual(before);
    }
    expect(k).toBeGreaterThan(1);
    await model.dispose();
    borrowed.dispose();
  });
});

describe('a device whose calls throw', () => {
  /** The device with one method of it, or of its queue, that throws while `state.fails`. */
  function throwing(name: string, error: Error) {
    const state = { fails: false };
    const watch = <T extends object>(target: T, own: Record<string, unknown> = {}): T =>
      new Proxy(target, {
        get(_, key) {
          const value = own[key as string] ?? Reflect.get(target, key, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            if (state.fails && key === name) throw error;
            return value.apply(target, args);
          };
        },
      });
    return { state, device: watch(gpu.device, { queue: watch(gpu.device.queue) }) };
  }

  it.each([
    ['createBindGroup', new TypeError('mine'), GpuError],
    ['createBindGroupLayout', new TypeError('mine'), GpuError],
    ['createShaderModule', new TypeError('mine'), GpuError],
    ['createCommandEncoder', new TypeError('mine'), GpuError],
    ['submit', new Error('mine'), GpuError],
    ['writeBuffer', new RangeError('Array buffer allocation failed'), OutOfMemoryError],
  ])('%s: the error is of a kind of ours, and the model works on', async (name, error, kind) => {
    const { state, device } = throwing(name, error);
    const borrowed = Gpu.borrow(device);
    const model = await DenseNet.create(borrowed, { config: TINY, seed: 1 });
    await model.compile(TINY_LOSS);
    const batch = tinyBatch(1);
    const before = borrowed.allocatedBytes;
    state.fails = true;
    const got = await model.predict(batch).catch((e: unknown) => e);
    expect(got).toBeInstanceOf(kind);
    expect((got as Error).message).toContain(error.message);
    expect((got as Error).cause).toBe(error);
    await expect(model.trainStep(batch)).rejects.toBeInstanceOf(kind);
    state.fails = false;
    expect(borrowed.allocatedBytes).toBeGreaterThanOrEqual(before);
    const untouched = await DenseNet.create(gpu, { config: TINY, seed: 1 });
    await untouched.compile(TINY_LOSS);
    expect(await model.predict(batch)).toEqual(await untouched.predict(batch));
    expect(await model.trainStep(batch)).toBe(await untouched.trainStep(batch));
    expect(await model.exportWeights()).toEqual(await untouched.exportWeights());
    await Promise.all([model.dispose(), untouched.dispose()]);
    expect(borrowed.allocatedBytes).toBe(0);
    borrowed.dispose();
  });
});
