import { describe, expect, it } from 'vitest';
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { PlanBuilder } from '../../../src/engine/plan/plan.js';
import { denseTensor, elements } from '../../../src/engine/plan/tensor.js';
import { matrixObstacle } from '../../../src/engine/wgsl/subgroupMatrix.js';
import { Lab } from '../../../src/lab/checkUserKernel.js';
import { geometriesOf } from '../../../src/lab/geometry.js';
import { type CheckCase, runCheck, type Shape } from '../../../src/shaders/checkCase.js';
import { convForward } from '../../../src/shaders/conv/conv.js';
import { FORWARD_MATRIX } from '../../../src/shaders/conv/forward/matrix.js';
import { ALL_CHECKS } from '../../../src/shaders/registry.js';
import { selfTest } from '../../../src/verify/selfTest.js';
import { skippedKernels } from '../../../src/verify/skippedKernels.js';
import { type EmulatedConfig, emulatedKernel, withMatrices } from '../../support/gpu/matrixEmulation.js';
import { testGpu } from '../../support/gpu/testGpu.js';

const gpu = await testGpu();
const KERNEL = FORWARD_MATRIX.variants.subgroupMatrix;

const matrix = (resultComponentType: 'f32' | 'f16'): EmulatedConfig => ({
  M: 16,
  N: 16,
  K: 16,
  componentType: 'f16',
  resultComponentType,
});
const isHalf = ({ op, race, title }: CheckCase) => op === 'conv.forward' && !race && title.includes('f16');
const check = ALL_CHECKS.find((one) => isHalf(one) && one.title.startsWith('3x3 into a block'))!;

/** Variant and choices that a plan with this precision records. */
function recorded(of: Gpu, precision: 'f32' | 'f16') {
  const paper = (label: string, shape: Shape) =>
    denseTensor({ label, bytes: 4 * elements(shape), buffer: null, byteOffset: 0 }, shape);
  const plan = new PlanBuilder(of, 'choice', { half: precision === 'f16' ? FORWARD_MATRIX : undefined });
  const tensors = { x: paper('x', [1, 28, 28, 64]), weights: paper('weights', [1, 1, 64, 128]) };
  convForward(
    plan,
    'conv',
    { ...tensors, y: paper('y', [1, 28, 28, 128]) },
    { kernel: 1, stride: 1, pad: 0 },
  );
  const [untuned] = plan.untuned.values();
  return { variants: new Set(untuned?.choices.map(({ variant }) => variant)), key: untuned?.key };
}

describe('convolution on matrix units, in plain WGSL', () => {
  for (const sums of ['f32', 'f16'] as const) {
    it(`is right, with sums of ${sums}`, async () => {
      const claiming = withMatrices(gpu, [matrix(sums)]);
      const geometries = geometriesOf(claiming, check, { kernel: KERNEL, tile: {} });
      if (!gpu.device.features.has('shader-f16')) {
        expect(geometries).toEqual([]);
        expect(matrixObstacle(claiming)).toBe('the adapter lacks shader-f16');
        return;
      }
      const geometry = geometries.find(({ constants }) => constants.TILE_M === 128)!;
      const kernel = emulatedKernel(KERNEL, sums === 'f16');
      const runner = { name: geometry.choice, replaces: KERNEL, kernel, geometry };
      const { ok, error, tensors } = await new Lab(claiming).check(check, runner);
      expect(ok, error ?? JSON.stringify(tensors.map(({ worst, off }) => ({ worst, off })))).toBe(true);
    });
  }
});

describe('where an adapter has no matrix units', () => {
  it('another kernel runs, whatever precision is asked for', () => {
    expect(matrixObstacle(gpu)).toMatch(/^the adapter lacks .*chromium-experimental-subgroup-matrix$/);
    expect(recorded(gpu, 'f16')).toEqual(recorded(gpu, 'f32'));
  });

  it('the check leaves it out, and says why', async () => {
    for (const one of ALL_CHECKS.filter(isHalf))
      expect(await runCheck(gpu, one, 'subgroupMatrix')).toBeNull();
    expect(gpu.broken.size).toBe(0);
    const skipped = skippedKernels(gpu, [], ['conv.forward']);
    const why = skipped.find(({ kernel }) => kernel === 'conv.forward.subgroupMatrix')?.why;
    expect(why).toBe(matrixObstacle(gpu));
  });
});

describe('where an adapter says that it has them', () => {
  it('only a plan that allows f16 chooses among them, in classes of their own', () => {
    if (!gpu.device.features.has('shader-f16')) return;
    const claiming = withMatrices(gpu, [matrix('f32')]);
    expect([...recorded(claiming, 'f16').variants]).toEqual(['subgroupMatrix']);
    expect(recorded(claiming, 'f16').key).toMatch(/ f16$/);
    expect([...recorded(claiming, 'f32').variants]).not.toContain('subgroupMatrix');
  });

  it('a kernel that does not compile there is broken, and never used', async () => {
    if (!gpu.device.features.has('shader-f16')) return;
    const claiming = withMatrices(gpu, [matrix('f32')]);
    const cases = ALL_CHECKS as CheckCase[];
    const planted = { ...check, op: 'conv.forward' };
    const result = await runCheck(claiming, planted, 'subgroupMatrix');
    expect(result?.ok).toBe(false);
    expect(result?.error).toContain('chromium_experimental_subgroup_matrix');
    const kept = cases.splice(0, cases.length, planted);
    try {
      const results = await selfTest(claiming, { ops: ['conv.forward'] });
      expect(results.map(({ ok }) => ok)).toEqual([false]);
      expect([...gpu.broken]).toEqual(['conv.forward.subgroupMatrix']);
      expect([...recorded(claiming, 'f16').variants]).not.toContain('subgroupMatrix');
    } finally {
      cases.splice(0, 1, ...kept);
      gpu.broken.clear();
    }
  });
});
