import { describe, expect, it } from 'vitest';
import { GpuError } from '../../../src/core/errors.js';
import { Kernel, kernels } from '../../../src/engine/plan/kernel.js';

const SOURCE = `
struct Params { count: u32, rate: f32, shift: i32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
const WORKGROUP: u32 = 64;
@compute @workgroup_size(WORKGROUP)
fn main(@builtin(global_invocation_id) id: vec3u) { y[id.x] = params.rate * x[id.x]; }
`;
const kernel = new Kernel('scale', 'naive', SOURCE);

describe('a kernel', () => {
  it('is described by its text', () => {
    expect(kernel.name).toBe('scale.naive');
    expect(kernel.bindings).toEqual([
      { name: 'params', index: 0, type: 'uniform' },
      { name: 'x', index: 1, type: 'read-only-storage' },
      { name: 'y', index: 2, type: 'storage' },
    ]);
    expect(kernels('scale', { naive: SOURCE }).naive.name).toBe('scale.naive');
  });

  it('packs its parameters in their order, to 16 bytes', () => {
    const view = new DataView(kernel.packParams({ shift: -3, count: 2 ** 32 - 1, rate: 0.1 }));
    expect(view.byteLength).toBe(16);
    expect(view.getUint32(0, true)).toBe(2 ** 32 - 1);
    expect(view.getFloat32(4, true)).toBe(Math.fround(0.1));
    expect(view.getInt32(8, true)).toBe(-3);
  });

  it.each([
    [{ count: 1, rate: 1 }, /scale\.naive wants the parameter shift, got undefined/],
    [{ count: 1, rate: Number.NaN, shift: 0 }, /wants the parameter rate, got NaN/],
    [{ count: 1, rate: 1, shift: 0, more: 1 }, /scale\.naive has no parameter more/],
  ])('refuses parameters %j', (values, message) => {
    expect(() => kernel.packParams(values as Record<string, number>)).toThrow(message);
  });

  it('takes constants that it declares, and no others', () => {
    expect(kernel.specialise({ WORKGROUP: 128 })).toContain('const WORKGROUP: u32 = 128');
    expect(() => kernel.specialise({ TILE: 8 })).toThrow(GpuError);
    expect(() => kernel.specialise({ TILE: 8 })).toThrow(/scale\.naive has no constant TILE/);
  });

  it('binds uniforms and storage only', () => {
    const odd = SOURCE.replace('<uniform>', '<private>');
    expect(() => new Kernel('scale', 'odd', odd).bindings).toThrow(/unknown address space <private>/);
  });
});
