import { describe, expect, it } from 'vitest';
import type { Kernel } from '../../src/engine/plan/kernel.js';
import { Lab } from '../../src/lab/checkUserKernel.js';
import { hostConstants } from '../../src/lab/geometry.js';
import { builtIn, labOperation, labOperationNames, labTemplate } from '../../src/lab/operations.js';
import { likeOf } from '../../src/lab/standIn.js';
import { userShader } from '../../src/lab/userShader.js';
import { ALL_KERNELS } from '../../src/shaders/registry.js';
import { testGpu } from '../support/gpu/testGpu.js';
import { CONV, runnerOf } from './labCases.js';

const gpu = await testGpu();
const lab = new Lab(gpu);

describe('operations', () => {
  it('are all those of the library, convolutions by their window too', () => {
    const names = labOperationNames();
    expect(names).toEqual(expect.arrayContaining([...new Set(ALL_KERNELS.map(({ op }) => op))]));
    expect(names).toEqual(
      expect.arrayContaining(['conv1x1.forward', 'conv3x3.backwardData', 'conv7x7.backwardWeights']),
    );
    expect(names).toContain('conv7x7.backwardData');
    expect(names).not.toContain('conv5x5.backwardData');
    for (const name of names) expect(labOperation(name).cases.length, name).toBeGreaterThan(0);
  });

  it('restricted to a window have only its shapes', () => {
    expect(labOperation('conv3x3.backwardData').cases.every(({ title }) => title.startsWith('3x3'))).toBe(
      true,
    );
    expect(CONV.cases.length).toBeLessThan(labOperation('conv.forward').cases.length);
  });

  it('that do not exist are refused, with those near', () => {
    expect(() => labOperation('conv5x5.forward')).toThrow(
      /no operation "conv5x5\.forward".*conv3x3\.forward/,
    );
    expect(() => labOperation('softmax')).toThrow(/The operations are .*loss\.softmax/);
    expect(() => builtIn(CONV, 'fast')).toThrow(/no variant "fast" of conv\.forward.*naive, tiledScalar/);
  });
});

describe('templates', () => {
  const ops = [...new Set(ALL_KERNELS.map(({ op }) => op))];

  it.each(ops)('of %s fit, and get the constants of their own variant', (op) => {
    const operation = labOperation(op);
    const constantsOf = hostConstants(gpu, operation);
    for (const kernel of operation.kernels) {
      const set = constantsOf(kernel);
      // Kernels for hardware that this adapter does not have.
      if (!set) continue;
      const file = userShader('mine.wgsl', labTemplate(operation, kernel.variant));
      expect(likeOf(operation, file, constantsOf).kernel).toBe(kernel);
      expect([...set].filter((name) => !kernel.declared.constants.has(name))).toEqual([]);
      const unnamed = userShader('mine.wgsl', kernel.source);
      const near = likeOf(operation, unnamed, constantsOf).kernel;
      const types = ({ declared }: Kernel) =>
        declared.bindings.map(({ name, type }) => `${name}: ${type}`).sort();
      expect(types(near)).toEqual(types(kernel));
    }
  });

  it.each([
    ['reduce.slices', 'vec4'],
    ['conv3x3.forward', 'tiled'],
    ['conv1x1.backwardWeights', 'tiled'],
    ['batchnorm.statistics', 'vec4'],
    ['adam.step', 'vec4'],
    ['preprocess.moments', 'naive'],
    ['pool.maxForward', 'naive'],
    ['loss.sum', 'naive'],
  ])('of %s.%s are right as they are', async (name, variant) => {
    const operation = labOperation(name);
    const small = operation.cases.filter(({ race }) => !race);
    let ran = 0;
    for (const check of small) {
      const runner = runnerOf(gpu, operation, check, labTemplate(operation, variant));
      if (!runner.geometry) continue;
      ran++;
      expect(await lab.check(check, runner), check.title).toMatchObject({ ok: true });
    }
    expect(ran).toBeGreaterThan(0);
  });
});
