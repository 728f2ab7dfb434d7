import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ALL_CHECKS, ALL_KERNELS, references } from '../../src/shaders/registry.js';
import { lackedExtensions } from '../support/gpu/lackedExtensions.js';
import { testGpu } from '../support/gpu/testGpu.js';

const ROOT = join(import.meta.dirname, '../../src/shaders');
const FILES = readdirSync(ROOT, { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.wgsl'))
  .map((file) => relative(ROOT, join(ROOT, file)).split(sep).join('/'))
  .sort();
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

const gpu = await testGpu();

/** pool/maxForward.naive.wgsl -> pool.maxForward.naive, conv/forward/forward.naive.wgsl -> conv.forward.naive */
const nameOf = (file: string) => file.replace(/\.wgsl$/, '').replace(/\/(.*\/)?/, '.');
/** Also vec4, where the text of naive is both. */
const namesOf = (file: string) =>
  read(file).includes('\nalias Real = f32;')
    ? [nameOf(file), nameOf(file).replace(/naive$/, 'vec4')]
    : [nameOf(file)];

describe('shader files', () => {
  it('are all registered, and nothing else is', () => {
    expect(FILES.flatMap(namesOf).sort()).toEqual(ALL_KERNELS.map((kernel) => kernel.name).sort());
    expect(ALL_KERNELS.length).toBeGreaterThan(60);
  });

  it('come as naive, and every variant is checked, every folder raced', () => {
    for (const op of new Set(ALL_KERNELS.map((kernel) => kernel.op))) {
      const variants = ALL_KERNELS.filter((kernel) => kernel.op === op).map((kernel) => kernel.variant);
      expect(variants, op).toContain('naive');
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
      const source = read(file);
      const kernels = ALL_KERNELS.filter((kernel) => namesOf(file).includes(kernel.name));

      it('compiles as it stands', async () => {
        expect(kernels[0]?.source).toBe(source);
        for (const kernel of kernels) {
          const lacked = lackedExtensions(gpu, source);
          if (lacked.length > 0) {
            await expect(gpu.compile(kernel, {})).rejects.toThrow(new RegExp(lacked.join('|')));
            continue;
          }
          const { pipeline } = await gpu.compile(kernel, {});
          expect(pipeline.label).toBe(kernel.name);
        }
      });

      it('says how to check it, and binds at most eight storage buffers', () => {
        const [kernel] = kernels;
        const head = source
          .split('\n')
          .filter((_, i, all) => all.slice(0, i + 1).every((l) => l.startsWith('//')));
        expect(head.length).toBeGreaterThan(1);
        expect(head.join('\n')).toContain(`// Check and race: npx chexgpu doctor --kernel ${kernel?.op}`);
        const storage = kernel!.bindings.filter((binding) => binding.type !== 'uniform');
        expect(storage.length).toBeGreaterThan(0);
        expect(storage.length).toBeLessThanOrEqual(8);
        expect(kernel!.bindings.map((binding) => binding.index)).toEqual(kernel!.bindings.map((_, i) => i));
      });

      it('is short, with one statement per line', () => {
        const lines = source.split('\n');
        expect(lines.length).toBeLessThanOrEqual(250);
        const crowded = lines.filter((line) => {
          const code = line.replace(/\/\/.*/, '').replace(/for \([^;]*;[^;]*;/, '');
          return (code.match(/;/g) ?? []).length > 1;
        });
        expect(crowded).toEqual([]);
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

it('has the reference of every operation', () => {
  const folder = new URL('../../src/shaders/', import.meta.url);
  const files = readdirSync(folder, { recursive: true }).map((file) => String(file).replaceAll('\\', '/'));
  const text = readFileSync(new URL('registry.ts', folder), 'utf8');
  const named = [...text.matchAll(/from '\.\/(.*\.reference)\.js'/g)].map(([, file]) => `${file}.ts`);
  expect(named.sort()).toEqual(files.filter((file) => file.endsWith('.reference.ts')).sort());
  expect(Object.keys(references)).toHaveLength(named.length);
  const x = { shape: [1, 1, 1, 2] as const, data: Float64Array.of(-1, 2) };
  expect([...references.pointwise.pointwise(x, undefined, true).data]).toEqual([0, 2]);
});
