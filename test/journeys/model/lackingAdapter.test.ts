/** Adapters and browsers that say or have less: no subgroup sizes, no subgroups, no f16, no timestamps. */
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DenseNet } from '../../../src/densenet/densenet.js';
import { findAdapter } from '../../../src/engine/device/adapter.node.js';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { profilePlan } from '../../../src/engine/timing/profile.js';
import { enableTuning } from '../../../src/verify/enableTuning.js';
import { checkKernels } from '../../../src/verify/planCheck.js';
import { TINY, TINY_LOSS, tinyBatch } from '../../support/networks/tinyNet.js';

const SUBGROUPS = ['subgroups', 'chromium-experimental-subgroup-matrix'];
const SIZES = ['subgroupMinSize', 'subgroupMaxSize'];
const two = tinyBatch(6, 2);
let truth: Float32Array;

interface Lacks {
  features?: readonly string[];
  /** Fields of the adapter's information: sizes are left out, words are empty. */
  info?: readonly string[];
}

/** The machine's adapter without some of what it has, and devices of it that know nothing of that either. */
async function open({ features = [], info = [] }: Lacks): Promise<Gpu> {
  const { adapter } = await findAdapter({ quiet: true });
  const said = new Proxy(adapter.info, {
    get: (target, key) => {
      if (!info.includes(String(key))) return Reflect.get(target, key, target);
      return SIZES.includes(String(key)) ? undefined : '';
    },
    has: (target, key) => !info.includes(String(key)) && Reflect.has(target, key),
  });
  const less = new Proxy(adapter, {
    get(target, key) {
      if (key === 'info') return said;
      if (key === 'features') return new Set([...target.features].filter((one) => !features.includes(one)));
      const value = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  const gpu = await Gpu.open(less);
  for (const one of features) expect(gpu.device.features.has(one as GPUFeatureName), one).toBe(false);
  return gpu;
}

async function predicted(gpu: Gpu): Promise<Float32Array> {
  const model = await DenseNet.create(gpu, { config: TINY, seed: 1, precision: 'f16' });
  const p = await model.predict(two);
  await model.compile(TINY_LOSS);
  expect(await model.trainStep(two)).toBeGreaterThan(0);
  const profile = await profilePlan(gpu, await model.planOf('predict', 2, 16), { repeats: 1 });
  if (!gpu.device.features.has('timestamp-query')) expect(profile.clock).toBe('wall');
  await model.dispose();
  expect(gpu.allocatedBytes).toBe(0);
  return p;
}

beforeAll(async () => {
  const gpu = await open({});
  truth = await predicted(gpu);
  gpu.dispose();
});
afterAll(() => {
  expect(truth).toHaveLength(4);
});

it.each<[string, Lacks]>([
  ['no subgroup sizes in its information', { info: SIZES }],
  ['no subgroups', { features: SUBGROUPS, info: SIZES }],
  ['no f16', { features: ['shader-f16', 'chromium-experimental-subgroup-matrix'] }],
  ['no timestamps', { features: ['timestamp-query'] }],
  [
    'none of all these, nor a name',
    {
      features: [...SUBGROUPS, 'shader-f16', 'timestamp-query'],
      info: [...SIZES, 'vendor', 'architecture', 'device', 'description'],
    },
  ],
])('an adapter with %s predicts, trains and is profiled', async (_, lacks) => {
  const gpu = await open(lacks);
  for (const [i, value] of (await predicted(gpu)).entries()) expect(value).toBeCloseTo(truth[i], 5);
  gpu.dispose();
});

it('an adapter with none of all these measures and checks its kernels', async () => {
  const gpu = await open({ features: [...SUBGROUPS, 'shader-f16', 'timestamp-query'], info: SIZES });
  checkKernels(gpu);
  await enableTuning(gpu, { budgetMs: 200 });
  for (const [i, value] of (await predicted(gpu)).entries()) expect(value).toBeCloseTo(truth[i], 5);
  expect([...gpu.broken]).toEqual([]);
  gpu.dispose();
});
