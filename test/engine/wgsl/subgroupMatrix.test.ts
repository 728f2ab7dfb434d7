import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { create } from 'webgpu';
import { Gpu } from '../../../src/engine/device/gpu.js';
import { MATRIX_FEATURE } from '../../../src/engine/wgsl/extensions.js';
import {
  matrixConfig,
  matrixObstacle,
  matrixSyntax,
  spellMatrices,
} from '../../../src/engine/wgsl/subgroupMatrix.js';
import { FORWARD_MATRIX } from '../../../src/shaders/conv/forward/matrix.js';

const ALL = ['shader-f16', 'subgroups', MATRIX_FEATURE];
const config = (M: number, N: number, K: number, componentType: string, resultComponentType: string) => ({
  M,
  N,
  K,
  componentType,
  resultComponentType,
});

/** As much of a Gpu as the choice looks at. */
function adapter(
  features: string[],
  subgroupMatrixConfigs: unknown[],
  lanes: [number, number] = [32, 32],
): Gpu {
  return {
    device: { features: new Set(features), adapterInfo: { subgroupMatrixConfigs } },
    info: { subgroupMinSize: lanes[0], subgroupMaxSize: lanes[1] },
  } as unknown as Gpu;
}

describe('the matrices of an adapter', () => {
  it('are of f16 with sums of f32 where there are any, 16x16x16 first', () => {
    const listed = [
      config(16, 8, 16, 'f16', 'f32'),
      config(16, 16, 32, 'u8', 'u32'),
      config(16, 16, 16, 'f16', 'f16'),
      config(16, 16, 16, 'f16', 'f32'),
    ];
    const chosen = { m: 16, n: 16, k: 16, halfSum: false, subgroup: 32 };
    expect(matrixConfig(adapter(ALL, listed))).toEqual(chosen);
    expect(matrixObstacle(adapter(ALL, listed))).toBeNull();
    expect(matrixConfig(adapter(ALL, listed.slice(1, 3)))).toEqual({ ...chosen, halfSum: true });
    expect(matrixConfig(adapter(ALL, listed.slice(0, 2)))).toEqual({ ...chosen, n: 8 });
  });

  it('are none where something is missing, and it is said what', () => {
    const one = [config(16, 16, 16, 'f16', 'f32')];
    const cases: [Gpu, RegExp][] = [
      [
        adapter(['subgroups'], one),
        /^the adapter lacks shader-f16 and chromium-experimental-subgroup-matrix$/,
      ],
      [adapter(ALL, one, [8, 32]), /8 to 32 lanes/],
      [adapter(ALL, []), /none of its matrix sizes/],
      [adapter(ALL, [config(8, 8, 8, 'f32', 'f32')]), /none of its matrix sizes/],
      [adapter(ALL, [config(8, 8, 8, 'f16', 'f32')]), /none of its matrix sizes/],
    ];
    for (const [gpu, why] of cases) {
      expect(matrixConfig(gpu)).toBeNull();
      expect(matrixObstacle(gpu)).toMatch(why);
    }
  });
});

describe('the spelling', () => {
  const source = [
    'alias Result = f32;',
    'let a = subgroupMatrixLoad<Left, row_major>(&xs, (rows + f(i, 2u)) * 40u, X_ROW);',
    'subgroupMatrixStore<row_major>(&scratch, own[k, 0], acc_1, MATRIX_N);',
  ];

  it('stays as it is, or moves the order of the elements in front of the stride', () => {
    expect(spellMatrices(source.join('\n'), 'templates')).toBe(source.join('\n'));
    expect(spellMatrices(source.join('\n'), 'arguments').split('\n')).toEqual([
      source[0],
      'let a = subgroupMatrixLoad<Left>(&xs, (rows + f(i, 2u)) * 40u, false, X_ROW);',
      'subgroupMatrixStore(&scratch, own[k, 0], acc_1, false, MATRIX_N);',
    ]);
  });

  it('changes the type of the sums where a kernel is specialised to f16', () => {
    const half = `const HALF_SUM: bool = true;\n${source[0]}`;
    expect(spellMatrices(half, 'templates')).toContain('alias Result = f16;');
    expect(spellMatrices(half.replace('true', 'false'), 'templates')).toContain('alias Result = f32;');
  });
});

/**
 * Dawn's null backend runs nothing, but has every feature, and compiles and validates like the others. Held, as Dawn
 * aborts the process when its GPU object is collected too early.
 */
const held = create(['enable-dawn-features=allow_unsafe_apis', 'backend=null']);

describe('the compiler', () => {
  let gpu: Gpu;
  beforeAll(async () => {
    gpu = await Gpu.open((await held.requestAdapter())!);
  });
  afterAll(() => gpu.dispose());
  const tiles = [
    { TILE_M: 64, TILE_N: 64, SUBGROUPS_M: 2, SUBGROUPS_N: 2 },
    { TILE_M: 64, TILE_N: 32, SUBGROUPS_M: 4, SUBGROUPS_N: 1 },
  ];

  it('takes the kernel, also with sums of f16 and with matrices that are no cubes', async () => {
    expect(gpu.info.features).toContain(MATRIX_FEATURE);
    for (const tile of tiles) {
      for (const sizes of [
        { MATRIX_M: 16, MATRIX_N: 16, MATRIX_K: 16, HALF_SUM: 0 },
        { MATRIX_M: 16, MATRIX_N: 8, MATRIX_K: 32, HALF_SUM: 1 },
      ]) {
        const { pipeline } = await gpu.compile(FORWARD_MATRIX.variants.subgroupMatrix, {
          ...tile,
          ...sizes,
          KERNEL: 3,
          EPILOGUE: 1,
        });
        expect(pipeline.label).toBe('conv.forward.subgroupMatrix');
      }
    }
  });

  it('tells which spelling it knows', async () => {
    const code = FORWARD_MATRIX.variants.subgroupMatrix.specialise({});
    expect(await matrixSyntax(gpu.device, code)).toBe(code);
    const strict = {
      pushErrorScope: () => {},
      popErrorScope: async () => ({ message: 'no matching call' }),
      createShaderModule: () => ({ getCompilationInfo: async () => ({ messages: [] }) }),
    } as unknown as GPUDevice;
    expect(await matrixSyntax(strict, code)).toBe(spellMatrices(code, 'arguments'));
    expect(await matrixSyntax(strict, 'fn main() {}')).toBe('fn main() {}');
  });

  it('refuses what is wrong, with the place', async () => {
    const { name } = FORWARD_MATRIX.variants.subgroupMatrix;
    await expect(
      gpu.compile(FORWARD_MATRIX.variants.subgroupMatrix, { TILE_M: 128, TILE_N: 128 }),
    ).rejects.toThrow(name);
  });
});
