import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Gpu } from '../../src/engine/device/gpu.js';
import { openNodeGpu } from '../../src/engine/device/gpu.node.js';
import { ALL_CHECKS, ALL_KERNELS } from '../../src/shaders/registry.js';
import { lackedExtensions } from '../support/enables.js';

const ROOT = join(import.meta.dirname, '../../src/shaders');
const FILES = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.wgsl'))
  .map((file) => relative(ROOT, join(ROOT, file)).split(sep).join('/'))
  .sort();

let gpu: Gpu;
beforeAll(async () => {
  gpu = (await openNodeGpu()).gpu;
});
afterAll(() => gpu.dispose());

/** pool/maxForward.vec4.wgsl -> pool.maxForward.vec4, conv/forward/forward.naive.wgsl -> conv.forward.naive */
const nameOf = (file: string) => file.replace(/\.wgsl$/, '').replace(/\/(.*\/)?/, '.');

describe('shader files', () => {
  it('are all registered, and nothing else is', () => {
    expect(FILES.map(nameOf).sort()).toEqual(ALL_KERNELS.map((kernel) => kernel.name).sort());
    expect(FILES.length).toBeGreaterThan(60);
  });

  it('come at least as naive and as one that is faster, and every variant is checked, every folder raced', () => {
    for (const op of new Set(ALL_KERNELS.map((kernel) => kernel.op))) {
      const variants = ALL_KERNELS.filter((kernel) => kernel.op === op).map((kernel) => kernel.variant);
      expect(variants, op).toEqual(expect.arrayContaining(['naive', expect.not.stringMatching('naive')]));
      const checks = ALL_CHECKS.filter((check) => check.op === op);
      for (const variant of variants) {
        expect(checks.filter((c) => !c.race && c.variants.includes(variant)).length, op).toBeGreaterThan(0);
      }
      const folder = `${op.split('.')[0]}.`;
      expect(
        ALL_CHECKS.some((check) => check.race && check.op.startsWith(folder)),
        op,
      ).toBe(true);
    }
  });

  for (const file of FILES) {
    describe(file, () => {
      const source = readFileSync(join(ROOT, file), 'utf8');
      const kernel = ALL_KERNELS.find((k) => k.name === nameOf(file));

      it('compiles as it stands', async () => {
        expect(kernel?.source).toBe(source);
        const lacked = lackedExtensions(gpu, source);
        if (lacked.length > 0) {
          await expect(gpu.compile(kernel!, {})).rejects.toThrow(new RegExp(lacked.join('|')));
          return;
        }
        const { pipeline } = await gpu.compile(kernel!, {});
        expect(pipeline.label).toBe(kernel!.name);
      });

      it('says how to check it, is short, and binds at most eight storage buffers', () => {
        const head = source
          .split('\n')
          .filter((_, i, all) => all.slice(0, i + 1).every((l) => l.startsWith('//')));
        expect(head.length).toBeGreaterThan(1);
        expect(head.join('\n')).toContain(`// Check and race: npx chexgpu doctor --kernel ${kernel?.op}`);
        expect(source.split('\n').length).toBeLessThan(150);
        const storage = kernel!.bindings.filter((binding) => binding.type !== 'uniform');
        expect(storage.length).toBeGreaterThan(0);
        expect(storage.length).toBeLessThanOrEqual(8);
        expect(kernel!.bindings.map((binding) => binding.index)).toEqual(kernel!.bindings.map((_, i) => i));
      });

      it('has no atomics, and barriers only where its name says workgroup', () => {
        expect(source).not.toMatch(/storageBarrier|atomic[A-Z<]/);
        if (!/\.(workgroup|subgroupMatrix)\.wgsl$/.test(file)) {
          expect(source).not.toMatch(/workgroupBarrier|var<workgroup>/);
        }
      });
    });
  }
});
