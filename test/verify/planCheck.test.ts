/** Kernels are checked before first use: a wrong one is found and replaced, what is known is not checked again. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { GpuError } from '../../src/core/errors.js';
import { MT19937 } from '../../src/core/mt19937.js';
import { densenetConfig } from '../../src/densenet/architecture.js';
import { DenseNet } from '../../src/densenet/densenet.js';
import { initialWeights } from '../../src/densenet/initialisers.js';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { PlanBuilder } from '../../src/engine/plan/plan.js';
import { planHelpers, recordPlan } from '../../src/engine/plan/recordPlan.js';
import { denseTensor, elements, type Tensor } from '../../src/engine/plan/tensor.js';
import { verdictFile } from '../../src/engine/tuning/adapterFiles.node.js';
import type { VerdictDocument, VerdictStore } from '../../src/engine/tuning/verdicts.js';
import { sigmoid } from '../../src/shaders/loss/loss.js';
import { averagePoolForward, globalAveragePoolForward } from '../../src/shaders/pool/pool.js';
import type { FloatBatch, PixelBatch } from '../../src/training/batch.js';
import { checkKernels } from '../../src/verify/planCheck.js';
import { halfDone, kernelNamed, slightlyWrong, withText } from '../support/gpu/wrongKernel.js';

let gpu: Gpu;
/** Kernels of a prediction with its Grad-CAM, and of a training; what is known of them all as they are. */
let used: { predict: string[]; train: string[] };
let known = '';
beforeAll(async () => {
  gpu = (await openNodeGpu({ quiet: true })).gpu;
  const store = memory();
  used = { predict: await kernelsOf(predict, store), train: await kernelsOf(train, store) };
  known = store.kept;
});
afterEach(() => {
  planHelpers(gpu).checker = null;
  gpu.broken.clear();
});
afterAll(() => gpu.dispose());

/** As small as a network can be that uses every kernel of DenseNet121. */
const CONFIG = densenetConfig('densenet121', { name: 'small', blocks: [1, 1], classes: 3 });
const WEIGHTS = initialWeights(CONFIG, 5);
const SIDE = 32;
const COUNT = 2;
const random = new MT19937(3);

const PIXELS: PixelBatch = {
  count: 1,
  height: SIDE,
  width: SIDE,
  channels: 1,
  pixels: Uint8Array.from({ length: SIDE * SIDE }, () => random.random() * 256),
  normalisation: { kind: 'samplewise', epsilon: 1e-6 },
  labels: new Float32Array(CONFIG.classes),
  files: ['image'],
};
const FLOATS: FloatBatch = {
  count: COUNT,
  height: SIDE,
  width: SIDE,
  x: Float32Array.from({ length: COUNT * SIDE * SIDE * 3 }, () => random.uniform(-2, 2)),
  labels: Float32Array.from({ length: COUNT * CONFIG.classes }, (_, i) => i % 2),
  files: ['a', 'b'],
};

async function withModel<T>(work: (model: DenseNet) => Promise<T>): Promise<T> {
  const model = await DenseNet.create(gpu, { config: CONFIG, weights: WEIGHTS });
  try {
    return await work(model);
  } finally {
    model.dispose();
  }
}

const predict = () =>
  withModel(async (model) => {
    const p = await model.predict(PIXELS);
    const [cam] = await model.gradcam(PIXELS, [1]);
    return [...p, ...cam.map];
  });

const train = () =>
  withModel(async (model) => {
    await model.compile({ posWeights: [0.3, 0.5, 0.6], negWeights: [0.7, 0.5, 0.4] });
    const losses = [await model.trainStep(FLOATS), await model.trainStep(FLOATS)];
    const gradients = [...(await model.gradients())].map(([, values]) => values);
    const scales = gradients.map((values) => Math.sqrt(values.reduce((sum, v) => sum + v * v, 0)));
    return [...losses, ...scales];
  });

/** Names of the kernels that some work has checked; what is found of them is kept in `store`. */
async function kernelsOf(work: () => Promise<unknown>, store: VerdictStore): Promise<string[]> {
  const checker = checkKernels(gpu, { store, runtime: 'a' });
  await work();
  return [...new Set([...checker.asked.keys()].map((key) => key.split(' ')[0]))];
}

function memory(kept = 'null'): VerdictStore & { kept: string } {
  return {
    kept,
    load() {
      return JSON.parse(this.kept) as unknown;
    },
    save(document) {
      this.kept = JSON.stringify(document);
    },
  };
}

/** Every fifth wrong kernel stands among kernels that nothing is known of, as on a first start; it alone is found. */
const atTimes = (i: number): VerdictStore | undefined => (i % 5 === 0 ? undefined : memory(known));

function expectClose(got: readonly number[], want: readonly number[], what: string): void {
  const worst = Math.max(...want.map((v, i) => Math.abs(got[i] - v) / (1e-3 + Math.abs(v))));
  expect(worst, what).toBeLessThan(2e-4);
}

/**
 * What a work gives although a kernel is wrong; null where it is refused by name.
 * @param store what is known of the other kernels; without it all are checked beside the wrong one
 */
async function although(name: string, text: string, work: () => Promise<number[]>, store?: VerdictStore) {
  gpu.broken.clear();
  const broken: string[] = [];
  checkKernels(gpu, { store, runtime: 'a', onBroken: (kernel) => broken.push(kernel) });
  const got = await withText(name, text, work).catch((error: unknown) => {
    expect(error, name).toBeInstanceOf(GpuError);
    expect((error as Error).message).toContain(name.replace(/\.\w+$/, ''));
    return null;
  });
  expect(broken, `${name} is found, and nothing else`).toEqual([name]);
  return got;
}

describe('a kernel that is wrong on an adapter', () => {
  it('is found before a prediction or a Grad-CAM uses it, wherever it stands', async () => {
    const names = used.predict;
    expect(names.length).toBeGreaterThan(12);
    planHelpers(gpu).checker = null;
    const want = await predict();
    for (const [i, name] of names.entries()) {
      const got = await although(name, slightlyWrong(name), predict, atTimes(i));
      if (got) expectClose(got, want, name);
    }
  });

  it('is found before a training uses it, wherever it stands', async () => {
    const names = used.train.filter((name) => !used.predict.includes(name));
    expect(names.filter((name) => name.includes('ackward')).length).toBeGreaterThan(6);
    planHelpers(gpu).checker = null;
    const want = await train();
    for (const [i, name] of names.entries()) {
      const got = await although(name, slightlyWrong(name), train, atTimes(i));
      if (got) expectClose(got, want, name);
    }
  });

  it('is found where it leaves out elements: what it does not write is no number', async () => {
    for (const name of [
      'pool.maxForward.vec4',
      'batchnorm.prepareInference.vec4',
      'preprocess.normalise.vec4',
    ]) {
      expect(await although(name, halfDone(name), predict, memory(known)), name).not.toBeNull();
    }
  });

  it('is found where it does not compile', async () => {
    const name = 'pool.maxForward.vec4';
    const text = kernelNamed(name).source.replace('fn main(', 'fn mine(');
    expect(await although(name, text, predict, memory(known))).not.toBeNull();
  });

  it('is refused by name where nothing can stand in for it', async () => {
    const op = 'pool.maxForward';
    const right = ['naive', 'vec4'].map((variant) => kernelNamed(`${op}.${variant}`));
    checkKernels(gpu, { store: memory(known), runtime: 'a' });
    const failure = await withText(right[0].name, slightlyWrong(right[0].name), () =>
      withText(right[1].name, slightlyWrong(right[1].name), predict),
    ).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(GpuError);
    expect((failure as Error).message).toMatch(
      /^pool\.maxForward gives wrong numbers on this adapter, in every variant/,
    );
    expect(gpu.allocatedBytes).toBe(0);
  });

  it('does not disturb another model of the same device', async () => {
    planHelpers(gpu).checker = null;
    const want = await predict();
    const name = used.predict.find((one) => one.startsWith('conv.forward.'))!;
    checkKernels(gpu);
    const both = await withText(name, slightlyWrong(name), () => Promise.all([predict(), predict()]));
    for (const got of both) expectClose(got, want, name);
    expect([...gpu.broken]).toEqual([name]);
  });
});

describe('a check behind the first result', () => {
  const later = (store?: VerdictStore) => {
    const broken: string[] = [];
    const onBroken = (kernel: string) => broken.push(kernel);
    return { broken, checker: checkKernels(gpu, { store, runtime: 'a', when: 'later', onBroken }) };
  };

  it('lets plans be built at once, and says afterwards which of their kernels are wrong', async () => {
    planHelpers(gpu).checker = null;
    const want = await predict();
    const name = 'pool.maxForward.vec4';
    const { broken, checker } = later(memory(known));
    await withText(name, slightlyWrong(name), async () => {
      const got = await predict();
      expect(() => expectClose(got, want, name)).toThrow();
      expect({ broken, waits: checker.isWaiting }).toEqual({ broken: [], waits: true });
      expect(await checker.checkWaiting()).toEqual([name]);
      expect({ broken, waits: checker.isWaiting }).toEqual({ broken: [name], waits: false });
      expectClose(await predict(), want, name);
      // What stands in for a wrong kernel is not taken on trust.
      expect(checker.isWaiting).toBe(false);
    });
  });

  it('finds the same pipelines right and keeps that; what is known does not wait', async () => {
    const store = memory();
    const { broken, checker } = later(store);
    await record();
    expect(await checker.checkWaiting()).toEqual([]);
    expect([...checker.asked.values()]).toEqual(['right', 'right', 'right']);
    expect(broken).toEqual([]);
    const again = later(store).checker;
    await record();
    expect(again.isWaiting).toBe(false);
    expect(again.asked).toEqual(checker.asked);
  });
});

/** Some kernels of a prediction, recorded and no more. */
const record = async () => {
  const paper = (label: string, shape: Tensor['shape']) =>
    denseTensor({ label, bytes: 4 * elements(shape), buffer: null, byteOffset: 0 }, shape);
  const [map, halved] = [paper('x', [1, 6, 4, 8]), paper('y', [1, 3, 2, 8])];
  await recordPlan(
    gpu,
    () => new PlanBuilder(gpu, 'some kernels'),
    (plan) => {
      averagePoolForward(plan, 'half', { x: map, y: halved }, { kernel: 2, stride: 2, pad: 0 });
      globalAveragePoolForward(plan, 'all', { x: halved, y: paper('z', [1, 1, 1, 8]) });
      sigmoid(plan, 'p', { z: paper('z', [1, 1, 1, 8]), p: paper('p', [1, 1, 1, 8]) });
    },
  );
};

/** Pipelines that are checked while `work` runs. */
async function checkedBy(
  store: VerdictStore | undefined,
  runtime: string,
  work: () => Promise<unknown> = predict,
) {
  gpu.broken.clear();
  const kernels: string[] = [];
  checkKernels(gpu, {
    store,
    runtime,
    onProgress: ({ done, total = 0, note = '' }) => {
      if (done < total) kernels.push(note);
    },
  });
  await work();
  return kernels;
}

describe('what is known of kernels', () => {
  it('is of the kernels in use: a prediction checks nothing of the way back', async () => {
    const kernels = await checkedBy(undefined, 'a');
    expect(kernels.filter((name) => /ackward|loss\.weighted|adam|statistics/.test(name))).toEqual([]);
    expect(new Set(kernels)).toContain('batchnorm.prepareInference.vec4');
  });

  it('is kept: a second time nothing is checked, a training checks only what is new', async () => {
    const store = memory();
    const first = await checkedBy(store, 'a');
    expect(first.length).toBeGreaterThan(12);
    expect(await checkedBy(store, 'a')).toEqual([]);
    const more = await checkedBy(store, 'a', train);
    expect(more.some((name) => name.includes('ackward'))).toBe(true);
    expect(more).not.toContain('pool.globalForward.vec4');
    expect(await checkedBy(store, 'a', train)).toEqual([]);
    expect(await checkedBy(store, 'a')).toEqual([]);
  });

  it('holds for the text of a kernel: another one is checked, and it alone', async () => {
    const store = memory(known);
    const name = 'pool.maxForward.vec4';
    const text = `${kernelNamed(name).source}\n// another\n`;
    expect(await withText(name, text, () => checkedBy(store, 'a'))).toEqual([name]);
    expect(await checkedBy(store, 'a')).toEqual([]);
  });

  it('says what is wrong as well, without checking again', async () => {
    const store = memory(known);
    const name = 'pool.maxForward.vec4';
    await withText(name, slightlyWrong(name), async () => {
      await checkedBy(store, 'a');
      expect([...gpu.broken]).toEqual([name]);
      expect(await checkedBy(store, 'a')).toEqual([]);
      expect([...gpu.broken]).toEqual([name]);
    });
    await checkedBy(store, 'a');
    expect([...gpu.broken]).toEqual([]);
  });

  it('holds for the adapter, its driver and the WebGPU in front of it', async () => {
    const store = memory();
    const all = await checkedBy(store, 'a', record);
    expect(await checkedBy(store, 'b', record)).toEqual(all);
    for (const change of ['description', 'vendor', 'architecture'] as const) {
      const document = JSON.parse(store.kept) as VerdictDocument;
      document.adapter[change] += ' of yesterday';
      store.save(document);
      expect(await checkedBy(store, 'b', record), change).toEqual(all);
    }
  });

  it('is found out anew where the file is damaged, in any way', async () => {
    const store = memory();
    const all = await checkedBy(store, 'a', record);
    const whole = store.kept;
    const damages = [
      '',
      '\0'.repeat(whole.length),
      whole.slice(0, -2),
      '[]',
      '7',
      '{}',
      whole.replace(/"right"/, '"wrong"'),
      whole.replace(/"right"/, '"left"'),
      whole.replace(/"verdicts":\{[^}]*\}/, '"verdicts":null'),
      whole.replace(/"version":1/, '"version":2'),
    ];
    for (const damage of damages) {
      expect(damage).not.toBe(whole);
      store.kept = damage;
      expect(await checkedBy(store, 'a', record), damage.slice(0, 40)).toEqual(all);
      expect([...gpu.broken]).toEqual([]);
      expect(store.kept, damage.slice(0, 40)).toBe(whole);
    }
  });

  it('may be kept nowhere', async () => {
    const store: VerdictStore = {
      load() {
        throw new Error('no room');
      },
      save() {
        throw new Error('no room');
      },
    };
    expect((await checkedBy(store, 'a', record)).length).toBe(3);
  });

  it('lies in the cache folder, one file per adapter', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'chexgpu-checks-'));
    const before = process.env.CHEXGPU_CACHE;
    process.env.CHEXGPU_CACHE = folder;
    try {
      const all = await checkedBy(verdictFile(gpu), 'a', record);
      expect(await checkedBy(verdictFile(gpu), 'a', record)).toEqual([]);
      const [file, ...others] = readdirSync(join(folder, 'checks')).map((name) =>
        join(folder, 'checks', name),
      );
      expect(others).toEqual([]);
      const { format, verdicts } = JSON.parse(readFileSync(file, 'utf8')) as VerdictDocument;
      expect(format).toBe('chexgpu kernel checks');
      expect(Object.keys(verdicts).length).toBe(all.length);
      writeFileSync(file, Buffer.alloc(4096));
      expect(await checkedBy(verdictFile(gpu), 'a', record)).toEqual(all);
      expect(await checkedBy(verdictFile(gpu), 'a', record)).toEqual([]);
    } finally {
      if (before === undefined) delete process.env.CHEXGPU_CACHE;
      else process.env.CHEXGPU_CACHE = before;
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
