import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/engine/gpu.js';
import { openNodeGpu } from '../../src/engine/gpu.node.js';
import { matrixConfig, matrixObstacle } from '../../src/engine/subgroupMatrix.js';
import { explain, runCheck } from '../../src/shaders/check.js';
import { checksOf } from '../../src/shaders/selftest.js';
import { type EmulatedConfig, withEmulatedMatrices } from '../support/matrixEmulation.js';

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu()).gpu;
});
afterAll(() => gpu.dispose());

const config = (M: number, N: number, K: number, resultComponentType: 'f32' | 'f16'): EmulatedConfig => ({
  M,
  N,
  K,
  componentType: 'f16',
  resultComponentType,
});

describe('convolution on matrix units, emulated', () => {
  for (const matrix of [config(16, 16, 16, 'f32'), config(8, 8, 16, 'f32'), config(8, 16, 8, 'f16')]) {
    const { M, N, K, resultComponentType } = matrix;
    it(`${M}x${N}x${K} with sums of ${resultComponentType}`, async () => {
      console.log(matrixObstacle(gpu), gpu.info.features.join(' '));
      const emulated = withEmulatedMatrices(gpu, [matrix]);
      console.log(matrixObstacle(emulated), matrixConfig(emulated));
      for (const check of checksOf(['conv.forward']).filter((c) => !c.race && c.title.includes('f16'))) {
        const t = performance.now();
        const result = await runCheck(emulated, check, 'subgroupMatrix');
        console.log(check.title, result?.worst, result?.ok, performance.now() - t);
        if (result) expect(result.ok, explain(result)).toBe(true);
      }
    });
  }
});
