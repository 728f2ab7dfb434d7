/**
 * Subgroup matrices in plain WGSL, for adapters without matrix units: proves everything about a kernel but the units
 * themselves. A loaded matrix is the place that it is loaded from; of a matrix of sums each lane holds some numbers.
 */
import type { Gpu } from '../../../src/engine/device/gpu.js';
import { Kernel } from '../../../src/engine/plan/kernel.js';
import { MATRIX_FEATURE } from '../../../src/engine/wgsl/extensions.js';
import { spellMatrices } from '../../../src/engine/wgsl/subgroupMatrix.js';

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
// A length that compilers do not know, lest they unroll loops of so many steps.
fn unknown(n: u32) -> u32 { return min(n, params.batch + 9999u); }
fn emulatedPlace(lane: u32, i: u32) -> u32 { return MATRIX_M * MATRIX_N - 1u - i * SUBGROUP - lane; }
fn emulatedProduct(lane: u32, left: Left, right: Right, sums: Sums) -> Sums {
  var out = sums;
  for (var i = 0u; i < unknown(MATRIX_M * MATRIX_N / SUBGROUP); i++) {
    let at = emulatedPlace(lane, i);
    var sum = f32(out.own[i]);
    for (var k = 0u; k < unknown(MATRIX_K); k++) {
      sum += f32(xs[left.x + at / MATRIX_N * left.y + k]) * f32(ws[right.x + k * right.y + at % MATRIX_N]);
    }
    out.own[i] = Result(sum);
  }
  return out;
}
fn emulatedStore(lane: u32, start: u32, sums: Sums, stride: u32) {
  for (var i = 0u; i < unknown(MATRIX_M * MATRIX_N / SUBGROUP); i++) {
    let at = emulatedPlace(lane, i);
    scratch[start + at / MATRIX_N * stride + at % MATRIX_N] = sums.own[i];
  }
}`;

/** The kernel with plain loops instead of matrices. Nothing is unrolled: software drivers would compile for minutes. */
export function emulatedKernel({ op, variant, source }: Kernel, halfSum: boolean): Kernel {
  const switched = halfSum ? source.replace(/^(const HALF_SUM: bool =) false;/m, '$1 true;') : source;
  const text = spellMatrices(switched, 'templates')
    .replace(/^enable chromium_experimental_subgroup_matrix;$/m, '')
    .replace(/^alias (Left|Right) = .*;$/gm, 'alias $1 = vec2u;')
    .replace(/^alias Sums = .*;$/m, '')
    .replace(/subgroupMatrixLoad<\w+, row_major>\(&\w+, /g, 'vec2u(')
    .replaceAll('subgroupMatrixMultiplyAccumulate(', 'emulatedProduct(lane, ')
    .replaceAll('subgroupMatrixStore<row_major>(&scratch, ', 'emulatedStore(lane, ')
    .replace(/\/\*(unroll|registers)\*\/ /g, '')
    .replace(/; (\w) < ([^;]+); (\1\+\+|k \+= MATRIX_K)\)/g, '; $1 < unknown($2); $3)');
  return new Kernel(op, variant, text + FUNCTIONS);
}

/** The same Gpu, but its device says that it has these matrices. */
export function withMatrices(gpu: Gpu, configs: readonly EmulatedConfig[]): Gpu {
  const { device } = gpu;
  const instead: Record<PropertyKey, unknown> = {
    features: new Set([...device.features, MATRIX_FEATURE]),
    adapterInfo: { subgroupMatrixConfigs: configs },
  };
  const claiming = new Proxy(device, {
    get(target, key) {
      if (key in instead) return instead[key];
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
  return Object.create(gpu, { device: { value: claiming } });
}
