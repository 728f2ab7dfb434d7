/**
 * Subgroup matrices in plain WGSL, for adapters without matrix units: proves everything about a kernel but the units
 * themselves. A loaded matrix is the place that it is loaded from; of a matrix of sums each lane holds some numbers.
 */
import type { Gpu } from '../../src/engine/gpu.js';
import { MATRIX_FEATURE } from '../../src/engine/subgroupMatrix.js';

export interface EmulatedConfig {
  M: number;
  N: number;
  K: number;
  componentType: 'f16';
  resultComponentType: 'f32' | 'f16';
}

/** Lanes hold the numbers in an order that no kernel would guess. */
const FUNCTIONS = `
struct Sums { own: array<Result, MATRIX_M * MATRIX_N / SUBGROUP> }
fn emulatedPlace(lane: u32, i: u32) -> u32 { return MATRIX_M * MATRIX_N - 1u - i * SUBGROUP - lane; }
fn emulatedProduct(lane: u32, left: Left, right: Right, sums: Sums) -> Sums {
  var out = sums;
  for (var i = 0u; i < MATRIX_M * MATRIX_N / SUBGROUP; i++) {
    let at = emulatedPlace(lane, i);
    var sum = f32(out.own[i]);
    for (var k = 0u; k < MATRIX_K; k++) {
      sum += f32(xs[left.x + at / MATRIX_N * left.y + k]) * f32(ws[right.x + k * right.y + at % MATRIX_N]);
    }
    out.own[i] = Result(sum);
  }
  return out;
}
fn emulatedStore(lane: u32, start: u32, sums: Sums, stride: u32) {
  for (var i = 0u; i < MATRIX_M * MATRIX_N / SUBGROUP; i++) {
    let at = emulatedPlace(lane, i);
    scratch[start + at / MATRIX_N * stride + at % MATRIX_N] = sums.own[i];
  }
}`;

function emulate(code: string): string {
  if (!code.includes('subgroupMatrix')) return code;
  if (code.includes('numbers')) return '@compute @workgroup_size(1) fn main() {}'; // the probe of the spelling
  return `${code
    .replace(/^enable chromium_experimental_subgroup_matrix;$/m, '')
    .replace(/^alias (Left|Right) = .*;$/gm, 'alias $1 = vec2u;')
    .replace(/^alias Sums = .*;$/m, '')
    .replace(/subgroupMatrixLoad<\w+, row_major>\(&\w+, /g, 'vec2u(')
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'emulatedProduct(lane, ')
    .replaceAll('subgroupMatrixStore<row_major>(&scratch, ', 'emulatedStore(lane, ')}
${FUNCTIONS}`;
}

/** The same Gpu, but its device says that it has these matrices, and gets shaders without them. */
export function withEmulatedMatrices(gpu: Gpu, configs: readonly EmulatedConfig[]): Gpu {
  const { device } = gpu;
  const instead: Record<PropertyKey, unknown> = {
    features: new Set([...device.features, MATRIX_FEATURE]),
    adapterInfo: { subgroupMatrixConfigs: configs },
    createShaderModule: (descriptor: GPUShaderModuleDescriptor) =>
      device.createShaderModule({ ...descriptor, code: emulate(descriptor.code) }),
  };
  const emulated = new Proxy(device, {
    get(target, key) {
      if (key in instead) return instead[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  // Pipelines are kept by text, and this device's are others.
  return Object.create(gpu, { device: { value: emulated }, compiled: { value: new Map() } });
}
