import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { Kernel } from '../../src/engine/plan/kernel.js';
import { kernelObstacle } from '../../src/engine/wgsl/subgroupMatrix.js';
import { type CheckCase, explain, runCheck } from '../../src/shaders/checkCase.js';
import { ALL_CHECKS, ALL_KERNELS } from '../../src/shaders/registry.js';
import { raceVariants } from '../../src/verify/raceVariants.js';
import { selfTest } from '../../src/verify/selfTest.js';

let gpu: Gpu;
beforeAll(async () => {
  const opened = await openNodeGpu();
  console.log(opened.headline);
  gpu = opened.gpu;
});
afterAll(() => gpu.dispose());

/** Shapes that a kernel does not take, by the titles of their cases; every other case has to run. */
const SHAPES_NOT_TAKEN: Record<string, RegExp> = {
  'conv.forward.tiledScalar': /odd channels|one channel(?! to)/,
  'conv.forward.tiled': /odd channels|^7x7/,
  'conv.forward.subgroupScalar': /odd channels|no prologue|^7x7 stride 2(?!, whole tiles)/,
  'conv.forward.subgroup': /odd channels|no prologue|^7x7/,
  'conv.forward.workgroup': /odd channels|^7x7/,
  'conv.backwardData.strided': /^1x1|^3x3(?! stride)|^7x7 stride 2, one channel$/,
  'conv.backwardData.tiled': /odd channels|^7x7|stride/,
  'conv.backwardData.subgroup':
    /odd channels|slice of a block|no prologue|into a block|one pixel|^7x7|stride/,
  'conv.backwardData.workgroup': /odd channels|^7x7|stride/,
  'conv.backwardWeights.tiledScalar': /odd channels|one channel(?! to)/,
  'conv.backwardWeights.tiled': /odd channels|^7x7/,
  'conv.backwardWeights.subgroupScalar': /^(?!7x7 (stride 2, whole tiles|stem))/,
  'conv.backwardWeights.subgroup': /odd channels|no prologue|^7x7/,
  'conv.backwardWeights.workgroup': /odd channels|^7x7/,
  'dense.forward.tiled': /^7 -> 5/,
  'preprocess.normalise.vec4': /odd$|into four channels|one channel of four$/,
};
/** What is no multiple of four takes none of the others but the naive ones. */
const NO_MULTIPLE_OF_FOUR = /odd channel|^(7|13) channels|^5 x 7|^1 x 13|^(3|103|8199) values|^3 parameters/;

/** Why a case does not run a kernel on this adapter, if it must not. */
function whyNot({ name, variant, declared }: Kernel, { title }: CheckCase): string | null {
  const obstacle = kernelObstacle(gpu, declared.enables);
  if (obstacle !== null) return obstacle;
  const notTaken = SHAPES_NOT_TAKEN[name] ?? (variant === 'naive' ? /^$/ : NO_MULTIPLE_OF_FOUR);
  return notTaken.test(title) ? 'its shape' : null;
}

describe('kernels against float64 references', () => {
  const exercised = new Set<string>();

  for (const check of ALL_CHECKS) {
    for (const variant of check.variants) {
      const kernel = ALL_KERNELS.find(({ name }) => name === `${check.op}.${variant}`)!;
      it(`${kernel.name} ${check.title}`, async () => {
        const result = await runCheck(gpu, check, variant);
        expect(result === null, result ? 'it ran' : 'it did not run').toBe(whyNot(kernel, check) !== null);
        if (!result) return;
        exercised.add(kernel.name);
        expect(result.ok, explain(result)).toBe(true);
      });
    }
  }

  it('reaches every variant that this adapter can run', () => {
    const missing = ALL_KERNELS.filter(({ name }) => !exercised.has(name));
    for (const kernel of missing)
      expect(kernelObstacle(gpu, kernel.declared.enables), kernel.name).toBeTruthy();
    expect(exercised.size).toBeGreaterThan(60);
  });

  it('frees everything', () => {
    expect(gpu.allocatedBytes).toBe(0);
  });
});

/** y[i] = FACTOR * x[i] for i < count + SPILL */
const DOUBLE = `
const FACTOR: f32 = 2.0;
const SPILL: u32 = 0;
struct Params { count: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x < params.count + SPILL) { y[id.x] = FACTOR * x[id.x % params.count]; }
}`;

function doubleCheck(constants: Record<string, number>): CheckCase {
  const kernel = new Kernel('test.double', 'naive', DOUBLE);
  return {
    op: 'test.double',
    title: 'planted',
    variants: ['naive'],
    tensors: {
      x: { shape: [1, 1, 1, 9], role: 'input' },
      y: { shape: [1, 1, 1, 9], role: 'output', within: { channels: 12, from: 0 } },
    },
    record: (plan, { x, y }) =>
      plan.add({
        kernel,
        label: 'planted',
        constants,
        params: { count: 9 },
        tensors: { x, y },
        workgroups: [1, 1, 1],
        shape: '9',
        flops: 9,
        bytes: 72,
      }),
    reference: ({ x }) => ({ y: { shape: x.shape, data: x.data.map((v) => 2 * v) } }),
  };
}

describe('the check itself', () => {
  it('passes a right kernel', async () => {
    const result = await runCheck(gpu, doubleCheck({}), 'naive');
    expect(result?.ok).toBe(true);
  });

  it('catches a wrong number and names the element', async () => {
    const result = await runCheck(gpu, doubleCheck({ FACTOR: 2.001 }), 'naive');
    expect(result?.ok).toBe(false);
    expect(explain(result!)).toMatch(/^test\.double\.naive planted: y\[\d\] is -?[\d.]+, wanted -?[\d.]+ \(/);
  });

  it('catches a write outside the output', async () => {
    const result = await runCheck(gpu, doubleCheck({ SPILL: 1 }), 'naive');
    expect(result?.ok).toBe(false);
    expect(explain(result!)).toContain('wrote outside its channels of y, at float 9');
  });

  it('catches an element never written', async () => {
    const check = doubleCheck({});
    const result = await runCheck(
      gpu,
      {
        ...check,
        record: (plan, { x, y }) => check.record(plan, { x, y: { ...y, channelOffset: 0 } }),
        tensors: { ...check.tensors, y: { shape: [1, 1, 1, 10], role: 'output' } },
        reference: ({ x }) => ({
          y: { shape: [1, 1, 1, 10], data: Float64Array.from([...x.data, 0], (v) => 2 * v) },
        }),
      },
      'naive',
    );
    expect(result?.ok).toBe(false);
    expect(result?.worst.index).toBe(9);
  });
});

describe('self-test and race', () => {
  it('tests the operations asked for and reports progress', async () => {
    let last = [0, 0];
    const results = await selfTest(gpu, {
      ops: ['reduce', 'resize.bilinear'],
      onProgress: ({ done, total = 0 }) => {
        last = [done, total];
      },
    });
    expect(new Set(results.map((r) => r.op))).toEqual(
      new Set(['reduce.slices', 'reduce.largest', 'resize.bilinear']),
    );
    expect(results.every((r) => r.ok)).toBe(true);
    expect(last[1]).toBeGreaterThanOrEqual(results.length);
    expect(last[0]).toBe(last[1]);
    expect(gpu.broken.size).toBe(0);
  });

  it('shares the cases out among devices, with the same results in the same order', async () => {
    const beside = (await openNodeGpu()).gpu;
    try {
      const ops = ['reduce', 'resize', 'dense'];
      const waits: string[] = [];
      const shared = await selfTest(gpu, {
        ops,
        beside: [beside],
        onProgress: ({ note = '' }) => waits.push(note),
      });
      const alone = await selfTest(gpu, { ops });
      const names = (results: typeof alone) => results.map((r) => `${r.op}.${r.variant} ${r.title} ${r.ok}`);
      expect(names(shared)).toEqual(names(alone));
      expect(waits.some((words) => /^\S+, \S+$/.test(words))).toBe(true);
      expect(waits.at(-1)).toBe('');
      expect(beside.allocatedBytes).toBe(0);
    } finally {
      beside.dispose();
    }
  });

  it('ends with the error of the device that is gone', async () => {
    const beside = (await openNodeGpu()).gpu;
    beside.dispose();
    await expect(selfTest(gpu, { ops: ['reduce', 'dense'], beside: [beside] })).rejects.toThrow(/disposed/);
    expect(gpu.broken.size).toBe(0);
  });

  it('races the variants of one operation', async () => {
    const rows = await raceVariants(gpu, 'pool.maxForward');
    expect(rows.map((r) => r.variant)).toEqual(['naive', 'vec4']);
    for (const row of rows) {
      expect(row.error).toBeUndefined();
      expect(row.ms).toBeGreaterThan(0);
      expect(row.gflops).toBeGreaterThan(0);
      expect(row.gbs).toBeGreaterThan(0);
    }
    console.log(rows.map((r) => `${r.op}.${r.variant} ${r.title}: ${r.ms.toFixed(3)} ms`).join('\n'));
  });

  it('marks the variant that fails, and only that', async () => {
    const cases = ALL_CHECKS as CheckCase[];
    cases.push(doubleCheck({ FACTOR: 2.001 }));
    try {
      const results = await selfTest(gpu, { ops: ['test', 'resize'] });
      expect(results.filter((r) => !r.ok).map((r) => `${r.op}.${r.variant}`)).toEqual(['test.double.naive']);
      expect([...gpu.broken]).toEqual(['test.double.naive']);
    } finally {
      cases.pop();
      gpu.broken.clear();
    }
  });

  it('does not offer a variant that failed', async () => {
    gpu.broken.add('reduce.slices.vec4');
    try {
      const results = await selfTest(gpu, { ops: ['reduce.slices'] });
      expect(new Set(results.map((r) => r.variant))).toEqual(new Set(['naive']));
    } finally {
      gpu.broken.delete('reduce.slices.vec4');
    }
  });
});
